"""What people may spend a day, and what they spent."""

from __future__ import annotations

from django.contrib import admin
from django.forms import ModelForm
from django.http import HttpRequest

from generations.allowances import let_go_on
from generations.models import Allowance, DaySpending


@admin.register(Allowance)
class AllowanceAdmin(admin.ModelAdmin):
    """Limits of single people, changed in the list."""

    list_display = ("owner", "tokens_per_day", "usd_per_day")
    list_editable = ("tokens_per_day", "usd_per_day")
    search_fields = ("owner__username",)
    list_select_related = ("owner",)

    def save_model(self, request: HttpRequest, obj: Allowance, form: ModelForm[Allowance], change: bool) -> None:  # noqa: FBT001 - Django's
        """What waits for the next day looks at once whether it may go on."""
        super().save_model(request, obj, form, change)
        let_go_on(obj.owner)


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
