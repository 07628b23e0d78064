"""What keys may be asked, and what is known of them."""

from __future__ import annotations

from django.contrib import admin
from django.http import HttpRequest

from generations.models import CallLimit, KeyState


@admin.register(CallLimit)
class CallLimitAdmin(admin.ModelAdmin):
    """The limits by provider, changed in the list."""

    list_display = (
        "__str__", "requests_per_minute", "tokens_per_minute", "requests_per_day", "calls_at_once",
    )  # fmt: skip
    list_editable = ("requests_per_minute", "tokens_per_minute", "requests_per_day", "calls_at_once")
    list_filter = ("provider",)


@admin.register(KeyState)
class KeyStateAdmin(admin.ModelAdmin):
    """Keys and models that had troubles. Deleting one lets it be asked again at once."""

    list_display = ("__str__", "kind", "strikes", "blocked_until")
    list_filter = ("provider", "kind")
    readonly_fields = ("provider", "model", "kind", "strikes", "blocked_until")
    exclude = ("account",)

    def has_add_permission(self, _request: HttpRequest) -> bool:
        """They come by themselves."""
        return False
