"""Earlier attempts of runs."""

from __future__ import annotations

from django.contrib import admin
from django.utils.safestring import SafeString

from generations.admin.history import HistoryAdmin, pretty
from generations.models import Attempt


@admin.register(Attempt)
class AttemptAdmin(HistoryAdmin):
    """How runs ended before they were set off again."""

    list_display = (
        "run", "number", "status", "quality", "tests_passed", "tests_failed", "tokens", "cost_usd", "next_after",
        "finished_at",
    )  # fmt: skip
    list_filter = ("status",)
    list_select_related = ("run__project",)
    search_fields = ("=run__id", "run__project__name", "reason")
    date_hierarchy = "finished_at"
    ordering = ("-finished_at",)
    exclude = ("verdict", "measures")
    readonly_fields = ("full_verdict", "all_measures")

    @admin.display(description="Verdict")
    def full_verdict(self, attempt: Attempt) -> SafeString:
        """What was judged."""
        return pretty(attempt.verdict)

    @admin.display(description="Measures")
    def all_measures(self, attempt: Attempt) -> SafeString:
        """Each measure with its value and what it rests on."""
        return pretty(attempt.measures)
