"""Every model that somebody can ask, once each: for the page of models and for tests."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser

from agents.probing.findings import Finding
from agents.probing.probe import OUTPUT_CHOICES, about
from agents.providers.catalogue import ModelChoice
from generations.badges import LABELS, Badge, TestBook
from generations.errors import LaunchError
from generations.models import CatalogueModel, ModelProbe, OwnEndpoint
from generations.models.catalogue import Work
from generations.profiles import choice_of, custom_choice, own_choice
from generations.providers import ENDPOINTS, has_key

# Keys that nothing in the catalogue is asked with: the list of models shows whether they are taken.
KEYS_ALONE = ("openai",)


class Length(NamedTuple):
    """A longest answer, and about the tokens and US dollars of a whole test with it (None where no price is known)."""

    output_tokens: int
    tokens: int
    cost: float | None


@dataclass(frozen=True)
class Offer:
    """A model behind a provider as it is set down, for which work, and what its newest test says."""

    provider: str
    label: str
    choice: ModelChoice
    works: tuple[str, ...]
    badge: Badge
    probe: ModelProbe | None
    endpoint: OwnEndpoint | None = None

    @property
    def name(self) -> str:
        """The model's name, or what stands for it where only the key can be tested."""
        return self.choice.model or "The key alone"

    @property
    def slug(self) -> str:
        """A short name that is an id on a page."""
        return slug_of(self.provider, self.choice.model)

    @property
    def prices(self) -> str:
        """Its prices in words."""
        prompt, answer = self.choice.prompt_price, self.choice.completion_price
        if prompt is None or answer is None:
            return "price not known"
        return "free" if prompt == answer == 0 else f"${prompt:g} and ${answer:g} per million tokens"

    @property
    def lengths(self) -> list[Length]:
        """How long the longest answer of a test may be, and what a test takes then."""
        if not self.choice.model:
            return [Length(OUTPUT_CHOICES[0], 0, 0.0)]
        return [
            Length(tokens, prompt + answer, cost)
            for tokens in OUTPUT_CHOICES
            for prompt, answer, cost in [about(self.choice, tokens)]
        ]

    @property
    def checks(self) -> list[tuple[str, Finding]]:
        """What the newest test found so far, with what it is called."""
        return [] if self.probe is None else [(LABELS[finding.check], finding) for finding in self.probe.found()]


def slug_of(provider: str, model: str) -> str:
    """A short name for a model at a provider."""
    return hashlib.sha256(f"{provider}\0{model}".encode()).hexdigest()[:12]


def offers(owner: AbstractBaseUser | None) -> list[Offer]:
    """What the owner can ask, without owner what the site's own keys allow."""
    book = TestBook(owner)
    return [*_own(owner, book), *_of_environment(book), *_from_catalogue(owner, book), *_keys_alone(owner, book)]


def _from_catalogue(owner: AbstractBaseUser | None, book: TestBook) -> Iterator[Offer]:
    rows: dict[tuple[str, str], list[CatalogueModel]] = {}
    for row in CatalogueModel.objects.filter(enabled=True).order_by("provider", "model", "rank"):
        rows.setdefault((row.provider, row.model), []).append(row)
    usable = {name for name in ENDPOINTS if has_key(owner, name)}
    for (provider, _model), same in rows.items():
        if provider in usable:
            works = {Work(row.work).label for row in same}
            yield _offer(ENDPOINTS[provider].label, choice_of(same[0]), book, tuple(sorted(works)))


def _of_environment(book: TestBook) -> Iterator[Offer]:
    if settings.CUSTOM_BASE_URL and settings.CUSTOM_MODEL:
        yield _offer("Own endpoint of this installation", custom_choice(), book)


def _own(owner: AbstractBaseUser | None, book: TestBook) -> Iterator[Offer]:
    for row in OwnEndpoint.objects.usable_by(owner).answering().select_related("key"):
        yield _offer(row.name, own_choice(row), book, endpoint=row)


def _keys_alone(owner: AbstractBaseUser | None, book: TestBook) -> Iterator[Offer]:
    for name in KEYS_ALONE:
        if has_key(owner, name):
            yield _offer(ENDPOINTS[name].label, ModelChoice(name, ""), book)


def _offer(
    label: str,
    choice: ModelChoice,
    book: TestBook,
    works: tuple[str, ...] = (),
    endpoint: OwnEndpoint | None = None,
) -> Offer:
    provider, model = choice.provider, choice.model
    return Offer(provider, label, choice, works, book.badge(provider, model), book.newest(provider, model), endpoint)


def offer_of(owner: AbstractBaseUser | None, provider: str, model: str) -> Offer:
    """One of the owner's offers. Raises LaunchError when there is no such one."""
    for offer in offers(owner):
        if (offer.provider, offer.choice.model) == (provider, model):
            return offer
    raise LaunchError("This model cannot be asked any more; its key or its entry is gone.")
