"""Every endpoint that models are asked at: its address, its key, and a client for it."""

from __future__ import annotations

from dataclasses import dataclass

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser
from django.utils.module_loading import import_string

from agents.errors import AgentError
from agents.providers.base import Provider
from generations.endpoints import allowed_for, is_own, usable_endpoint
from generations.errors import KeyUnreadable
from generations.keys import get_key
from generations.masking import remember_secret
from generations.models import OwnEndpoint, ProviderKey
from generations.models.endpoint import PREFIX


@dataclass(frozen=True, slots=True)
class Endpoint:
    """An OpenAI-compatible endpoint. ``address`` and ``key`` are names of settings."""

    name: str
    label: str
    address: str
    key: str

    @property
    def base_url(self) -> str:
        """Where it answers."""
        return str(getattr(settings, self.address))


ENDPOINTS = {
    endpoint.name: endpoint
    for endpoint in (
        Endpoint("openrouter", "OpenRouter", "OPENROUTER_BASE_URL", "OPENROUTER_API_KEY"),
        Endpoint("qwen", "Qwen (DashScope)", "QWEN_BASE_URL", "QWEN_API_KEY"),
        Endpoint("anthropic", "Anthropic", "ANTHROPIC_BASE_URL", "ANTHROPIC_API_KEY"),
        Endpoint("openai", "OpenAI", "OPENAI_BASE_URL", "OPENAI_API_KEY"),
        Endpoint("custom", "Own endpoint", "CUSTOM_BASE_URL", "CUSTOM_API_KEY"),
    )
}


def label_of(name: str) -> str:
    """A provider as people know it."""
    if name in ENDPOINTS:
        return ENDPOINTS[name].label
    if not is_own(name):
        return name
    row = OwnEndpoint.objects.filter(pk=name.removeprefix(PREFIX)).first()
    return "This endpoint" if row is None else row.name


def has_key(owner: AbstractBaseUser | None, name: str) -> bool:
    """Whether there is a key for an endpoint: the owner's, the site's, or the environment's."""
    if getattr(settings, ENDPOINTS[name].key):
        return True
    rows = ProviderKey.objects.filter(provider=name)
    return rows.filter(owner=None).exists() or (owner is not None and rows.filter(owner=owner).exists())


def key_of(owner: AbstractBaseUser | None, name: str) -> str:
    """The owner's own key, else the site's, else the environment's, else ''; masked in this process from now on.

    Raises AgentError for a stored key that cannot be read.
    """
    try:
        key = get_key(owner, name) or (str(getattr(settings, ENDPOINTS[name].key)) if name in ENDPOINTS else "")
    except KeyUnreadable as error:
        raise AgentError(str(error)) from error
    remember_secret(key)
    return key


def client_for(owner: AbstractBaseUser | None, name: str, seconds: float | None = None) -> Provider:
    """A client for an endpoint with the owner's key, without owner the site's. Raises AgentError.

    Addresses that people entered are judged again whenever it connects; those of the settings are the administrator's.
    """
    if is_own(name):
        row = usable_endpoint(owner, name)
        own = {"public_only": True, "allowed_hosts": allowed_for(row)}
        return _client(row.name, row.base_url, key_of(owner, name), seconds, **own)
    endpoint = ENDPOINTS.get(name)
    if endpoint is None:
        known = ", ".join(sorted(ENDPOINTS))
        raise AgentError(f"The catalogue names the provider '{name}', which is not known here. Known ones: {known}.")
    return _client(name, endpoint.base_url, key_of(owner, name), seconds)


def _client(name: str, base_url: str, key: str, seconds: float | None, **more: object) -> Provider:
    client: Provider = import_string("generations.masked_endpoint.MaskedEndpoint")(
        name=name,
        base_url=base_url,
        api_key=key,
        total_seconds=settings.MODEL_SECONDS if seconds is None else seconds,
        **more,
    )
    return client
