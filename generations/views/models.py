"""Models and keys: one's own, and for administrators those of the site."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from generations import access, model_page
from generations.endpoints import store_endpoint
from generations.errors import LaunchError, TooMany
from generations.keys import set_key
from generations.model_forms import EndpointForm, KeyForm
from generations.model_page import Shown
from generations.models import OwnEndpoint
from generations.offers import offer_of, slug_of
from generations.probes import start_probe


@require_GET
def show(request: HttpRequest, scope: str) -> HttpResponse:
    """The page: keys, endpoints, and every model that they allow with what its test found."""
    return model_page.page(request, scope)


@sensitive_post_parameters("secret")
@require_POST
def store_key(request: HttpRequest, scope: str, provider: str) -> HttpResponse:
    """Add or replace a key."""
    owner = access.owner_in(request.user, scope)
    access.known_provider(provider)
    form = KeyForm(request.POST)
    if not form.is_valid():
        return model_page.page(request, scope, Shown(key_form=form, key_provider=provider))
    set_key(owner, provider, form.cleaned_data["secret"])
    messages.success(request, "The key is stored. Test it below.")
    return redirect("models", scope=scope)


@require_POST
def delete_key(request: HttpRequest, scope: str, provider: str) -> HttpResponse:
    """Delete a key."""
    access.key_rows(request.user, scope).filter(provider=provider).delete()
    return redirect("models", scope=scope)


@sensitive_post_parameters("secret")
@require_POST
def add_endpoint(request: HttpRequest, scope: str) -> HttpResponse:
    """Add an endpoint; what is wrong stands beside its field."""
    access.may_add_endpoints(request.user, scope)
    form = EndpointForm(request.POST, instance=OwnEndpoint(owner=access.owner_in(request.user, scope)))
    if not form.is_valid():
        return model_page.page(request, scope, Shown(endpoint_form=form))
    row = store_endpoint(form.save(commit=False), form.cleaned_data["secret"])
    messages.success(request, f"{row.name} is stored. Test it below.")
    return redirect("models", scope=scope)


@sensitive_post_parameters("secret")
@require_http_methods(["GET", "POST"])
def change_endpoint(request: HttpRequest, scope: str, endpoint_id: uuid.UUID) -> HttpResponse:
    """Change an endpoint."""
    row = access.get_endpoint(request.user, scope, endpoint_id)
    form = EndpointForm(request.POST or None, instance=row)
    if form.is_valid():
        store_endpoint(form.save(commit=False), form.cleaned_data["secret"])
        return redirect("models", scope=scope)
    context = {"form": form, "endpoint": row, "scope": scope}
    return render(request, "models/endpoint.html", context, status=422 if form.is_bound else 200)


@require_POST
def delete_endpoint(request: HttpRequest, scope: str, endpoint_id: uuid.UUID) -> HttpResponse:
    """Delete an endpoint with its key and its tests."""
    access.get_endpoint(request.user, scope, endpoint_id).delete()
    return redirect("models", scope=scope)


@require_GET
def offer(request: HttpRequest, scope: str) -> HttpResponse:
    """One model with its test, as far as that is; asked again and again while it goes on."""
    return model_page.offer_fragment(request, scope, request.GET.get("provider", ""), request.GET.get("model", ""))


@require_POST
def test(request: HttpRequest, scope: str) -> HttpResponse:
    """Have a model tested by a worker."""
    provider, model = request.POST.get("provider", ""), request.POST.get("model", "")
    owner, length = access.owner_in(request.user, scope), request.POST.get("output_tokens", "")
    shown = Shown()
    try:
        wish = int(length) if length.isascii() and length.isdecimal() and len(length) < 7 else 0
        start_probe(request.user, offer_of(owner, provider, model), owner=owner, output_tokens=wish)
    except TooMany as error:
        shown = Shown(problem=str(error), wait=error.wait)
    except LaunchError as error:
        shown = Shown(problem=str(error))
    if request.htmx:  # type: ignore[attr-defined]
        return model_page.offer_fragment(request, scope, provider, model, shown)
    if shown.problem:
        return model_page.page(request, scope, shown)
    return redirect(f"{reverse('models', args=[scope])}#offer-{slug_of(provider, model)}")
