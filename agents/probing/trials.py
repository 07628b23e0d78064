"""What a model is tried with: small tasks in the pipeline's own formats, and what a reply must hold."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from pydantic import BaseModel, ConfigDict, Field

from agents import prompts
from agents.edits import apply_edits
from agents.errors import CutReply, ReplyError
from agents.probing.findings import Check
from agents.providers.base import Message, Reply
from agents.receipts import CHARACTERS_PER_TOKEN
from agents.replies import FileReply, parse_files
from agents.strict_json import read_model
from agents.types import SourceFile

README = """# Greeter

Start it:

```sh
python -m greeter
```

It prints `Hello`."""
PRICES = '''"""Prices of an order."""


def net(items):
    total = 0
    for item in items:
        total += item["price"] * item["count"]
    return total


def weight(items):
    total = 0
    for item in items:
        total += item["weight"] * item["count"]
    return total


def gross(items):
    return net(items) * 1.19
'''
TOKENS_PER_LINE = 4


class Described(BaseModel):
    """What the tasks for JSON ask for."""

    model_config = ConfigDict(extra="forbid", strict=True)

    name: str = Field(min_length=1)
    language: str = Field(min_length=1)
    inputs: list[str] = Field(min_length=1)
    server: bool


@dataclass(frozen=True)
class Trial:
    """One task. ``judge`` raises ReplyError for a reply that does not do; ``passed`` says what one that does shows.

    ``answer_tokens`` is about what a good answer takes, ``json_schema`` what the answer's format is asked to be.
    """

    check: Check
    judge: Callable[[str, str], None]
    passed: str
    answer_tokens: int
    data: Mapping[str, str] = field(default_factory=dict)
    facts: Mapping[str, object] = field(default_factory=dict)
    json_schema: Mapping[str, object] | None = None

    def messages(self, nonce: str) -> tuple[Message, Message]:
        """What is asked, with the nonce in its markers."""
        data = {**self.data, "nonce": nonce}
        system = prompts.render_one("probe/system", data, self.facts)
        return Message("system", system), Message("user", prompts.render_one(f"probe/{self.check}", data, self.facts))

    def prompt_tokens(self) -> int:
        """About how many tokens asking takes."""
        return sum(len(message.text) for message in self.messages("0" * 8)) // CHARACTERS_PER_TOKEN


def trials(output_tokens: int) -> tuple[Trial, ...]:
    """All tasks; the last one asks for an answer of about so many tokens."""
    last = max(20, output_tokens // TOKENS_PER_LINE)
    return (
        Trial(Check.JSON, _json, "A JSON object in a fence was read as it is.", 50),
        Trial(
            Check.SCHEMA,
            _schema,
            "The answer kept to a JSON schema that only the endpoint saw.",
            40,
            json_schema=Described.model_json_schema(),
        ),
        Trial(
            Check.FILES,
            _files,
            "Two files came back whole: an empty one, and one with a fence inside.",
            120,
            data={"content": README},
        ),
        Trial(
            Check.EDITS,
            _edits,
            "Two edits of a file fitted and did what was asked.",
            160,
            data={"file prices.py": PRICES},
            facts={"whole_files": False},
        ),
        Trial(
            Check.OUTPUT,
            lambda text, _nonce: _numbers(text, last),
            f"All {last} lines of a long answer came.",
            last * TOKENS_PER_LINE,
            facts={"last": last},
        ),
    )


def judge(trial: Trial, reply: Reply, nonce: str) -> None:
    """Raise ReplyError, or CutReply where the answer was cut, unless the reply does what was asked."""
    if reply.finish == "length":
        raise CutReply("The answer was cut.")
    trial.judge(reply.text, nonce)


def _json(text: str, _nonce: str) -> None:
    read_model(text, Described)


def _schema(text: str, _nonce: str) -> None:
    if not text.strip().startswith("{"):
        raise ReplyError("The answer is no bare JSON object, so the schema was not kept to.")
    read_model(text, Described)


def _files(text: str, nonce: str) -> None:
    files = {file.path: file for file in _whole(text, nonce).files}
    if set(files) != {"greeter/__init__.py", "README.md"}:
        raise ReplyError(f"Two files were asked for; these came: {', '.join(sorted(files)) or 'none'}.")
    if files["greeter/__init__.py"].content.strip():
        raise ReplyError("The empty file was not empty.")
    if files["README.md"].text.strip() != README:
        raise ReplyError("The file with a fence inside came back changed.")


def _edits(text: str, nonce: str) -> None:
    reply = _whole(text, nonce)
    if reply.files or set(reply.edits) != {"prices.py"}:
        raise ReplyError("The file came back whole, or was not changed, where edits were asked for.")
    (changed,) = apply_edits({"prices.py": SourceFile("prices.py", PRICES.encode())}, reply.edits)
    if not _as_asked(changed.text):
        raise ReplyError("The edits fitted, but did not do what was asked.")


def _whole(text: str, nonce: str) -> FileReply:
    reply = parse_files(text, nonce)
    if reply.unclosed:
        raise ReplyError(f"{reply.unclosed} has no end.")
    return reply


def _as_asked(source: str) -> bool:
    """Whether the two changes are there and the third function is as it was."""
    try:
        before, after = (_functions(text) for text in (PRICES, source))
    except (SyntaxError, ValueError):
        return False
    if set(after) != set(before) or ast.dump(after["net"]) != ast.dump(before["net"]):
        return False
    arguments = after["gross"].args
    named = [one.arg for one in (*arguments.args, *arguments.kwonlyargs)]
    return "rate" in named and bool(arguments.defaults or arguments.kw_defaults) and _begins(after["weight"]) == 0.5


def _functions(source: str) -> dict[str, ast.FunctionDef]:
    return {node.name: node for node in ast.parse(source).body if isinstance(node, ast.FunctionDef)}


def _begins(function: ast.FunctionDef) -> object:
    """The number that the function's sum begins with."""
    first = next((node for node in function.body if isinstance(node, ast.Assign)), None)
    return first.value.value if first is not None and isinstance(first.value, ast.Constant) else None


def _numbers(text: str, last: int) -> None:
    lines = [line.strip().rstrip(".,") for line in text.splitlines() if line.strip() and not line.startswith("```")]
    if lines != [str(number) for number in range(1, last + 1)]:
        raise ReplyError(f"{last} lines were asked for; the model left some out or added others.")
