"""What the form offers as a provider, and the catalogue of models behind each choice."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser
from django.db import models
from django.utils.module_loading import import_string

from agents.errors import AgentError
from agents.probing.findings import Abilities, suited
from agents.providers.base import Provider
from agents.providers.catalogue import Catalogue, ModelChoice, one_model
from generations.badges import TestBook
from generations.endpoints import is_own, usable_endpoint
from generations.models import OwnEndpoint
from generations.models.catalogue import WORK_OF_ROLE, CatalogueModel, Mode, Work
from generations.providers import ENDPOINTS, client_for, has_key

# Where nobody says how much an endpoint's model takes.
CONTEXT_TOKENS, OUTPUT_TOKENS = 32_000, 8_000
# The scripted one is named by a setting.
BUILT_IN = {"offline": "agents.providers.offline.provider.OfflineProvider", "scripted": ""}
NOTHING_KNOWN = Abilities()


class Profile(NamedTuple):
    """A choice of models as the form offers it."""

    key: str
    label: str
    uses_ai: bool


def profiles(owner: AbstractBaseUser | None = None) -> list[Profile]:
    """The profiles that can be used with the present settings and keys; ``owner`` may have keys of their own."""
    known = [Profile("offline", "Offline (no AI, built-in blueprints)", uses_ai=False)]
    if has_key(owner, "openrouter"):
        known += [Profile(mode, Mode(mode).label, uses_ai=True) for mode in (Mode.TESTING, Mode.OPENROUTER)]
    if has_key(owner, "qwen"):
        known.append(Profile(Mode.INDIVIDUAL, Mode.INDIVIDUAL.label, uses_ai=True))
    if settings.CUSTOM_BASE_URL and settings.CUSTOM_MODEL:
        known.append(Profile("custom", f"{settings.CUSTOM_MODEL} (own endpoint)", uses_ai=True))
    endpoints = OwnEndpoint.objects.usable_by(owner).answering()
    known += [Profile(row.provider, f"{row.model} ({row.name})", uses_ai=True) for row in endpoints]
    if settings.SCRIPTED_PROVIDER:
        uses_ai = import_string(settings.SCRIPTED_PROVIDER).uses_ai
        known.append(Profile("scripted", "Scripted (for tests)", uses_ai=uses_ai))
    return known


def profile_uses_ai(key: str, owner: AbstractBaseUser | None = None) -> bool:
    """Whether a profile asks a model; False for one that is not set up any more."""
    return any(profile.uses_ai for profile in profiles(owner) if profile.key == key)


def default_profile(owner: AbstractBaseUser | None = None) -> str:
    """The profile that the form proposes: the one that is set, else by USE_TESTING_MODE and USE_OPENROUTER."""
    wished = settings.MODEL_PROVIDER
    if not wished and settings.USE_TESTING_MODE:
        wished = Mode.TESTING
    if not wished and settings.USE_OPENROUTER:
        wished = Mode.OPENROUTER
    return str(wished) if wished in {profile.key for profile in profiles(owner)} else "offline"


def models_for(
    key: str, owner: AbstractBaseUser, wishes: Mapping[str, int] | None = None
) -> tuple[dict[str, Provider], Catalogue]:
    """The clients and the catalogue of a profile. ``wishes`` puts one catalogue entry first for a kind of work.

    Raises AgentError for a profile that is not set up here any more, or has no model for some work.
    """
    if key in BUILT_IN and _is_known(key, owner):
        provider: Provider = import_string(BUILT_IN[key] or settings.SCRIPTED_PROVIDER)()
        return {provider.name: provider}, _free(provider.name, key)
    catalogue = catalogue_for(key, owner, wishes)
    choices = [choice for same in catalogue.choices.values() for choice in same]
    choices += [catalogue.strongest] if catalogue.strongest else []
    return {name: client_for(owner, name) for name in {choice.provider for choice in choices}}, catalogue


def catalogue_for(key: str, owner: AbstractBaseUser, wishes: Mapping[str, int] | None = None) -> Catalogue:
    """The catalogue of a profile without clients for it, for questions about models and prices. Raises AgentError."""
    if is_own(key):
        row = usable_endpoint(owner, key)
        return one_model(own_choice(row, TestBook(owner).abilities(key, row.model)))
    if not _is_known(key, owner):
        raise AgentError(f"The provider '{key}' is not set up here any more. Start a new run with another one.")
    if key in BUILT_IN:
        return _free(key, key)
    if key in Mode.values:
        return _from_catalogue(key, owner, wishes or {})
    return one_model(TestBook(owner).suited(custom_choice()))


def _free(provider: str, key: str) -> Catalogue:
    model = "blueprints" if key == "offline" else key
    return one_model(ModelChoice(provider, model, prompt_price=0.0, completion_price=0.0))


def _is_known(key: str, owner: AbstractBaseUser) -> bool:
    return key in {profile.key for profile in profiles(owner)}


def _from_catalogue(mode: str, owner: AbstractBaseUser, wishes: Mapping[str, int]) -> Catalogue:
    book = TestBook(owner)
    rows = [row for row in CatalogueModel.objects.usable(mode) if has_key(owner, row.provider)]
    by_work = {work: _wished(work, [row for row in rows if row.work == work], wishes) for work in Work.values}
    for work in (Work.ORCHESTRATOR, Work.CODER):
        if not by_work[work]:
            raise AgentError(f"The catalogue has no usable model for the {work} in '{mode}'; add one, or a key.")
    # Reasoning can be done by whoever plans; seeing cannot.
    by_work[Work.REASONING] = by_work[Work.REASONING] or by_work[Work.ORCHESTRATOR]
    suiting = {work: tuple(book.suited(choice_of(row)) for row in same) for work, same in by_work.items()}
    choices = {role: suiting[work] for role, work in WORK_OF_ROLE.items() if suiting[work]}
    strongest = next((book.suited(choice_of(row)) for row in rows if row.last_round), None)
    return Catalogue(choices, strongest)


def _wished(work: str, rows: list[CatalogueModel], wishes: Mapping[str, int]) -> list[CatalogueModel]:
    """The models for some work, the wished one first; it may come from another kind of work or mode."""
    row = CatalogueModel.objects.filter(pk=wishes.get(work), enabled=True).first()
    return (
        rows if row is None else [row, *(one for one in rows if (one.provider, one.model) != (row.provider, row.model))]
    )


def offered_models(owner: AbstractBaseUser) -> models.QuerySet[CatalogueModel]:
    """The catalogue's models that the owner's keys can ask, for choosing one by hand."""
    names = {row["provider"] for row in CatalogueModel.objects.values("provider").distinct().order_by()}
    usable = [name for name in names if name in ENDPOINTS and has_key(owner, name)]
    return CatalogueModel.objects.filter(enabled=True, provider__in=usable).order_by("mode", "work", "rank")


def choice_of(row: CatalogueModel) -> ModelChoice:
    """A catalogue entry as the engine knows it."""
    return ModelChoice(
        provider=row.provider,
        model=row.model,
        context_tokens=row.context_tokens,
        max_output_tokens=row.max_output_tokens,
        prompt_price=None if row.prompt_price is None else float(row.prompt_price),
        completion_price=None if row.completion_price is None else float(row.completion_price),
        json_schema=row.json_schema,
        whole_files=row.whole_files,
    )


def own_choice(row: OwnEndpoint, known: Abilities = NOTHING_KNOWN) -> ModelChoice:
    """The model of an endpoint that somebody entered, or that was found here, as it is best asked."""
    context = row.context_tokens or known.context_tokens or CONTEXT_TOKENS
    choice = ModelChoice(
        row.provider,
        row.model,
        context_tokens=context,
        max_output_tokens=row.max_output_tokens or min(OUTPUT_TOKENS, context // 2),
        prompt_price=None if row.prompt_price is None else float(row.prompt_price),
        completion_price=None if row.completion_price is None else float(row.completion_price),
    )
    return suited(choice, known)


def custom_choice() -> ModelChoice:
    """The model of the endpoint that the environment names."""
    return ModelChoice(
        "custom",
        settings.CUSTOM_MODEL,
        context_tokens=settings.CUSTOM_CONTEXT_TOKENS,
        max_output_tokens=settings.CUSTOM_MAX_OUTPUT_TOKENS,
        json_schema=settings.CUSTOM_JSON_SCHEMA,
        whole_files=settings.CUSTOM_WHOLE_FILES,
    )
