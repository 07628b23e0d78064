"""Looks for model servers on this machine, so that nobody has to enter them. Called by the reaper, never by a page."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple
from urllib.parse import urlsplit

from django.conf import settings
from django.utils import timezone
from django.utils.module_loading import import_string

from agents.errors import ProviderError
from agents.providers.base import ListedModel
from generations.endpoints import allowed_hosts
from generations.models import OwnEndpoint

# The usual port of each.
SERVERS = {11434: "Ollama", 1234: "LM Studio", 8000: "vLLM", 8080: "llama.cpp"}
LOOPBACK = ("127.0.0.1", "localhost", "::1")
MOST_MODELS, SECONDS = 12, 2.0


class Place(NamedTuple):
    """Where a server may be, and what it is called."""

    base_url: str
    name: str
    local: bool


def find_local_endpoints() -> int:
    """Store which models answer at the usual ports and at the hosts that an administrator allows; gives how many."""
    if not settings.LOCAL_ENDPOINTS:
        return 0
    places = list(candidates())
    with ThreadPoolExecutor(max_workers=len(places) or 1) as pool:
        found = list(pool.map(_models_at, places))
    return sum(_store(place, models) for place, models in zip(places, found, strict=True))


def candidates() -> Iterator[Place]:
    """Addresses of this machine, but for its own services; and allowed hosts that name a port."""
    own = _own_ports()
    for port, name in SERVERS.items():
        if port not in own:
            yield Place(f"http://127.0.0.1:{port}/v1", f"{name} on this machine", local=True)
    for host in sorted(allowed_hosts()):
        place, port = urlsplit(f"//{host}"), _port(host)
        local = place.hostname in LOOPBACK
        if port and not (local and (port in SERVERS or port in own)):
            yield Place(f"http://{host}/v1", "this machine" if local else host, local)


def _own_ports() -> set[int]:
    """Ports that this site itself listens on."""
    places = [urlsplit(url) for url in (*settings.SITE_ORIGINS, settings.CHROMA_URL)]
    return {place.port for place in places if place.port and place.hostname in LOOPBACK}


def _port(host: str) -> int | None:
    try:
        return urlsplit(f"//{host}").port
    except ValueError:
        return None


def _models_at(place: Place) -> tuple[ListedModel, ...]:
    """What a server lists; nothing where none answers as one should."""
    try:
        models: tuple[ListedModel, ...] = import_string("agents.providers.model_list.models_at")(
            place.name, place.base_url, SECONDS
        )
    except ProviderError:
        return ()
    return tuple(model for model in models if "embed" not in model.name.lower())[:MOST_MODELS]


def _store(place: Place, models: tuple[ListedModel, ...]) -> int:
    entered = OwnEndpoint.objects.filter(owner=None, base_url=place.base_url, seen_at=None)
    known = set(entered.values_list("model", flat=True))
    new = [model for model in models if model.name not in known]
    for model in new:
        OwnEndpoint.objects.update_or_create(
            owner=None,
            base_url=place.base_url,
            model=model.name,
            defaults={
                "name": place.name,
                "context_tokens": _size(model.context_tokens),
                "prompt_price": 0 if place.local else None,
                "completion_price": 0 if place.local else None,
                "seen_at": timezone.now(),
            },
        )
    return len(new)


def _size(context: int | None) -> int | None:
    """A context that prompts fit into, or unknown."""
    return context if context is not None and context >= 4_000 else None
