"""Puts an answer together from what endpoints stream, each in its own way."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from agents.providers.base import Reply, Request, Usage
from agents.providers.provider_errors import fault, refusal
from agents.providers.rate_headers import RateLimits
from agents.providers.thoughts import Thoughts

Finish = Literal["stop", "length", "filter", "unknown"]
# OpenAI, OpenRouter, vLLM, Ollama, Anthropic, Gemini, Mistral, Zhipu and DeepSeek, in lower case.
FINISHES: dict[str, Finish] = {
    **dict.fromkeys(("stop", "end_turn", "stop_sequence", "eos", "eos_token", "complete", "completed"), "stop"),
    **dict.fromkeys(("length", "max_tokens", "max_output_tokens", "model_length"), "length"),
    **dict.fromkeys(
        ("content_filter", "content_filtered", "safety", "recitation", "prohibited_content", "blocklist", "sensitive",
         "refusal", "guardrail_intervened"),
        "filter",
    ),
}  # fmt: skip
BROKEN = frozenset(("error", "abort", "cancelled", "network_error", "insufficient_system_resource"))
MOST_TOKENS, MOST_DOLLARS = 1_000_000_000, 1_000_000
STREAM = (b":", b"data:", b"event:")
UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


@dataclass
class Gathered:
    """What came of one answer so far. ``grew``: the last chunk had anything in it."""

    name: str
    most_characters: int
    usage: Usage
    grew: bool = False
    size: int = 0
    finish: str = ""
    model: str = ""
    refused: bool = False
    called_tool: bool = False
    limits: RateLimits | None = None
    _parts: list[str] = field(default_factory=list)
    _thoughts: Thoughts = field(default_factory=Thoughts)

    @property
    def ended(self) -> bool:
        """Whether the model said that it is done; what follows is counts."""
        return bool(self.finish)

    def take(self, chunk: object) -> str:
        """Add one chunk and give what it adds to the answer. Raises ProviderError for an error inside of the stream."""
        self.grew = False
        if not isinstance(chunk, Mapping):
            raise fault("garbled", self.name)
        if chunk.get("object") == "error" or (chunk.get("error") and "choices" not in chunk):
            raise refusal(self.name, None, {}, chunk)
        self.model = _text(chunk.get("model")) or self.model
        counted = self._count(chunk.get("usage"))
        choices = chunk.get("choices")
        choice = choices[0] if isinstance(choices, list) and choices else None
        if not isinstance(choice, Mapping):
            return ""
        if choice.get("error") or chunk.get("error"):
            raise refusal(self.name, None, {}, choice if choice.get("error") else chunk)
        text = self._choice(choice)
        if counted:
            # What comes with its counts is among them.
            self.usage.uncounted = 0
        return text

    def take_whole(self, body: bytes) -> str:
        """The same for an answer that was not streamed although that was asked for."""
        if body.lstrip()[:1] == b"<":
            raise fault("web page", self.name)
        if not body.strip() or body.lstrip().startswith(STREAM):
            raise fault("empty", self.name)
        try:
            answer = json.loads(body)
        except (ValueError, RecursionError):
            raise fault("not an answer", self.name) from None
        if not isinstance(answer, Mapping) or not {"choices", "error", "object"} & set(answer):
            raise fault("not an answer", self.name)
        text = self.take(answer)
        self.finish = self.finish or "unknown"
        return text

    def rest(self) -> str:
        """What was held back in case it became a thought."""
        return self._add(self._thoughts.rest())

    def reply(self, request: Request, seconds: float) -> Reply:
        """The whole answer. Raises ProviderError where there is none."""
        self.rest()
        text, finish = "".join(self._parts), FINISHES.get(self.finish, "unknown")
        if self.finish in BROKEN:
            raise fault("broke", self.name)
        if not text.strip():
            row = self._why_empty(finish)
            raise fault(row, self.name, tokens=request.max_tokens)
        usage = self.usage
        # Counts that came before the last words are not those of the whole answer.
        whole = not usage.uncounted
        return Reply(
            text=_storable(text),
            finish=finish,
            model=self.model or request.model,
            prompt_tokens=usage.prompt_tokens,
            completion_tokens=usage.completion_tokens if whole else None,
            cost_usd=usage.cost_usd if whole else None,
            seconds=seconds,
            limits=self.limits,
        )

    def _why_empty(self, finish: Finish) -> str:
        rows = {
            "filtered": finish == "filter" or self.refused,
            "no room": finish == "length",
            "tool": self.called_tool,
            "only thought": self._thoughts.any,
        }
        return next((row for row, true in rows.items() if true), "empty")

    def _choice(self, choice: Mapping[object, object]) -> str:
        delta = choice.get("delta") or choice.get("message") or {}
        reason = choice.get("finish_reason")
        # DashScope's own protocol writes the word where others write null.
        if isinstance(reason, str) and reason and reason != "null":
            self.finish = reason.lower()[:50]
            self.grew = True
        if not isinstance(delta, Mapping):
            return ""
        if thought := delta.get("reasoning") or delta.get("reasoning_content"):
            self._thoughts.any = True
            self.grew = True
            self.usage.took(len(_text(thought)))
        if delta.get("tool_calls") or delta.get("function_call"):
            self.called_tool = True
            self.grew = True
        self.refused = self.refused or bool(delta.get("refusal"))
        said = _text(delta.get("content"))
        self.grew = self.grew or bool(said)
        self.usage.took(len(said))
        return self._add(self._thoughts.without(said))

    def _add(self, text: str) -> str:
        self.size += len(text)
        if self.size > self.most_characters:
            raise fault("endless", self.name)
        self._parts.append(text)
        return UNSTORABLE.sub("\ufffd", text)

    def _count(self, usage: object) -> bool:
        """Take the counts of the last chunk that has any: some send them with each chunk, growing."""
        if not isinstance(usage, Mapping):
            return False
        so_far = self.usage
        prompt, completion = _tokens(usage.get("prompt_tokens")), _tokens(usage.get("completion_tokens"))
        so_far.prompt_tokens = so_far.prompt_tokens if prompt is None else prompt
        so_far.completion_tokens = so_far.completion_tokens if completion is None else completion
        cost = _dollars(usage.get("cost"))
        details = usage.get("cost_details")
        if cost is not None and usage.get("is_byok") is True and isinstance(details, Mapping):
            # With a key of one's own at OpenRouter, "cost" is its fee alone.
            cost += _dollars(details.get("upstream_inference_cost")) or 0.0
        so_far.cost_usd = so_far.cost_usd if cost is None else cost
        if completion is None:
            return False
        so_far.uncounted = 0
        return True


def _text(content: object) -> str:
    """Text, or the text parts of a list, as Mistral streams answers with thoughts."""
    if isinstance(content, list):
        parts = [part for part in content if isinstance(part, Mapping) and part.get("type") in {"text", "output_text"}]
        return "".join(_text(part.get("text")) for part in parts)
    return content if isinstance(content, str) else ""


def _storable(text: str) -> str:
    """Text that a database takes: halves of a character that two chunks brought are joined, others replaced."""
    return UNSTORABLE.sub("\ufffd", text.encode("utf-16", "surrogatepass").decode("utf-16", "replace"))


def _tokens(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= MOST_TOKENS else None


def _dollars(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if math.isfinite(value) and 0 <= value <= MOST_DOLLARS else None
