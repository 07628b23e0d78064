"""The catalogue: which model answers for which work, what it takes and what it costs."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from django.utils.safestring import SafeString

from generations.admin.endpoints import shown
from generations.badges import TestBook
from generations.models import CatalogueModel
from generations.providers import ENDPOINTS


class CatalogueForm(forms.ModelForm):
    """Offers the endpoints that are known here."""

    provider = forms.ChoiceField(choices=[(one.name, one.label) for one in ENDPOINTS.values() if one.name != "custom"])

    class Meta:
        model = CatalogueModel
        fields = "__all__"  # noqa: DJ007 - every column is the administrator's

    def clean(self) -> dict[str, Any]:
        """An answer fits into the context, and a model for images sees them."""
        cleaned = super().clean() or self.cleaned_data
        context, answer = cleaned.get("context_tokens"), cleaned.get("max_output_tokens")
        if context and answer and answer >= context:
            self.add_error("max_output_tokens", "An answer is shorter than the context that it is part of.")
        if cleaned.get("work") == "vision" and not cleaned.get("sees_images"):
            self.add_error("sees_images", "A model for vision must be able to see images.")
        return cleaned


@admin.register(CatalogueModel)
class CatalogueAdmin(admin.ModelAdmin):
    """Models by mode and work; rank, prices and use are changed in the list."""

    form = CatalogueForm
    list_display = (
        "model", "short_mode", "work", "rank", "provider", "context_tokens", "max_output_tokens", "prompt_price",
        "completion_price", "last_round", "enabled",
    )  # fmt: skip
    list_editable = ("rank", "prompt_price", "completion_price", "enabled")
    list_filter = ("mode", "work", "provider", "enabled")
    search_fields = ("model", "provider")

    class Media:
        css = {"all": ["css/admin.css"]}

    @admin.display(description="Mode", ordering="mode")
    def short_mode(self, row: CatalogueModel) -> str:
        """The word for the mode; its label is long."""
        return row.mode

    def get_list_display(self, request: HttpRequest) -> tuple[Any, ...]:
        """The columns, with what the newest test of the site found; that is read once for all rows."""
        book = TestBook(None)

        @admin.display(description="Tested")
        def tested(row: CatalogueModel) -> SafeString:
            return shown(book.badge(row.provider, row.model))

        first, *rest = self.list_display
        return (first, tested, *rest)
