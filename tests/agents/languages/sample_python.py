"""An adder in Python, as an engineer of that language would lay it out."""

from __future__ import annotations

from agents.plan import Commands
from tests.agents.languages.sample import PROBES, Sample

PYTHON = Sample(
    files={
        "requirements.txt": "pytest\n",
        "adder/__init__.py": "",
        "adder/sums.py": '"""Sums."""\n\n\ndef add(a: float, b: float) -> float:\n    """The sum of two numbers."""\n'
        '    if a != a or b != b:\n        raise ValueError("not a number")\n    return a + b\n',
        "adder/server.py": '''"""Adds numbers over HTTP."""

import json
import os
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.parse import parse_qs, urlsplit

from adder.sums import add


class Handler(BaseHTTPRequestHandler):
    """Answers GET /sum?a=1&b=2."""

    def do_GET(self) -> None:
        """Answer the sum, or 400 for what is no number."""
        query = parse_qs(urlsplit(self.path).query)
        try:
            status, answer = 200, {"sum": add(float(query["a"][0]), float(query["b"][0]))}
        except (KeyError, ValueError):
            status, answer = 400, {"error": "a and b must be numbers"}
        self.send_response(status)
        self.end_headers()
        self.wfile.write(json.dumps(answer).encode())


if __name__ == "__main__":
    HTTPServer(("127.0.0.1", int(os.environ.get("PORT", "8000"))), Handler).serve_forever()
''',
        "tests/test_sums.py": '''import pytest

from adder.sums import add


def test_sum() -> None:
    """AC-1"""
    assert add(1, 2) == 3


def test_zero() -> None:
    assert add(0, 0) == 0


@pytest.mark.skip(reason="to be counted")
def test_left_out() -> None:
    assert add(1, 1) == 3
''',
    },
    commands=Commands(
        install="pip install -r requirements.txt",
        start="python -m adder.server",
        test="python -m pytest",
        port=8000,
        probes=PROBES,
    ),
    broken={
        "adder/sums.py": '"""Sums."""\n\n\ndef add(a: float, b: float) -> float:\n'
        '    if a != a or b != b:\n        raise ValueError("not a number")\n    return a + b + 1\n'
    },
    careless={"adder/careless.py": "import os\ndef run( x ):\n    return eval(x) + missing\n"},
    undeclared={"adder/more.py": "import dateutil.parser\n"},
    package="python-dateutil",
)
