"""Files of a Go application that need no model: ignore files, Dockerfile, CI workflow."""

from __future__ import annotations

import json
import re
import shlex

from agents.languages.go_manifest import GO_VERSION
from agents.languages.javascript_templates import unplanned
from agents.plan import Plan, Requirements
from agents.types import SourceFile

IMAGE, LAST_IMAGE = f"golang:{GO_VERSION}", "debian:bookworm-slim"

GITIGNORE = """\
/bin/
*.test
*.out
.env
*.db
*.sqlite3
"""

DOCKERIGNORE = """\
.git
.github
bin
*.db
*.sqlite3
"""

WORKFLOW = """\
name: tests
on: [push, pull_request]
jobs:
  test:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
      - uses: actions/setup-go@v5
        with:
          go-version-file: go.mod
      - run: {install}
      - run: {test}
"""

DOCKERFILE = f"""\
FROM {IMAGE} AS build
WORKDIR /src
ENV CGO_ENABLED=0
COPY go.* ./
RUN go mod download
COPY . .
RUN go build -o /application {{package}}

FROM {LAST_IMAGE}
WORKDIR /app
COPY --from=build /src .
COPY --from=build /application /usr/local/bin/application
RUN useradd --create-home app && chown app /app
USER app
{{serve}}CMD {{command}}
"""

SERVE = """\
EXPOSE {port}
ENV HOST=0.0.0.0
HEALTHCHECK --interval=30s --timeout=3s CMD bash -c "</dev/tcp/127.0.0.1/{port}"
"""
_RUN = re.compile(r"go run (?P<package>\.[\w./-]*)(?P<rest>(?:\s[\w./=:@%+,-]+)*)$")


def templates(_requirements: Requirements, plan: Plan) -> tuple[SourceFile, ...]:
    """The files that the plan leaves out. The image holds what 'go run' of the start command would run."""
    commands = plan.commands
    found = _RUN.fullmatch(commands.start.strip())
    package, rest = (found["package"], found["rest"].split()) if found else (".", [])
    dockerfile = DOCKERFILE.format(
        package=shlex.quote(package),
        serve="" if commands.port is None else SERVE.format(port=commands.port),
        command=json.dumps(["application", *rest]),
    )
    workflow = WORKFLOW.format(install=json.dumps(commands.install or "go build ./..."), test=json.dumps(commands.test))
    return unplanned(
        plan,
        {
            ".gitignore": GITIGNORE,
            ".dockerignore": DOCKERIGNORE,
            ".github/workflows/ci.yml": workflow,
            "Dockerfile": dockerfile,
        },
    )
