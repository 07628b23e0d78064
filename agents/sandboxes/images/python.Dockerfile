# Python applications: uv installs their packages.
COPY uv /usr/local/bin/uv
RUN chmod 755 /usr/local/bin/uv \
    && (command -v python >/dev/null || ln -s "$(command -v python3)" /usr/local/bin/python)
