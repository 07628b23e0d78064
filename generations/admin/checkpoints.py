"""Checkpoints and the files of their trees."""

from __future__ import annotations

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html_join
from django.utils.safestring import SafeString

from generations.admin.history import HistoryAdmin, pretty
from generations.artifacts import tree_of
from generations.deleting import delete_checkpoints
from generations.models import Checkpoint


@admin.register(Checkpoint)
class CheckpointAdmin(HistoryAdmin):
    """What each stage left and took."""

    list_display = (
        "run", "number", "stage", "status", "seconds", "cpu_seconds", "peak_memory_bytes", "tokens", "cost_usd",
        "confidence", "created_at",
    )  # fmt: skip
    list_filter = ("stage", "status")
    list_select_related = ("run__project",)
    search_fields = ("=run__id", "run__project__name", "error", "tree")
    date_hierarchy = "created_at"
    ordering = ("-created_at",)
    exclude = ("state",)
    readonly_fields = ("full_state", "files")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Checkpoint]:
        """Without the states: they are large, and shown one at a time."""
        return super().get_queryset(request).defer("state")

    def delete_model(self, _request: HttpRequest, obj: Checkpoint) -> None:
        """Delete one with the contents that only it holds."""
        delete_checkpoints(Checkpoint.objects.filter(pk=obj.pk))

    def delete_queryset(self, _request: HttpRequest, queryset: QuerySet[Checkpoint]) -> None:
        """Delete several with the contents that only they hold."""
        delete_checkpoints(queryset)

    @admin.display(description="State")
    def full_state(self, checkpoint: Checkpoint) -> SafeString:
        """Everything the stage handed on."""
        return pretty(checkpoint.state)

    @admin.display(description="Files")
    def files(self, checkpoint: Checkpoint) -> SafeString:
        """The tree with modes, sizes and content hashes."""
        rows = ((f.path, f"{f.mode:o}", f.blob.size, f.blob_id[:12]) for f in tree_of(checkpoint))
        return format_html_join("\n", "<div>{} ({}, {} bytes, {})</div>", rows)
