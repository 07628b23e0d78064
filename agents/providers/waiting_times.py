"""When an endpoint wants the next request, as its headers say it."""

from __future__ import annotations

import math
import re
import time
from collections.abc import Mapping
from datetime import datetime
from email.utils import parsedate_to_datetime

DURATION = re.compile(r"(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m(?!s))?(?:(\d+(?:\.\d+)?)s)?(?:(\d+(?:\.\d+)?)ms)?")
UNITS = (86_400.0, 3_600.0, 60.0, 1.0, 0.001)
# Below, a number counts seconds from now; up to the second, seconds since 1970; above, milliseconds since 1970.
EPOCH_SECONDS, EPOCH_MILLISECONDS = 100_000_000, 100_000_000_000


def waiting_time(headers: Mapping[str, str], body: object = None) -> float | None:
    """Seconds to wait, None where nothing usable is said.

    OpenRouter repeats its headers in the body of the error ("metadata", "headers"), also inside of a stream.
    """
    said = {str(name).lower(): str(value).strip() for name, value in {**_repeated(body), **headers}.items()}
    milliseconds = _number(said.get("retry-after-ms", ""))
    if milliseconds is not None:
        return milliseconds / 1000
    for wait in (_seconds_or_date(said.get("retry-after", "")), reset_seconds(said.get("x-ratelimit-reset", ""))):
        if wait is not None:
            return wait
    # OpenAI names one reset for requests and one for tokens: that of the one that is used up counts.
    resets = [
        reset_seconds(said.get(f"x-ratelimit-reset-{what}", ""))
        for what in ("requests", "tokens")
        if said.get(f"x-ratelimit-remaining-{what}") == "0"
    ]
    return max((reset for reset in resets if reset is not None), default=None)


def _repeated(body: object) -> Mapping[str, object]:
    for step in ("error", "metadata", "headers"):
        inner = body.get(step) if isinstance(body, Mapping) else None
        body = inner if inner is not None or step != "error" else body
    return body if isinstance(body, Mapping) else {}


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) and value >= 0 else None


def _seconds_or_date(text: str) -> float | None:
    seconds = _number(text)
    if seconds is not None:
        return seconds
    try:
        return max(0.0, parsedate_to_datetime(text).timestamp() - time.time())
    except (ValueError, OverflowError):
        return None


def reset_seconds(text: str) -> float | None:
    """Seconds until a moment: a number of them, a span such as 6m0s, or the moment itself, since 1970 or as a date."""
    value = _number(text)
    if value is None:
        found = DURATION.fullmatch(text) if text else None
        if found is None:
            return _until_date(text)
        return sum(float(n) * unit for n, unit in zip(found.groups(), UNITS, strict=True) if n)
    if value < EPOCH_SECONDS:
        return value
    return max(0.0, (value if value < EPOCH_MILLISECONDS else value / 1000) - time.time())


def _until_date(text: str) -> float | None:
    """Anthropic writes 2026-01-31T12:00:00Z."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return None if moment.tzinfo is None else max(0.0, moment.timestamp() - time.time())
