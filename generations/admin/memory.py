"""What was learned."""

from __future__ import annotations

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from generations.admin.history import HistoryAdmin
from generations.deleting import delete_entries
from generations.models import MemoryEntry


@admin.register(MemoryEntry)
class MemoryEntryAdmin(HistoryAdmin):
    """Entries of everybody's memory; a bad one can be deleted and is then never recalled again."""

    list_display = ("title", "kind", "language", "owner", "run", "indexed_by", "created_at")
    list_filter = ("kind", "language", "indexed_by")
    list_select_related = ("owner", "run__project")
    search_fields = ("title", "text", "owner__username")
    date_hierarchy = "created_at"

    def delete_model(self, _request: HttpRequest, obj: MemoryEntry) -> None:
        """Delete one with its vector."""
        delete_entries(MemoryEntry.objects.filter(pk=obj.pk))

    def delete_queryset(self, _request: HttpRequest, queryset: QuerySet[MemoryEntry]) -> None:
        """Delete several with their vectors."""
        delete_entries(queryset)
