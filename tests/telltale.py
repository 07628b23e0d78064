"""An endpoint that tells every secret it knows, in every form, in all its answers; it writes an application."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from agents.providers.base import Request
from agents.types import Purpose
from tests.agents.engine import BROKEN, FILES, PLAN, REQUIREMENTS, Model, edit_block, fence
from tests.agents.providers.endpoint import Endpoint, Talk, chunk, event, words
from tests.canaries import FORMS
from tests.model_endpoint import TASKS, request_of

MORE_TASKS = {"Task: find the cause": Purpose.REPAIR, "Task: hold the application": Purpose.VALIDATION}
PIECE = 5
# What a program can make of a secret that it was told in a form that nobody recognises.
TELL = '''
import base64


def tell() -> str:
    """All that the program knows, in several forms."""
    told = []
    for backwards in BACKWARDS:
        secret = backwards[::-1]
        told += [secret, secret.upper(), secret.encode().hex(), base64.b64encode(secret.encode()).decode()]
        told.append(chr(27).join(("", "[31m")).join(secret))
    return chr(10).join(told)
'''


class Telltale(Endpoint):
    """Fails once with all secrets in status line, headers and body, is malformed once, and then writes the application.

    ``asked`` are the bodies of all requests.
    """

    def __init__(self, secrets: Mapping[str, str]) -> None:
        super().__init__()
        self.secrets, self.script, self.faults = secrets, self._tell, 0
        self.asked: list[str] = []
        self._model = Model({"adder.py": self._program(), "README.md": FILES["README.md"] + self.told()}, self._plan())
        self._model.then(Purpose.REPAIR, self._repair)

    def items(self, *without: str) -> list[str]:
        """Every secret in every form."""
        secrets = self.secrets.values()
        return [f"{name}: {FORMS[name](one)}" for name in FORMS if name not in without for one in secrets]

    def told(self, limit: int | None = None) -> str:
        """All of them as one text, or as many as fit into it whole."""
        text = ""
        for item in self.items():
            if limit is None or len(text) + len(item) < limit:
                text += f"{item}\n"
        return text

    def refuse(self, talk: Talk) -> None:
        """Answer with an error that holds everything."""
        headers = {f"X-Echo-{n}": secret for n, secret in enumerate(self.secrets.values())}
        talk.head(500, "application/json", **headers, WWW_Authenticate=talk.headers["authorization"])
        talk.send(json.dumps({"error": {"message": self.told(), "code": talk.headers["authorization"]}}))

    def _tell(self, talk: Talk) -> None:
        if not talk.body:
            models = [{"id": f"m-{form(secret)}"} for form in FORMS.values() for secret in self.secrets.values()]
            talk.head(200, "application/json")
            talk.send(json.dumps({"data": models}))
            return
        self.asked.append(json.dumps(talk.body, ensure_ascii=False))
        user = talk.body["messages"][1]["content"]
        purpose = next((one for task, one in (TASKS | MORE_TASKS).items() if task in user), None)
        self.faults += 1
        if self.faults == 1:
            self.refuse(talk)
        elif purpose is None or self.faults == 2:
            self._stream(talk, f"No format at all:\n{self.told()}")
        else:
            self._stream(talk, self._answer(request_of(purpose, talk.body, user)))

    def _answer(self, request: Request) -> str:
        if request.purpose is Purpose.REQUIREMENTS:
            items = self.items()
            first, second = REQUIREMENTS["criteria"]
            told = {
                "summary": f"Adds.\n{self.told(900)}",
                "features": ["add", *items[:30]],
                "assumptions": items,
                "criteria": [{**first, "text": f"1 and 2 give 3.\n{self.told(450)}"}, second],
            }
            return fence({**REQUIREMENTS, **told, "plan": self._plan()})
        if request.purpose is Purpose.VALIDATION:
            met = {"AC-1": True, "AC-2": True}
            return fence({"confidence": 0.9, "reason": self.told(3_000), "criteria_met": met})
        text = self._model(request)
        assert isinstance(text, str)
        return text

    def _stream(self, talk: Talk, text: str) -> None:
        talk.head(200, X_Echo=talk.headers["authorization"])
        pieces = [text[start : start + PIECE] for start in range(0, len(text), PIECE)]
        talk.send("".join(event(one) for one in words(*pieces)))
        usage = {"prompt_tokens": 100, "completion_tokens": 50, "total_tokens": 150}
        talk.send(event(chunk(choices=[], usage=usage)) + event("[DONE]"))

    def _program(self) -> str:
        backwards = [secret[::-1] for secret in self.secrets.values()]
        items = self.items("UTF-16", "cut by line breaks", "base64 over several lines")
        comment = "\n".join(f"# {item}" for item in items)
        broken = BROKEN.replace("    return sum", "    print(tell())\n    return sum").replace(
            "    print(add", "    print(tell(), file=sys.stderr)\n    print(add"
        )
        head, _, rest = broken.partition("import sys\n")
        return f"{head}import sys\n{TELL}\n\nBACKWARDS = {json.dumps(backwards)}\n{comment}\n{rest}"

    def _plan(self) -> dict[str, Any]:
        files = [{**file, "purpose": self.told(450), "interface": self.told(3_900)} for file in PLAN["files"]]
        return {**PLAN, "files": files}

    def _repair(self, request: Request) -> str:
        cause = {"cause": "code", "explanation": f"Left out.\n{self.told(3_000)}", "suggestions": [self.told(900)]}
        wrong, right = "    return sum(numbers[1:])", "    return sum(numbers)"
        return f"{fence(cause)}\n{edit_block(request, 'adder.py', wrong, right)}"
