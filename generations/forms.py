"""The form for a new run; what is wrong stands beside its field."""

from __future__ import annotations

import uuid
from typing import Any

from django import forms
from django.contrib.auth.models import AbstractBaseUser

from agents import languages
from generations.again import Wishes
from generations.badges import TestBook
from generations.images import UploadedImage
from generations.model_choice import TestedModelField
from generations.models import Run
from generations.models.catalogue import Work
from generations.order import MAX_NAME, MAX_PROMPT_BYTES, RunOrder
from generations.profiles import default_profile, offered_models, profiles

EXAMPLES = (
    "Create a REST API for weather forecasts",
    "Create a simple CLI tool that processes CSV files",
    "A todo list REST API with title, due date and done flag, filter by done",
    "Bookmarks API with tags and full-text search",
)

NOT_BESIDE = ("prompt", "submission", "asks", "approves")


class SeveralFiles(forms.ClearableFileInput):
    """A file field that takes several files."""

    allow_multiple_selected = True


class SeveralFilesField(forms.FileField):
    """Takes several files; cleans to a list of them."""

    widget = SeveralFiles

    def clean(self, data: Any, initial: Any = None) -> list[Any]:
        """Each file as one is cleaned. Raises ValidationError."""
        given = data if isinstance(data, list | tuple) else [data]
        return [clean for one in given if one and (clean := super(SeveralFilesField, self).clean(one, initial))]


def language_choices() -> list[tuple[str, str]]:
    """Every language, and the choice to let the description decide."""
    known = [(key, toolchain.label) for key, toolchain in languages.TOOLCHAINS.items()]
    return [("", "Decide from the description"), *known]


class MoreForm(forms.Form):
    """What a run that paused at its limits may spend besides; without a figure as much again as was ordered."""

    add_usd = forms.DecimalField(
        required=False, min_value=0, decimal_places=2, error_messages={"invalid": "The amount to add is no number."}
    )
    add_tokens = forms.IntegerField(
        required=False, min_value=0, error_messages={"invalid": "The tokens to add are no number."}
    )


class NewRunForm(forms.Form):
    """An order for an application. ``launch`` has the last word on every field."""

    prompt = forms.CharField(
        label="What shall it be?",
        max_length=MAX_PROMPT_BYTES,
        widget=forms.Textarea(attrs={"rows": 4, "placeholder": EXAMPLES[0], "autofocus": True}),
        error_messages={"required": "Describe the application in a sentence."},
    )
    name = forms.CharField(label="Name", max_length=MAX_NAME, required=False, help_text="Left empty: found for you.")
    language = forms.ChoiceField(label="Language", choices=language_choices, required=False)
    profile = forms.ChoiceField(label="Provider")
    budget_usd = forms.DecimalField(
        label="Budget (US dollars)", required=False, min_value=0, decimal_places=2, help_text="Left empty: no limit."
    )
    max_tokens = forms.IntegerField(label="Token limit", required=False, min_value=1, help_text="Left empty: no limit.")
    images = SeveralFilesField(
        label="Images",
        required=False,
        widget=SeveralFiles(attrs={"accept": "image/png,image/jpeg,image/gif,image/webp"}),
        help_text="Sketches or screenshots, at most 5 MiB each. They may be dropped or pasted here.",
    )
    asks = forms.BooleanField(
        label="Ask me first", required=False, help_text="Questions come before anything is planned, if there are any."
    )
    approves = forms.BooleanField(
        label="Show me the plan first", required=False, help_text="Nothing is written before you approve the plan."
    )
    submission = forms.UUIDField(widget=forms.HiddenInput, initial=uuid.uuid4, required=False)

    def __init__(self, *args: Any, owner: AbstractBaseUser, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offered = offered_models(owner)
        if offered.exists():
            book = TestBook(owner)
            for work in Work:
                rows = offered.filter(sees_images=True) if work is Work.VISION else offered
                self.fields[f"model_{work}"] = TestedModelField(
                    rows, book=book, label=f"{work.label} model", required=False, empty_label="As the provider has it"
                )
        choice = self.fields["profile"]
        choice.choices = [(profile.key, profile.label) for profile in profiles(owner)]
        if self.initial.get("profile") not in {key for key, _label in choice.choices}:
            self.initial["profile"] = default_profile(owner)
        for name, field in self.fields.items():
            field.widget.attrs["class"] = _css_class(field)
            if self.is_bound and name in self.errors:
                field.widget.attrs["class"] += " is-invalid"
                field.widget.attrs["aria-describedby"] = f"error_{name}"

    @property
    def main_fields(self) -> list[forms.BoundField]:
        """The fields beside the description."""
        return [self[name] for name in self.fields if name not in NOT_BESIDE and not name.startswith("model_")]

    @property
    def model_fields(self) -> list[forms.BoundField]:
        """A choice for each kind of work; none where no key offers a choice."""
        return [self[name] for name in self.fields if name.startswith("model_")]

    @property
    def switches(self) -> list[forms.BoundField]:
        """What can be wished for beside the fields."""
        return [self["asks"], self["approves"]]

    def order(self) -> RunOrder:
        """What was asked for; only for a valid form."""
        given = self.cleaned_data
        return RunOrder(
            prompt=given["prompt"],
            name=given["name"],
            language=given["language"],
            profile=given["profile"],
            budget_usd=given["budget_usd"],
            max_tokens=given["max_tokens"],
            images=tuple(UploadedImage(file.name or "image", file.read()) for file in given["images"]),
            submission=given["submission"],
            extra={name: True for name in ("asks", "approves") if given[name]} | self._wishes(),
        )

    def _wishes(self) -> dict[str, dict[str, int]]:
        """The models that were chosen by hand, by kind of work."""
        chosen = {work.value: self.cleaned_data.get(f"model_{work}") for work in Work}
        wishes = {work: row.pk for work, row in chosen.items() if row is not None}
        return {"models": wishes} if wishes else {}


class AgainForm(NewRunForm):
    """What may be other when a run begins again: who answers, and what it may cost."""

    prompt = name = language = images = asks = approves = None
    budget_usd = forms.DecimalField(
        label="Budget (US dollars)", required=False, min_value=0, decimal_places=6, help_text="Left empty: no limit."
    )
    version = forms.IntegerField(widget=forms.HiddenInput, required=False, min_value=0)

    def __init__(self, *args: Any, run: Run, **kwargs: Any) -> None:
        before = {
            "profile": run.provider_profile,
            "budget_usd": run.settings.get("budget_usd"),
            "max_tokens": run.settings.get("max_tokens"),
            **{f"model_{work}": pk for work, pk in run.settings.get("models", {}).items()},
        }
        super().__init__(*args, owner=run.project.owner, initial={**before, **kwargs.pop("initial", {})}, **kwargs)
        self._before = Wishes.none(run)

    @property
    def main_fields(self) -> list[forms.BoundField]:
        """The provider and the limits."""
        return [self[name] for name in ("profile", "budget_usd", "max_tokens")]

    def wishes(self) -> Wishes:
        """What was chosen; for a form that was not sent, or not rightly, everything as before."""
        if not self.is_bound or not self.is_valid():
            return self._before
        given = self.cleaned_data
        return Wishes(
            given["profile"],
            given["budget_usd"],
            given["max_tokens"],
            dict(self._wishes().get("models", {})),
            given["submission"],
            given["version"],
        )


def _css_class(field: forms.Field) -> str:
    """The class that the page's kit has for this kind of field."""
    if isinstance(field, forms.BooleanField):
        return "form-check-input"
    return "form-select" if isinstance(field, forms.ChoiceField) else "form-control"
