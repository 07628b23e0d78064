"""What a call took, or may take: the provider's own counts, and our estimate where it gives none."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from agents.providers.base import Message, Reply
from agents.providers.catalogue import ModelChoice
from agents.receipts import CHARACTERS_PER_TOKEN


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
    """About how many tokens the messages are."""
    return sum(len(message.text) for message in messages) // CHARACTERS_PER_TOKEN


def spent_on(choice: ModelChoice, messages: Sequence[Message], reply: Reply) -> Spent:
    """What a whole answer took."""
    prompt, completion = reply.prompt_tokens, reply.completion_tokens
    estimated = prompt is None or completion is None
    prompt = prompt_tokens(messages) if prompt is None else prompt
    completion = len(reply.text) // CHARACTERS_PER_TOKEN if completion is None else completion
    cost = reply.cost_usd if reply.cost_usd is not None else choice.cost(prompt, completion)
    return Spent(prompt, completion, cost, estimated)


def spent_in_vain(choice: ModelChoice, messages: Sequence[Message], received: int) -> Spent:
    """What an answer took that broke off after so many characters: before the first one, nothing is billed."""
    if not received:
        return NOTHING
    prompt, completion = prompt_tokens(messages), -(-received // CHARACTERS_PER_TOKEN)
    return Spent(prompt, completion, choice.cost(prompt, completion), estimated=True)
