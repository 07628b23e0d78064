"""The ledger of model calls."""

from __future__ import annotations

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString

from generations.admin.history import HistoryAdmin, pretty
from generations.models import ModelCall


@admin.register(ModelCall)
class ModelCallAdmin(HistoryAdmin):
    """Every question to a model; secrets were masked before it was stored."""

    list_display = (
        "at", "run", "stage", "role", "purpose", "provider", "model", "outcome",
        "prompt_tokens", "completion_tokens", "cost_usd", "seconds",
    )  # fmt: skip
    list_filter = ("outcome", "role", "purpose", "provider")
    list_select_related = ("run__project",)
    search_fields = ("=run__id", "run__project__name", "model")
    date_hierarchy = "at"
    ordering = ("-at",)
    exclude = ("request", "reply")
    readonly_fields = ("full_request", "full_reply")

    def get_queryset(self, request: HttpRequest) -> QuerySet[ModelCall]:
        """Without the texts: they are large, and shown one at a time."""
        return super().get_queryset(request).defer("request", "reply")

    @admin.display(description="Request")
    def full_request(self, call: ModelCall) -> SafeString:
        """The messages that were sent."""
        return pretty(call.request)

    @admin.display(description="Reply")
    def full_reply(self, call: ModelCall) -> SafeString:
        """The text that came back."""
        return format_html("<pre>{}</pre>", call.reply)
