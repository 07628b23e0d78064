# The sandbox for Python applications. BASE is the public slim image, or one made from Debian packages.
ARG BASE
FROM ${BASE}
COPY uv /usr/local/bin/uv
COPY measure.py /opt/autocoder/measure.py
RUN chmod 755 /usr/local/bin/uv \
    && (command -v python >/dev/null || ln -s "$(command -v python3)" /usr/local/bin/python) \
    && echo "app:x:10001:10001:app:/tmp:/bin/sh" >> /etc/passwd \
    && echo "app:x:10001:" >> /etc/group \
    && mkdir -p /work /deps \
    && find / -xdev -perm /6000 -type f -exec chmod a-s {} +
