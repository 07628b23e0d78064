"""System checks: what would make an installation unsafe or unusable is said at the start."""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterable
from decimal import Decimal, InvalidOperation
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register
from django.db import connections

from generations.encryption import is_fernet_key
from generations.models.catalogue import Mode

MIN_SECRET = 50
MAX_DAYS = 36_500


@register(Tags.security)
def check_secrets(**_kwargs: Any) -> Iterable[CheckMessage]:
    """The keys are there, well-formed and long enough."""
    if not settings.ENCRYPTION_KEYS:
        yield Error(
            "ENCRYPTION_KEYS is empty; provider keys cannot be stored.",
            hint="'make install' writes one; or: python -c 'from cryptography.fernet import Fernet as F; "
            "print(F.generate_key().decode())'",
            id="autocoder.E001",
        )
    for number, key in enumerate(settings.ENCRYPTION_KEYS, start=1):
        if not is_fernet_key(key):
            yield Error(
                f"Entry {number} of ENCRYPTION_KEYS is no Fernet key.",
                hint="A Fernet key is 32 bytes in URL-safe base64.",
                id="autocoder.E002",
            )
    if len(settings.SECRET_KEY) < MIN_SECRET or len(set(settings.SECRET_KEY)) < 10:
        yield Error(
            f"SECRET_KEY is guessable; it needs {MIN_SECRET} random characters.",
            hint="'make install' writes a good one into a new .env.",
            id="autocoder.E003",
        )


@register(Tags.security)
def check_hosts(**_kwargs: Any) -> Iterable[CheckMessage]:
    """No wildcard opens the site or its sockets to other names."""
    if "*" in settings.ALLOWED_HOSTS:
        yield Error(
            "ALLOWED_HOSTS holds '*'; any host name would be believed.",
            hint="Name the hosts that people use in their browsers.",
            id="autocoder.E004",
        )
    if any("*" in origin or not origin.startswith(("http://", "https://")) for origin in settings.SITE_ORIGINS):
        yield Error(
            "SITE_ORIGINS must be exact origins such as https://autocoder.example.org.",
            hint="Sockets are opened from these origins only.",
            id="autocoder.E005",
        )


@register(Tags.security)
def check_previews(**_kwargs: Any) -> Iterable[CheckMessage]:
    """Opened applications have an address, apart from the dashboard's."""
    if not re.fullmatch(r"https?://[a-z0-9-]+(\.[a-z0-9-]+)*(:[0-9]{1,5})?", settings.PREVIEW_ORIGIN):
        yield Error(
            f"PREVIEW_ORIGIN is {settings.PREVIEW_ORIGIN!r}, which is no origin.",
            hint="Give one such as https://preview.example.org, without a path.",
            id="autocoder.E018",
        )
    elif _family(settings.PREVIEW_ORIGIN) in {_family(origin) for origin in settings.SITE_ORIGINS}:
        yield Warning(
            "PREVIEW_ORIGIN and SITE_ORIGINS are names below one domain: pages of opened applications could set "
            "cookies that a browser sends to the dashboard.",
            hint="Let previews have a domain that is registered apart.",
            id="autocoder.W018",
        )


def _family(origin: str) -> str:
    """The last two parts of a host name; of one name, the name."""
    return ".".join((urlsplit(origin).hostname or "").split(".")[-2:])


@register()
def check_models(**_kwargs: Any) -> Iterable[CheckMessage]:
    """The default provider profile can be used."""
    known = ("offline", *Mode.values, "custom")
    if settings.MODEL_PROVIDER not in ("", *known) and not settings.SCRIPTED_PROVIDER:
        yield Error(
            f"MODEL_PROVIDER is {settings.MODEL_PROVIDER!r}; known are {', '.join(known)}.", id="autocoder.E006"
        )
    if settings.MODEL_PROVIDER == "custom" and not (settings.CUSTOM_BASE_URL and settings.CUSTOM_MODEL):
        yield Error(
            "MODEL_PROVIDER is custom, but CUSTOM_BASE_URL or CUSTOM_MODEL is not set.",
            hint="Set both in .env, or MODEL_PROVIDER=offline.",
            id="autocoder.E007",
        )


@register()
def check_allowance(**_kwargs: Any) -> Iterable[CheckMessage]:
    """The site's allowance a day is an amount."""
    try:
        allowed = not settings.USER_USD_PER_DAY or Decimal(settings.USER_USD_PER_DAY) >= 0
    except InvalidOperation:
        allowed = False
    if not allowed or settings.USER_TOKENS_PER_DAY < 0:
        yield Error(
            "USER_USD_PER_DAY or USER_TOKENS_PER_DAY is no amount.",
            hint="Give numbers such as 2.50 and 500000, or leave them out for no limit.",
            id="autocoder.E012",
        )


@register()
def check_retention(**_kwargs: Any) -> Iterable[CheckMessage]:
    """How long things are kept are numbers of days."""
    for name in ("KEEP_LOGS_DAYS", "KEEP_CALLS_DAYS", "KEEP_ATTEMPTS_DAYS"):
        if not 0 <= getattr(settings, name) <= MAX_DAYS:
            yield Error(
                f"{name} is {getattr(settings, name)}, which is no number of days.",
                hint="Give days such as 90, or 0 for ever.",
                id="autocoder.E015",
            )


@register()
def check_watchdog(**_kwargs: Any) -> Iterable[CheckMessage]:
    """A queue that works is never taken for one that hangs."""
    if settings.CANARY_SECONDS <= 0 or settings.CANARY_STALE_SECONDS < 3 * settings.CANARY_SECONDS:
        yield Error(
            f"CANARY_STALE_SECONDS is {settings.CANARY_STALE_SECONDS:g}, CANARY_SECONDS {settings.CANARY_SECONDS:g}; "
            "workers that are well would be replaced.",
            hint="Leave room for three canaries, as 90 and 15 do.",
            id="autocoder.E019",
        )
    if settings.DRAIN_SECONDS < 0:
        yield Error("DRAIN_SECONDS is below 0.", hint="0 breaks runs off at once.", id="autocoder.E020")


@register()
def check_folder(**_kwargs: Any) -> Iterable[CheckMessage]:
    """The folder for the database and the caches can be written to."""
    if not os.access(settings.VAR_DIR, os.W_OK | os.X_OK):
        yield Error(
            f"The folder {settings.VAR_DIR} cannot be written to.",
            hint="Give this user the right to, or set AUTOCODER_VAR_DIR to another folder.",
            id="autocoder.E008",
        )


@register(Tags.database)
def check_database(*, databases: Collection[str] | None = None, **_kwargs: Any) -> Iterable[CheckMessage]:
    """The database can hold any text. Looked at where a command names the database, as 'migrate' does."""
    for alias in databases or ():
        if connections[alias].vendor != "postgresql":
            continue
        with connections[alias].cursor() as cursor:
            cursor.execute("SHOW server_encoding")
            encoding = cursor.fetchone()[0]
        if encoding != "UTF8":
            yield Error(
                f"The database's encoding is {encoding}, which cannot hold every text.",
                hint="Make another one: CREATE DATABASE autocoder ENCODING 'UTF8' TEMPLATE template0;",
                id="autocoder.E009",
            )
