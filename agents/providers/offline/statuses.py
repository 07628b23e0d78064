"""Takes HTTP status codes out of a description, and says where the written API answers another."""

from __future__ import annotations

import re

from agents.providers.offline.refusals import refusal

SENTENCES = re.compile(r"(?<=[^\d\s][.;!])\s+|(?<=\d\d\.)\s+|\n|;")
"""Where one sentence ends; the number of a list's item ends none."""
_CODES = (
    "200|201|202|204|206|301|302|303|304|307|308|400|401|403|404|405|409|410|412|413|415|418|422|429|500|501|502|503"
)
_CODE = re.compile(rf"(?<![\w.,-])(?:http\s*)?({_CODES})(?![\w-]|\.\d)", re.IGNORECASE)
_ABOUT = re.compile(
    r"\b(?:answer|return|respon|status|http|error|code|yield|give)\w*|->|=>|→|^\W*(?:\d{3}\W*)+$|\(\s*\d{3}\b|^\W*\d{3}\b",
    re.IGNORECASE,
)
_CLAUSE = re.compile(
    r"[,(]?\s*(?:\b(?:and|or|that|which|it|with|then)\s+)*(?:\b(?:must|should|shall|will)\s+)?(?:\b(?:answer|return|"
    r"respon|yield|give)\w*\b|\b(?:status|http|code|error)\w*(?:\s+(?:codes?|status|of|is|are|should|must|be))*\W*(?=\d{3})"
    r"|->|=>|→|\(\s*(?=\d{3})).*$",
    re.IGNORECASE | re.DOTALL,
)
_STATES = re.compile(r"\b(?:api|service|backend|page|site|with|has|have|fields?|stores?)\b", re.IGNORECASE)
_PROPER = re.compile(
    r"[,;]?\s*(?:\b(?:and|with|use|uses|using|return|returns|answer|answers|the)\s+)*"
    r"(?:\b(?:proper|correct|appropriate|right|meaningful|standard|suitable)\s+)+(?:http\s+)?"
    r"(?:status(?:\s+codes?)?|codes?|errors?)\b",
    re.IGNORECASE,
)
_ANSWERED = {"POST": "201", "DELETE": "204", "GET": "200", "PUT": "200", "PATCH": "200"}
_WHEN = (
    ("POST", r"creat|post\b|add|new"),
    ("DELETE", r"delet|remov"),
    ("PUT", r"updat|put\b|patch|chang"),
    ("GET", r"get\b|list|read|fetch"),
)


def take_statuses(text: str, method: str = "") -> tuple[str, list[str]]:
    """The text without clauses about status codes, and what the API does otherwise, as sentences.

    Raises NotUnderstood for a status that the API never answers.
    """
    left: list[str] = []
    notes: list[str] = []
    for sentence in SENTENCES.split(_PROPER.sub(" ", text)):
        if not (_CODE.search(sentence) and (method or _ABOUT.search(sentence))):
            left.append(sentence)
            continue
        notes += _notes(sentence, method)
        found = _CLAUSE.search(sentence)
        head = sentence[: found.start()] if found else ""
        left.append(head if method or _STATES.search(head) else "")
    return "\n".join(left), list(dict.fromkeys(notes))


def _notes(sentence: str, method: str) -> list[str]:
    notes, start = [], 0
    for found in _CODE.finditer(sentence):
        before = sentence[start : found.start()].lower()
        start = found.end()
        code = found.group(1)
        about = method or next((name for name, words in _WHEN if re.search(rf"\b(?:{words})", before)), "")
        if code == "400":
            notes.append("Invalid input answers 422, not 400.")
        elif code in ("401", "403"):
            raise refusal(f"The description asks for authentication ('{code}'), which it cannot write into an API.")
        elif code == "429":
            raise refusal("The description asks for rate limits ('429'), which it cannot write into an API.")
        elif code == "404" and about == "POST":
            notes.append("POST answers 422, not 404, for an unknown id in its body.")
        elif code in ("200", "201", "204") and about and _ANSWERED.get(about, code) != code:
            notes.append(f"{about} answers {_ANSWERED[about]}, not {code}.")
        elif code not in ("200", "201", "204", "404", "405", "409", "422", "500"):
            raise refusal(f"The description asks for the status {code}, which its API never answers.")
    return notes
