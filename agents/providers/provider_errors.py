"""What goes wrong with an endpoint: its class, whether trying again can help, and the sentence for the person.

The server's own words choose the row but are never repeated: they may hold the key, or anything else.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from agents.errors import ProviderError
from agents.providers.waiting_times import waiting_time

TELLING = frozenset(
    ("message", "code", "type", "param", "detail", "details", "msg", "error", "errors", "error_code", "reason", "raw",
     "metadata", "loc", "limit_source")
)  # fmt: skip
MOST_WORDS, DEEPEST = 8_000, 6
AFFORDABLE = re.compile(r"can only afford (\d[\d,]{0,12})")
LONG_WAIT = 60.0


@dataclass(frozen=True, slots=True)
class Fault:
    """One row of the table. ``{where}`` is the status in brackets, or nothing."""

    kind: str
    sentence: str
    retry: bool = False


FAULTS = {
    "key": Fault("auth", "{name} does not take the key{where}; set another one."),
    "bad key": Fault("auth", "The key for {name} holds characters that no key has; copy it again."),
    "forbidden": Fault("auth", "{name} does not allow this{where}; the key may not use this model."),
    "credit": Fault("payment", "{name} asks for payment{where}; its account has no credit left for this."),
    "afford": Fault("payment", "{name} asks for payment{where}; its credit is enough for {tokens} more tokens only."),
    "rate": Fault("rate", "{name} has had too many requests{where}.", retry=True),
    "busy": Fault("busy", "{name} is down or overloaded{where}.", retry=True),
    "broke": Fault("busy", "{name} broke off its answer with an error of its own{where}.", retry=True),
    "late": Fault("timeout", "{name} gave up on the request because it took too long{where}.", retry=True),
    "context": Fault("context", "The request is too long for this model at {name}{where}."),
    "ceiling": Fault("length", "This model at {name} does not write answers as long as it was asked for{where}."),
    "model": Fault(
        "model", "{name} does not know this model or address{where}; look at the model's name and the base URL."
    ),
    "filtered": Fault("filter", "{name} refused for what the text is about{where}; put it in other words."),
    "redirect": Fault("refused", "{name} points to another address{where}, which is not followed; set that one."),
    "refused": Fault("refused", "{name} did not take the request{where}."),
    "address": Fault("refused", "The base URL of {name} cannot be used: {reason}."),
    "no connection": Fault(
        "network", "{name} could not be reached; it may be down, or its address be wrong.", retry=True
    ),
    "no connection in time": Fault("network", "{name} could not be reached within {seconds:g} s.", retry=True),
    "no such host": Fault("network", "{name} could not be reached: its host name is not known."),
    "no names": Fault(
        "network", "{name} could not be reached: host names cannot be looked up at the moment.", retry=True
    ),
    "certificate": Fault("network", "{name} shows a certificate that is not valid here; nothing was sent to it."),
    "no tls": Fault("network", "{name} does not speak TLS properly at this address; http and https differ."),
    "cut": Fault("network", "The connection to {name} broke before its answer was whole.", retry=True),
    "never ended": Fault("timeout", "{name} did not finish its answer within {seconds:g} s."),
    "no first word": Fault("timeout", "{name} did not begin its answer within {seconds:g} s.", retry=True),
    "fell silent": Fault("timeout", "{name} fell silent for {seconds:g} s in the middle of its answer.", retry=True),
    "endless": Fault("protocol", "{name} sent more than an answer can be; the rest was not read."),
    "web page": Fault("protocol", "{name} answered with a web page; look at the base URL."),
    "not http": Fault("protocol", "{name} does not speak HTTP as it should; look at the base URL."),
    "not an answer": Fault("protocol", "What {name} sent is no chat completion; look at the base URL."),
    "not a list": Fault("protocol", "What {name} sent is no list of models; look at the base URL."),
    "garbled": Fault("protocol", "{name} sent an answer that cannot be read.", retry=True),
    "empty": Fault("protocol", "{name} gave an empty answer.", retry=True),
    "tool": Fault("protocol", "The model at {name} called a tool instead of giving an answer.", retry=True),
    "only thought": Fault("protocol", "The model at {name} thought, but gave an empty answer.", retry=True),
    "no room": Fault(
        "length", "The model at {name} used up its {tokens} tokens before it wrote anything; allow it more."
    ),
}


@dataclass(frozen=True, slots=True)
class Rule:
    """Leads from a status, or from words in the error's own fields, to a row of the table."""

    row: str
    words: str = ""
    statuses: Collection[int] = ()

    def fits(self, status: int | None, words: str) -> bool:
        """Whether the rule speaks of such an error."""
        return (status is not None and status in self.statuses) or bool(self.words and re.search(self.words, words))


# The first that fits counts: what an endpoint says is trusted more than its status, but for 401 and 402.
RULES = (
    Rule("key", statuses=(401,)),
    Rule("credit", statuses=(402,)),
    Rule("ceiling", r"supports at most \d+ completion tokens|range of max_(?:completion_)?tokens|max_tokens: \d+ >"),
    Rule(
        "context",
        r"context_length_exceeded|maximum context length|(?:prompt|input) is too long|range of input length"
        r"|context (?:length|window|size)|exceed_context|context the overflows|request too large|request_too_large",
        (413,),
    ),
    Rule("credit", r"free allocated quota|freetieronly|free tier of the model|spend_limit|spend limit"),
    Rule("rate", r"allocated quota exceeded|#token-limit|allocationquota"),
    Rule(
        "credit",
        r"insufficient_quota|current quota|billing_(?:error|not_active|hard_limit)|arrearage|credit balance"
        r"|good standing|insufficient (?:credit|balance|fund)|insufficient_(?:credit|balance)",
    ),
    Rule("filtered", r"data_?inspection|content_policy|content_filter|inappropriate content|was flagged|moderation"),
    Rule(
        "model",
        r"model_?not_?found|not a valid model|model\b.{0,120}\b(?:not found|not exist|does not exist)|try pulling"
        r"|no models? (?:is |are )?loaded|no endpoints found|model_not_supported|no such model",
        (404,),
    ),
    Rule("key", r"invalid_?api_?key|incorrect api key|api key not valid|authentication_error|invalid api key"),
    Rule("forbidden", r"permission_error|access_?denied", (403,)),
    Rule("rate", r"rate_limit|throttling|too many requests|rate limit", (429,)),
    Rule("late", statuses=(408, 504, 522, 524)),
    Rule("busy", r"overloaded|loading model|server_error|internal_?error|unavailable", (409, 425, *range(500, 600))),
    Rule("redirect", statuses=range(300, 400)),
    Rule("refused", r"invalid_request|invalidparameter|badrequest", range(400, 500)),
)


def fault(row: str, name: str, status: int | None = None, more: str = "", **facts: object) -> ProviderError:
    """The error of a row of the table; ``more`` is a further sentence."""
    found = FAULTS[row]
    sentence = found.sentence.format(name=name, where=f" ({status})" if status else "", **facts)
    return ProviderError(sentence + more, retry=found.retry, kind=found.kind)


def refusal(name: str, status: int | None, headers: Mapping[str, str], body: object) -> ProviderError:
    """What an error that the endpoint reports means, whether by its status or inside of a stream."""
    words = words_of(body)
    status = status if status is not None else _reported_status(body)
    row = next((rule.row for rule in RULES if rule.fits(status, words)), "broke")
    if row == "credit" and status == 402 and "retry-after" in headers:
        # OpenRouter, "Handling 402 errors": with this header it is a limit on what runs at once, without it is not.
        row = "rate"
    affordable = AFFORDABLE.search(words) if row == "credit" else None
    if affordable is not None:
        tokens = int(affordable[1].replace(",", ""))
        error = fault("afford", name, status, tokens=tokens)
        error.affordable_tokens = tokens
        return error
    wait = waiting_time(headers, body) if FAULTS[row].retry else None
    more = f" It takes the next one in about {_in_words(wait)}." if wait and wait > LONG_WAIT else ""
    error = fault(row, name, status, more)
    error.retry_after = wait
    return error


def words_of(body: object, depth: int = 0) -> str:
    """The telling fields of an error's body, in lower case; an echo of the request is not among them."""
    if isinstance(body, Mapping):
        parts = [words_of(value, depth + 1) for key, value in body.items() if key in TELLING] if depth < DEEPEST else []
    elif isinstance(body, list):
        parts = [words_of(value, depth + 1) for value in body[:20]] if depth < DEEPEST else []
    else:
        parts = [str(body)[:MOST_WORDS].lower()] if isinstance(body, str | int) else []
    return " ".join(parts)[:MOST_WORDS]


def _reported_status(body: object) -> int | None:
    """The status that an error inside of a stream names as its code."""
    inner = body.get("error", body) if isinstance(body, Mapping) else body
    for key in ("code", "status", "status_code"):
        value = inner.get(key) if isinstance(inner, Mapping) else None
        if isinstance(value, int | str) and re.fullmatch(r"[345]\d\d", str(value)):
            return int(value)
    return None


def _in_words(seconds: float) -> str:
    minutes = max(1, round(seconds / 60))
    return f"{minutes} min" if minutes < 120 else f"{round(minutes / 60)} h"
