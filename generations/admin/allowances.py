"""What people may spend a day, and what they spent."""

from __future__ import annotations

from django.contrib import admin
from django.http import HttpRequest

from generations.models import Allowance, DaySpending


@admin.register(Allowance)
class AllowanceAdmin(admin.ModelAdmin):
    """Limits of single people, changed in the list."""

    list_display = ("owner", "tokens_per_day", "usd_per_day")
    list_editable = ("tokens_per_day", "usd_per_day")
    search_fields = ("owner__username",)
    list_select_related = ("owner",)


@admin.register(DaySpending)
class DaySpendingAdmin(admin.ModelAdmin):
    """What was spent, by day and person; nothing to change."""

    list_display = ("day", "owner", "tokens", "cost_usd")
    list_filter = ("day",)
    search_fields = ("owner__username",)
    list_select_related = ("owner",)
    readonly_fields = ("day", "owner", "tokens", "cost_usd")

    def has_add_permission(self, _request: HttpRequest) -> bool:
        """They come by themselves."""
        return False
