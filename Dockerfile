# The site: one image for web, worker, reaper, previews and vector store; compose.yaml starts them.
ARG BASE=python:3.11-slim-bookworm
FROM ${BASE}

RUN useradd --create-home --uid 10000 autocoder \
    && mkdir --parents /var/lib/autocoder /srv/autocoder \
    && chown autocoder /var/lib/autocoder
WORKDIR /srv/autocoder

COPY requirements.txt requirements-embedding.txt requirements-postgres.txt ./
RUN python3 -m venv /opt/venv \
    && /opt/venv/bin/pip install --no-cache-dir -r requirements.txt -r requirements-postgres.txt \
    && /opt/venv/bin/pip install --no-cache-dir --no-deps -r requirements-embedding.txt

COPY . .
ENV PATH=/opt/venv/bin:$PATH PYTHONUNBUFFERED=1 AUTOCODER_VAR_DIR=/var/lib/autocoder
USER autocoder
VOLUME /var/lib/autocoder
EXPOSE 8000 8002
CMD ["daphne", "-b", "0.0.0.0", "-p", "8000", "--access-log", "/dev/null", "autocoder_site.asgi:application"]
