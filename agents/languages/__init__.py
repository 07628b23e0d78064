"""Every language by its key."""

from __future__ import annotations

from agents.languages.base import Toolchain
from agents.languages.go import TOOLCHAIN as GO
from agents.languages.javascript import TOOLCHAIN as JAVASCRIPT
from agents.languages.python import TOOLCHAIN as PYTHON
from agents.languages.typescript import TOOLCHAIN as TYPESCRIPT

TOOLCHAINS: dict[str, Toolchain] = {toolchain.key: toolchain for toolchain in (PYTHON, JAVASCRIPT, TYPESCRIPT, GO)}
