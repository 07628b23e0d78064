"""A small application in each language whose tests pass."""

from __future__ import annotations

from tests.agents.languages.sample_go import GO
from tests.agents.languages.sample_javascript import JAVASCRIPT
from tests.agents.languages.sample_python import PYTHON
from tests.agents.languages.sample_typescript import TYPESCRIPT

SAMPLES = {"python": PYTHON, "javascript": JAVASCRIPT, "typescript": TYPESCRIPT, "go": GO}
