"""Files of a Python application that need no model: ignore files, Dockerfile, CI workflow."""

from __future__ import annotations

import json

from agents.plan import Plan, Requirements
from agents.types import SourceFile

GITIGNORE = """\
__pycache__/
*.py[cod]
.venv/
.env
.pytest_cache/
.coverage
*.db
*.sqlite3
"""

DOCKERIGNORE = """\
.git
.venv
__pycache__
*.db
*.sqlite3
tests
"""

WORKFLOW = """\
name: tests
on: [push, pull_request]
jobs:
  test:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
      - uses: actions/setup-python@v5
        with:
          python-version: "3.11"
      - run: pip install -r requirements.txt
      - run: {test}
"""

DOCKERFILE = """\
FROM python:3.11-slim
WORKDIR /app
ENV PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1
COPY requirements.txt .
RUN pip install --no-cache-dir -r requirements.txt
COPY . .
RUN useradd --create-home app && chown app /app
USER app
{serve}CMD ["sh", "-c", {start}]
"""

SERVE = """\
EXPOSE {port}
ENV HOST=0.0.0.0
HEALTHCHECK --interval=30s --timeout=3s CMD python -c \
"import socket; socket.create_connection(('127.0.0.1', {port}), 2)"
"""


def templates(_requirements: Requirements, plan: Plan) -> tuple[SourceFile, ...]:
    """The files that the plan leaves out."""
    commands = plan.commands
    serve = "" if commands.port is None else SERVE.format(port=commands.port)
    start = json.dumps(commands.start or commands.test)
    texts = {
        ".gitignore": GITIGNORE,
        ".dockerignore": DOCKERIGNORE,
        ".github/workflows/ci.yml": WORKFLOW.format(test=json.dumps(commands.test)),
        "Dockerfile": DOCKERFILE.format(serve=serve, start=start),
    }
    planned = {file.path for file in plan.files}
    return tuple(SourceFile(path, text.encode()) for path, text in texts.items() if path not in planned)
