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
from generations.models.catalogue import CatalogueModel, Mode, Work
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
    tried: Offer | None
    """The model that a test of the key asks."""


@dataclass(frozen=True)
class Shown:
    """What was refused: a form whose mistakes are shown, a sentence, and after how many seconds to try again."""

    key_form: KeyForm | None = None
    key_provider: str = ""
    endpoint_form: EndpointForm | None = None
    problem: str = ""
    wait: int = 0


NOTHING_SHOWN = Shown()


def page(request: HttpRequest, scope: str, shown: Shown = NOTHING_SHOWN) -> HttpResponse:
    """The whole page; with a form that was refused its mistakes stand beside the fields. Raises Http404."""
    owner = access.owner_in(request.user, scope)
    site = owner is None
    offered = offers(owner)
    context = {
        "scope": scope,
        "site": site,
        "manages_site": access.manages_site(request.user),
        "cards": _cards(owner, offered, shown),
        "endpoints": OwnEndpoint.objects.filter(owner=owner, seen_at=None).select_related("key"),
        "may_add": site or settings.USER_ENDPOINTS,
        "endpoint_form": shown.endpoint_form or EndpointForm(instance=OwnEndpoint(owner=owner)),
        "endpoint_open": shown.endpoint_form is not None,
        "offers": offered,
        "profiles": profiles(owner),
        "problem": shown.problem,
    }
    return _answer(request, "models/page.html", context, shown)


def offer_fragment(
    request: HttpRequest, scope: str, provider: str, model: str, shown: Shown = NOTHING_SHOWN
) -> HttpResponse:
    """One model of the page. Raises Http404."""
    try:
        offer: Offer = offer_of(access.owner_in(request.user, scope), provider, model)
    except LaunchError as error:
        raise Http404(str(error)) from None
    context = {"offer": offer, "scope": scope, "problem": shown.problem, "opened": True}
    return _answer(request, "models/_offer.html", context, shown)


def _answer(request: HttpRequest, template: str, context: dict[str, object], shown: Shown) -> HttpResponse:
    wrong = shown.problem or shown.key_form or shown.endpoint_form
    response = render(request, template, context, status=429 if shown.wait else 422 if wrong else 200)
    if shown.wait:
        response["Retry-After"] = str(shown.wait)
    return response


def _cards(owner: AbstractBaseUser | None, offered: list[Offer], shown: Shown) -> list[KeyCard]:
    own = {row.provider: row for row in ProviderKey.objects.filter(owner=owner)}
    of_site = {row.provider for row in ProviderKey.objects.filter(owner=None)} if owner else set()
    gives = _modes_by_provider()
    return [
        KeyCard(
            endpoint=ENDPOINTS[name],
            own=own.get(name),
            fallback=_fallback(name, of_site),
            gives=ELSEWHERE.get(name) or "; ".join(gives.get(name, ())) or "Nothing in the catalogue uses it.",
            form=shown.key_form if name == shown.key_provider else None,
            tried=_tried(name, offered),
        )
        for name in KEYS
    ]


def _tried(name: str, offered: list[Offer]) -> Offer | None:
    """The cheapest model that writes code, else whatever the key can ask."""
    of_provider = [offer for offer in offered if offer.provider == name]
    coders = [offer for offer in of_provider if str(Work.CODER.label) in offer.works]
    return min(coders or of_provider, key=lambda offer: offer.lengths[0].cost or 0.0, default=None)


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
