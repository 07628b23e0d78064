"""Files of a JavaScript application that need no model: ignore files, Dockerfile, CI workflow."""

from __future__ import annotations

import json

from agents.plan import Plan, Requirements
from agents.types import SourceFile

IMAGE = "node:24-slim"

GITIGNORE = """\
node_modules/
coverage/
*.log
.env
*.db
*.sqlite3
"""

DOCKERIGNORE = """\
.git
.github
node_modules
coverage
test
tests
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
      - uses: actions/setup-node@v4
        with:
          node-version: 24
      - run: {install}
      - run: {test}
"""

DOCKERFILE = f"""\
FROM {IMAGE} AS build
WORKDIR /app
COPY package*.json ./
RUN npm install --ignore-scripts
COPY . .
RUN npm run build --if-present && npm prune --omit=dev --ignore-scripts

FROM {IMAGE}
WORKDIR /app
ENV NODE_ENV=production
COPY --from=build /app .
RUN chown node /app
USER node
{{serve}}CMD ["sh", "-c", {{start}}]
"""

SERVE = """\
EXPOSE {port}
ENV HOST=0.0.0.0
HEALTHCHECK --interval=30s --timeout=3s CMD node -e \
"require('net').connect({port}, '127.0.0.1').on('connect', () => process.exit(0)).on('error', () => process.exit(1))"
"""


def templates(_requirements: Requirements, plan: Plan) -> tuple[SourceFile, ...]:
    """The files that the plan leaves out."""
    commands = plan.commands
    serve = "" if commands.port is None else SERVE.format(port=commands.port)
    start = json.dumps(commands.start or commands.test)
    workflow = WORKFLOW.format(install=json.dumps(commands.install or "npm ci"), test=json.dumps(commands.test))
    return unplanned(
        plan,
        {
            ".gitignore": GITIGNORE,
            ".dockerignore": DOCKERIGNORE,
            ".github/workflows/ci.yml": workflow,
            "Dockerfile": DOCKERFILE.format(serve=serve, start=start),
        },
    )


def unplanned(plan: Plan, texts: dict[str, str]) -> tuple[SourceFile, ...]:
    """Those of the files that the plan does not name."""
    planned = {file.path for file in plan.files}
    return tuple(SourceFile(path, text.encode()) for path, text in texts.items() if path not in planned)
