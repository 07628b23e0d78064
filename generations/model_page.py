"""What the page of models and keys shows."""

from __future__ import annotations

from dataclasses import dataclass

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render

from generations import access
from generations.errors import LaunchError
from generations.model_forms import EndpointForm, KeyForm
from generations.models import OwnEndpoint, ProviderKey
from generations.models.catalogue import CatalogueModel, Mode
from generations.offers import Offer, offer_of, offers
from generations.profiles import profiles
from generations.providers import ENDPOINTS, Endpoint

KEYS = ("openrouter", "qwen", "anthropic", "openai")
ELSEWHERE = {"openai": "Embeddings for memory; a local model does it without a key."}


@dataclass(frozen=True)
class KeyCard:
    """A provider, the key that is used for it, and what it is used for."""

    endpoint: Endpoint
    own: ProviderKey | None
    fallback: str
    gives: str
    form: KeyForm | None


def page(
    request: HttpRequest,
    scope: str,
    *,
    key_form: KeyForm | None = None,
    key_provider: str = "",
    endpoint_form: EndpointForm | None = None,
) -> HttpResponse:
    """The whole page; with a form that was refused its mistakes stand beside the fields. Raises Http404."""
    owner = access.owner_in(request.user, scope)
    site = owner is None
    endpoints = OwnEndpoint.objects.filter(owner=owner, seen_at=None).select_related("key")
    context = {
        "scope": scope,
        "site": site,
        "manages_site": access.manages_site(request.user),
        "cards": _cards(owner, key_form, key_provider),
        "endpoints": endpoints,
        "may_add": site or settings.USER_ENDPOINTS,
        "endpoint_form": endpoint_form or EndpointForm(instance=OwnEndpoint(owner=owner)),
        "endpoint_open": endpoint_form is not None,
        "offers": offers(owner),
        "profiles": profiles(owner),
    }
    return render(request, "models/page.html", context, status=422 if key_form or endpoint_form else 200)


def offer_fragment(
    request: HttpRequest, scope: str, provider: str, model: str, *, problem: str = "", wait: int = 0
) -> HttpResponse:
    """One model of the page. With ``wait`` it says that it was too much, with ``problem`` alone that it was wrong."""
    try:
        offer: Offer = offer_of(access.owner_in(request.user, scope), provider, model)
    except LaunchError as error:
        raise Http404(str(error)) from None
    status = 429 if wait else 422 if problem else 200
    context = {"offer": offer, "scope": scope, "problem": problem, "opened": True}
    response = render(request, "models/_offer.html", context, status=status)
    if wait:
        response["Retry-After"] = str(wait)
    return response


def _cards(owner: AbstractBaseUser | None, form: KeyForm | None, provider: str) -> list[KeyCard]:
    own = {row.provider: row for row in ProviderKey.objects.filter(owner=owner)}
    of_site = {row.provider for row in ProviderKey.objects.filter(owner=None)} if owner else set()
    gives = _modes_by_provider()
    return [
        KeyCard(
            endpoint=ENDPOINTS[name],
            own=own.get(name),
            fallback=_fallback(name, of_site),
            gives=ELSEWHERE.get(name) or "; ".join(gives.get(name, ())) or "Nothing in the catalogue uses it.",
            form=form if name == provider else None,
        )
        for name in KEYS
    ]


def _fallback(name: str, of_site: set[str]) -> str:
    """Whose key is used where there is none of one's own."""
    if name in of_site:
        return "key of the site"
    return "key of the settings" if getattr(settings, ENDPOINTS[name].key) else ""


def _modes_by_provider() -> dict[str, list[str]]:
    rows = CatalogueModel.objects.filter(enabled=True).order_by("mode").values_list("provider", "mode").distinct()
    found: dict[str, list[str]] = {}
    for provider, mode in rows:
        if (label := str(Mode(mode).label)) not in found.setdefault(provider, []):
            found[provider].append(label)
    return found
