"""What a call took, or may take: the provider's own counts, and our estimate where it gives none."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from agents.providers.base import Message, Reply, Usage
from agents.providers.catalogue import ModelChoice
from agents.receipts import CHARACTERS_PER_TOKEN

# Vision models count some hundred to two thousand tokens for a picture, most of them by its size.
PICTURE_TOKENS = 1_500


@dataclass(frozen=True, slots=True)
class Spent:
    """Tokens of the prompt and the answer, US dollars (None where a price is unknown), and whether we guessed."""

    prompt: int
    completion: int
    cost_usd: float | None
    estimated: bool

    @property
    def tokens(self) -> int:
        """Both together."""
        return self.prompt + self.completion


NOTHING = Spent(0, 0, 0.0, estimated=False)


def prompt_tokens(messages: Sequence[Message]) -> int:
    """About how many tokens the messages are, their pictures included."""
    pictures = sum(len(message.images) for message in messages)
    return sum(len(message.text) for message in messages) // CHARACTERS_PER_TOKEN + PICTURE_TOKENS * pictures


def spent_on(choice: ModelChoice, messages: Sequence[Message], reply: Reply, usage: Usage) -> Spent:
    """What a whole answer took; where it has no counts, what came of it is estimated, thoughts included."""
    prompt, completion = reply.prompt_tokens, reply.completion_tokens
    estimated = prompt is None or completion is None
    prompt = prompt_tokens(messages) if prompt is None else prompt
    if completion is None:
        completion = _completion(usage) if usage.characters else _tokens(len(reply.text))
    cost = reply.cost_usd if reply.cost_usd is not None else choice.cost(prompt, completion)
    return Spent(prompt, completion, cost, estimated)


def spent_in_vain(choice: ModelChoice, messages: Sequence[Message], usage: Usage) -> Spent:
    """What a call took that gave no answer: as the endpoint told, and our estimate of what it did not tell.

    Nothing where the endpoint refused, or was not reached.
    """
    told = usage.prompt_tokens is not None or usage.completion_tokens is not None
    if not (told or usage.characters or usage.accepted):
        return NOTHING
    prompt, completion = usage.prompt_tokens, _completion(usage)
    estimated = prompt is None or completion != usage.completion_tokens
    prompt = prompt_tokens(messages) if prompt is None else prompt
    cost = choice.cost(prompt, completion) if estimated or usage.cost_usd is None else usage.cost_usd
    return Spent(prompt, completion, cost, estimated)


def _completion(usage: Usage) -> int:
    """The counts of the answer so far, and an estimate of what came after them."""
    # Some write 0 for as long as they have not counted.
    if not usage.completion_tokens:
        return _tokens(usage.characters)
    return usage.completion_tokens + _tokens(usage.uncounted)


def _tokens(characters: int) -> int:
    return -(-characters // CHARACTERS_PER_TOKEN)
