# JavaScript and TypeScript applications, and the tools that look at their files. Packages are looked for in the folder
# above the application's last, so the installed ones are found there and no step has to put them into /work.
COPY node /opt/node
COPY tools /opt/tools
RUN ln -s /opt/node/bin/node /opt/node/bin/npm /opt/node/bin/npx /usr/local/bin/ \
    && ln -s /deps/node_modules /node_modules
