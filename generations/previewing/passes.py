"""What lets a browser into a preview: an entry, good once and for a minute, and the pass that it is exchanged for."""

from __future__ import annotations

import hashlib
import secrets
from http.cookies import SimpleCookie

from django.conf import settings
from django.core import signing

from generations.models import Preview, PreviewStatus

ENTRY_SECONDS = 60
PASS_SECONDS = 15 * 60
COOKIE = "autocoder_preview"
ENTRY_SALT, PASS_SALT = "generations.preview.entry", "generations.preview.pass"
ENTER = "/.preview/enter"


def origin_of(host: str) -> str:
    """The origin of a preview: below the site's origin for previews, a name of its own."""
    scheme, _, rest = settings.PREVIEW_ORIGIN.partition("://")
    return f"{scheme}://{host}.{rest}"


def entry_address(preview: Preview) -> str:
    """Where to send its person's browser; '' when it does not run (any more). An earlier entry is void."""
    secret = secrets.token_urlsafe(24)
    running = Preview.objects.filter(pk=preview.pk, status=PreviewStatus.RUNNING)
    if not running.update(entry=_hash(secret)):
        return ""
    token = signing.dumps([preview.host, secret], salt=ENTRY_SALT)
    return f"{origin_of(preview.host)}{ENTER}?token={token}"


def enter(host: str, token: str) -> bool:
    """Whether an entry is good for this preview. It is not a second time."""
    try:
        whose, secret = signing.loads(token, salt=ENTRY_SALT, max_age=ENTRY_SECONDS)
    except (signing.BadSignature, ValueError, TypeError):
        return False
    if whose != host:
        return False
    rows = Preview.objects.filter(pk=host, entry=_hash(secret), status=PreviewStatus.RUNNING)
    return bool(rows.update(entry=""))


def make_pass(host: str) -> str:
    """The value of the Set-Cookie header that lets a browser in. Of this host alone; its scripts cannot read it."""
    cookie = SimpleCookie({COOKIE: signing.dumps(host, salt=PASS_SALT)})
    cookie[COOKIE].update({"path": "/", "max-age": PASS_SECONDS, "httponly": True, "samesite": "Lax"})
    cookie[COOKIE]["secure"] = settings.PREVIEW_ORIGIN.startswith("https:")
    return cookie[COOKIE].OutputString()


def is_pass(host: str, value: str) -> bool:
    """Whether this is an unexpired pass for this very preview."""
    try:
        return bool(signing.loads(value, salt=PASS_SALT, max_age=PASS_SECONDS) == host)
    except (signing.BadSignature, ValueError):
        return False


def _hash(secret: str) -> str:
    return hashlib.sha256(str(secret).encode()).hexdigest()
