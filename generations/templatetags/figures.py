"""Figures for people: an unknown one is 'unknown', never 0."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

from django import template

register = template.Library()
UNKNOWN = "unknown"
STATUS_COLOURS = {
    "succeeded": "success",
    "unverified": "warning",
    "failed": "danger",
    "stopped": "secondary",
    "running": "primary",
    "queued": "info",
    "waiting": "warning",
    "paused": "warning",
    "pending": "light",
    "damaged": "danger",
    "partial": "warning",
}
STATUS_SIGNS = {
    "succeeded": "✓",
    "unverified": "?",
    "failed": "✕",
    "stopped": "■",
    "running": "▶",
    "queued": "…",
    "waiting": "…",
    "paused": "❚❚",
    "pending": "○",
    "damaged": "✕",
    "partial": "◐",
    "reused": "↻",
    "removed": "∅",
}


@register.filter
def percent(value: float | None) -> str:
    """0.973 is '97 %'. Cut, not rounded: only what is whole is '100 %'."""
    return UNKNOWN if value is None else f"{int(value * 100 + 1e-9)} %"


@register.filter
def money(value: Decimal | float | None) -> str:
    """US dollars; fractions of a cent are shown."""
    if value is None:
        return UNKNOWN
    return f"${value:.2f}" if value == 0 or value >= 1 else f"${value:.4f}"


@register.filter
def duration(value: timedelta | float | None) -> str:
    """A span or seconds: '8.4 s', '2 min 05 s', '1 h 02 min'."""
    if value is None:
        return UNKNOWN
    seconds = value.total_seconds() if isinstance(value, timedelta) else float(value)
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02d} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60:02d} min"


@register.filter
def memory(value: int | None) -> str:
    """Bytes as MiB."""
    return UNKNOWN if value is None else f"{value / 1024**2:.0f} MiB"


@register.filter
def known(value: object) -> object:
    """The value, or 'unknown' for None."""
    return UNKNOWN if value is None else value


@register.filter
def colour(status: str) -> str:
    """The kit's name for a status' colour."""
    return STATUS_COLOURS.get(status, "secondary")


@register.filter
def sign(status: str) -> str:
    """A character for a status, for those who do not see colours."""
    return STATUS_SIGNS.get(status, "○")


@register.filter
def item(mapping: dict[str, object], key: str) -> object:
    """The value under a key, None if there is none."""
    return mapping.get(key)


@register.simple_tag
def sent_or(sent: dict[str, str], name: str, key: str, value: object) -> object:
    """What a form sent for a field, or the value where it was not sent; escaped like every value."""
    return sent.get(f"{name}{key}", value)
