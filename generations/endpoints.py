"""Endpoints that people enter: where they may be, how they are kept, and a client for each."""

from __future__ import annotations

from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.utils.module_loading import import_string

from agents.errors import AgentError
from generations.keys import set_key
from generations.models import AllowedHost, OwnEndpoint, ProviderKey
from generations.models.endpoint import PREFIX

MOST_ENDPOINTS = 20


def allowed_hosts() -> frozenset[str]:
    """Hosts, or host:port, that endpoints may name although they are not public: the administrator's list."""
    rows = AllowedHost.objects.values_list("host", flat=True)
    return frozenset(host.strip().lower() for host in (*settings.ALLOWED_ENDPOINT_HOSTS, *rows) if host.strip())


def check_address(base_url: str) -> None:
    """Raise ProviderError, whose sentence says why, unless a base URL may be called. Names are looked up."""
    import_string("agents.providers.addresses.check_base_url")(base_url, allowed_hosts())


def store_endpoint(row: OwnEndpoint, secret: str) -> OwnEndpoint:
    """Save an endpoint whose address was checked; an empty secret keeps the stored key."""
    with transaction.atomic():
        row.save()
        if secret:
            key = set_key(row.owner, row.provider, secret)
            ProviderKey.objects.filter(pk=key.pk).update(endpoint=row)
    return row


def usable_endpoint(owner: AbstractBaseUser | None, name: str) -> OwnEndpoint:
    """The endpoint behind a provider's name that the owner may ask. Raises AgentError."""
    rows = OwnEndpoint.objects.usable_by(owner)
    row = next((row for row in rows if row.provider == name), None)
    if row is None:
        raise AgentError("This endpoint is not there any more, or does not answer. Choose another provider.")
    return row


def is_own(name: str) -> bool:
    """Whether a provider's name stands for such an endpoint."""
    return name.startswith(PREFIX)


def allowed_for(row: OwnEndpoint) -> frozenset[str]:
    """What the client of an endpoint may call besides public addresses."""
    # One that was found was entered by nobody: it was looked for on this machine, at addresses that are set.
    return allowed_hosts() | {urlsplit(row.base_url).netloc} if row.found else allowed_hosts()
