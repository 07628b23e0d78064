"""What a person asks for, checked at the edge."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal

from django.contrib.auth.models import AbstractBaseUser

from agents import languages
from generations.errors import LaunchError
from generations.images import UploadedImage, check_images
from generations.keys import remember_keys
from generations.masking import mask_known
from generations.models import Origin, Project, Run
from generations.profiles import default_profile, profiles
from generations.text import clean_text, is_blank

MAX_PROMPT_BYTES = 100_000
MAX_NAME = 80
MAX_BUDGET_USD = Decimal(1000)
MAX_TOKENS = 50_000_000


@dataclass(frozen=True, kw_only=True)
class RunOrder:
    """One order for an application.

    '' lets the run decide (name, language) or takes the default (profile); None sets no limit.
    The same ``submission`` sent twice is one run. Without ``project`` a new one is made.
    """

    prompt: str
    name: str = ""
    language: str = ""
    profile: str = ""
    budget_usd: Decimal | None = None
    max_tokens: int | None = None
    images: tuple[UploadedImage, ...] = ()
    submission: uuid.UUID | None = None
    project: Project | None = None
    parent: Run | None = None
    origin: str = Origin.ORDER
    extra: Mapping[str, object] = field(default_factory=dict)
    """Further settings of the run: what a follow-up changes and from which checkpoint it starts."""


def checked(order: RunOrder, owner: AbstractBaseUser) -> RunOrder:
    """The order with clean texts and its profile named; raises LaunchError naming the field that is wrong.

    A stored key that was pasted into a text is masked there: texts are shown, kept and sent to models.
    """
    remember_keys(owner)
    prompt = mask_known(_checked_prompt(order.prompt))
    name = mask_known(" ".join(clean_text(order.name[: 10 * MAX_NAME]).split()))
    if len(name) > MAX_NAME:
        raise LaunchError(f"The name has more than {MAX_NAME} characters; shorten it.", "name")
    if order.language and order.language not in languages.TOOLCHAINS:
        raise LaunchError(f"Choose one of these languages: {', '.join(sorted(languages.TOOLCHAINS))}.", "language")
    profile = order.profile or default_profile(owner)
    if profile not in {known.key for known in profiles(owner)}:
        offered = ", ".join(known.key for known in profiles(owner))
        raise LaunchError(f"Choose one of these providers: {offered}.", "profile")
    _check_limits(order)
    check_images(order.images)
    return replace(order, prompt=prompt, name=name, profile=profile)


def order_like(run: Run, prompt: str, origin: str) -> RunOrder:
    """The order of a run once more in its project, with another prompt; its child is of the given origin."""
    budget = run.settings.get("budget_usd")
    return RunOrder(
        prompt=prompt,
        name=run.settings.get("name", ""),
        language=run.settings.get("language", ""),
        profile=run.provider_profile,
        budget_usd=None if budget is None else Decimal(budget),
        max_tokens=run.settings.get("max_tokens"),
        images=tuple(UploadedImage(row.name, row.blob.content()) for row in run.images.select_related("blob")),
        project=run.project,
        parent=run,
        origin=origin,
        extra={"models": run.settings["models"]} if "models" in run.settings else {},
    )


def with_extra(order: RunOrder, extra: Mapping[str, object]) -> RunOrder:
    """The order with further settings."""
    return replace(order, extra={**order.extra, **extra})


def _checked_prompt(text: str) -> str:
    too_long = f"The description is longer than {MAX_PROMPT_BYTES // 1000} kB; shorten it."
    if len(text) > MAX_PROMPT_BYTES:
        raise LaunchError(too_long, "prompt")
    prompt = clean_text(text)
    if is_blank(prompt):
        raise LaunchError("Describe the application in a sentence.", "prompt")
    if len(prompt.encode()) > MAX_PROMPT_BYTES:
        raise LaunchError(too_long, "prompt")
    return prompt


def _check_limits(order: RunOrder) -> None:
    budget = order.budget_usd
    if budget is not None and not (budget.is_finite() and 0 < budget <= MAX_BUDGET_USD):
        raise LaunchError(f"The budget must be more than 0 and at most {MAX_BUDGET_USD} US dollars.", "budget_usd")
    if order.max_tokens is not None and not 0 < order.max_tokens <= MAX_TOKENS:
        raise LaunchError(f"The token limit must be from 1 to {MAX_TOKENS}.", "max_tokens")
