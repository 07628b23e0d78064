# Go applications: the compiler, and the standard library as it compiled it.
COPY go /opt/go
COPY gocache /opt/gocache
RUN ln -s /opt/go/bin/go /opt/go/bin/gofmt /usr/local/bin/
