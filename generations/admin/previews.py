"""Applications that people opened or tried."""

from __future__ import annotations

from django.contrib import admin
from django.http import HttpRequest

from generations.admin.history import HistoryAdmin
from generations.models import Preview, TryOut
from generations.models.preview import HeldQuerySet

STOPPED = "An administrator stopped it."


@admin.action(description="Stop the selected")
def stop(_modeladmin: admin.ModelAdmin, _request: HttpRequest, rows: HeldQuerySet) -> None:
    """End what runs; the preview process removes its sandbox at its next look."""
    rows.end(STOPPED)


class HeldAdmin(HistoryAdmin):
    """What previews and tries share."""

    list_display = ("run", "user", "status", "created_at", "started_at", "ended_at", "reason")
    list_filter = ("status",)
    list_select_related = ("run__project", "user")
    search_fields = ("=run__id", "run__project__name", "user__username", "reason")
    date_hierarchy = "created_at"
    actions = (stop,)


@admin.register(Preview)
class PreviewAdmin(HeldAdmin):
    """Opened applications. What lets a browser in is not shown."""

    exclude = ("entry",)


@admin.register(TryOut)
class TryOutAdmin(HeldAdmin):
    """Tried commands, without the files that went in and came out."""

    exclude = ("upload", "written")
