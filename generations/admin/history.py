"""What happened is shown, searched and deleted, but never edited."""

from __future__ import annotations

import json

from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString


class HistoryAdmin(admin.ModelAdmin):
    """Rows that only the engine writes: all fields are read-only, none can be added."""

    show_full_result_count = False
    list_per_page = 50

    def has_add_permission(self, _request: HttpRequest) -> bool:
        """Nobody adds history by hand."""
        return False

    def has_change_permission(self, _request: HttpRequest, _obj: Model | None = None) -> bool:
        """Nobody changes it."""
        return False


def pretty(value: object) -> SafeString:
    """A JSON value as escaped, indented text."""
    return format_html("<pre>{}</pre>", json.dumps(value, indent=2, ensure_ascii=False))
