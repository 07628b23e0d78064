"""Runs, their events and their quality."""

from __future__ import annotations

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString

from generations.admin.history import HistoryAdmin, pretty
from generations.deleting import delete_run
from generations.models import QualityReport, Run, RunEvent
from generations.text import title_from


@admin.register(Run)
class RunAdmin(HistoryAdmin):
    """Runs, newest first."""

    list_display = (
        "__str__", "short_prompt", "owner", "status", "language", "provider_profile", "sandbox",
        "quality", "tests_passed", "tests_failed", "tokens", "cost_usd", "attempts", "created_at",
    )  # fmt: skip
    list_filter = ("status", "provider_profile", "language", "sandbox", "uses_ai")
    list_select_related = ("project__owner",)
    search_fields = ("id", "prompt", "project__name", "project__owner__username", "reason")
    date_hierarchy = "created_at"

    def delete_model(self, _request: HttpRequest, obj: Run) -> None:
        """Delete one with everything that it left."""
        delete_run(obj)

    def delete_queryset(self, _request: HttpRequest, queryset: QuerySet[Run]) -> None:
        """Delete several, one after the other."""
        for run in queryset:
            delete_run(run)

    @admin.display(description="Description")
    def short_prompt(self, run: Run) -> str:
        """The first words of the description."""
        return title_from(run.prompt)

    @admin.display(description="Owner", ordering="project__owner__username")
    def owner(self, run: Run) -> str:
        """Whose run it is."""
        return run.project.owner.get_username()


@admin.register(RunEvent)
class RunEventAdmin(HistoryAdmin):
    """The log of all runs, newest first."""

    list_display = ("at", "run", "seq", "kind", "stage", "level", "text")
    list_filter = ("kind", "level", "stage")
    list_select_related = ("run__project",)
    search_fields = ("=run__id",)
    search_help_text = "The id of a run"
    ordering = ("-id",)
    fields = ("run", "seq", "kind", "stage", "level", "at", "content")
    readonly_fields = ("content",)

    @admin.display(description="Content")
    def content(self, event: RunEvent) -> SafeString:
        """All fields of the event."""
        return pretty(event.payload)

    @admin.display(description="Text")
    def text(self, event: RunEvent) -> str:
        """The first words of the event's main field."""
        names = ("text", "error", "reason", "path", "command")
        return title_from(str(next((event.payload[name] for name in names if event.payload.get(name)), "")), 100)


@admin.register(QualityReport)
class QualityReportAdmin(HistoryAdmin):
    """Quality of the applications."""

    list_display = ("run", "overall", "created_at")
    list_select_related = ("run__project",)
    search_fields = ("=run__id", "run__project__name")
    date_hierarchy = "created_at"
    fields = ("run", "overall", "created_at", "all_measures")
    readonly_fields = ("all_measures",)

    @admin.display(description="Measures")
    def all_measures(self, report: QualityReport) -> SafeString:
        """Each measure with its value and what it rests on."""
        return pretty(report.measures)
