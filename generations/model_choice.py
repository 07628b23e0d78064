"""Choosing a model by hand: each model once, with what its test found; and the models behind a profile."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from django import forms
from django.contrib.auth.models import AbstractBaseUser
from django.forms.models import ModelChoiceIterator

from agents.errors import AgentError
from agents.types import Role
from generations.badges import NOT_TESTED, Badge, TestBook
from generations.models import CatalogueModel
from generations.models.catalogue import WORK_OF_ROLE, Work
from generations.profiles import catalogue_for, profile_uses_ai
from generations.providers import ENDPOINTS


class _OncePerModel(ModelChoiceIterator):
    """The rows of the catalogue without those that name the same model again for other work."""

    def __iter__(self) -> Iterator[Any]:
        seen = set()
        for value, label in super().__iter__():
            row = getattr(value, "instance", None)
            name = None if row is None else (row.provider, row.model)
            if name not in seen:
                seen.add(name)
                yield value, label


class TestedModelField(forms.ModelChoiceField):
    """Offers models of the catalogue, each with its badge in words."""

    __test__ = False
    iterator = _OncePerModel

    def __init__(self, queryset: Any, *, book: TestBook, **more: Any) -> None:
        super().__init__(queryset, **more)
        self._book = book

    def label_from_instance(self, obj: CatalogueModel) -> str:
        """The model, where it is asked, and what its test found."""
        place = ENDPOINTS[obj.provider].label if obj.provider in ENDPOINTS else obj.provider
        badge = self._book.badge(obj.provider, obj.model)
        return f"{obj.model} · {place}" + ("" if badge is NOT_TESTED else f" · {badge.text}")


class ChosenModel(NamedTuple):
    """The model that some work goes to first."""

    works: str
    model: str
    badge: Badge


def chosen_models(owner: AbstractBaseUser, profile: str) -> list[ChosenModel]:
    """The models that a profile asks first, each once; none where it asks no model or cannot be used now."""
    if not profile_uses_ai(profile, owner):
        return []
    try:
        catalogue = catalogue_for(profile, owner)
    except AgentError:
        return []
    works: dict[tuple[str, str], list[str]] = {}
    for role in (Role.ORCHESTRATOR, Role.CODER, Role.DEBUGGER, Role.VISION):
        for choice in catalogue.choices.get(role, ())[:1]:
            works.setdefault((choice.provider, choice.model), []).append(str(Work(WORK_OF_ROLE[role]).label))
    book = TestBook(owner)
    every = len(works) == 1
    return [
        ChosenModel("All work" if every else ", ".join(named), model, book.badge(provider, model))
        for (provider, model), named in works.items()
    ]
