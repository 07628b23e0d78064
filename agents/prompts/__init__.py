"""One Markdown template a request. Text of users and of earlier replies is always marked as data.

The system message is the same in all requests of a run, and the user messages begin with what stays the same, so that
providers can serve the start of a prompt from their cache.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from agents.types import Purpose

_TEMPLATES = Environment(
    loader=FileSystemLoader(Path(__file__).parent),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    keep_trailing_newline=False,
    autoescape=False,  # noqa: S701 - the result is a prompt, not a page
)


def render(purpose: Purpose, data: Mapping[str, str], facts: Mapping[str, object]) -> tuple[str, str]:
    """The system and the user message for one request.

    ``data`` are named blocks, shown between markers that hold the run's nonce; ``facts`` are our own words about
    the language and the format.
    """
    return render_one("system", data, facts), render_one(purpose.value, data, facts)


def render_one(template: str, data: Mapping[str, str], facts: Mapping[str, object]) -> str:
    """One template by its path without ``.md``."""
    nonce = data["nonce"]

    def shown(name: str, text: str) -> str:
        return f"<<<DATA {nonce} {name}>>>\n{text}\n<<<END DATA {nonce} {name}>>>"

    def block(name: str) -> str:
        return shown(name, data[name])

    files = [shown(f"file {path}", text) for path, text in json.loads(data.get("files", "{}")).items()]
    values = {**facts, "block": block, "shown": shown, "files": files, "data": data, "nonce": nonce}
    return _TEMPLATES.get_template(f"{template}.md").render(values)
