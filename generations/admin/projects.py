"""Projects."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import Count, QuerySet
from django.http import HttpRequest

from generations.deleting import delete_project
from generations.models import Project


@admin.register(Project)
class ProjectAdmin(admin.ModelAdmin):
    """Projects with their owners; name and description can be corrected."""

    list_display = ("name", "owner", "run_count", "created_at")
    list_select_related = ("owner",)
    search_fields = ("name", "slug", "description", "owner__username")
    date_hierarchy = "created_at"
    raw_id_fields = ("owner", "current")
    readonly_fields = ("id", "created_at")
    show_full_result_count = False
    list_per_page = 50

    def get_queryset(self, request: HttpRequest) -> QuerySet[Project]:
        """The projects with the number of their runs."""
        return super().get_queryset(request).annotate(run_total=Count("runs"))

    def delete_model(self, _request: HttpRequest, obj: Project) -> None:
        """Delete one with everything that its runs left."""
        delete_project(obj)

    def delete_queryset(self, _request: HttpRequest, queryset: QuerySet[Project]) -> None:
        """Delete several, one after the other."""
        for project in queryset:
            delete_project(project)

    @admin.display(description="Runs", ordering="run_total")
    def run_count(self, project: Any) -> int:
        """How many runs the project has."""
        return int(project.run_total)
