"""The form for a new run."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods

from generations import launch
from generations.allowances import day_of
from generations.errors import LaunchError
from generations.estimates import estimate
from generations.forms import EXAMPLES, NewRunForm
from generations.model_choice import chosen_models
from generations.sandbox_notice import sandbox_problem


@require_http_methods(["GET", "POST"])
def new_run(request: HttpRequest) -> HttpResponse:
    """Show the form, or start what it says; what is wrong stands beside its field and nothing is lost."""
    if request.method == "GET":
        form = NewRunForm(initial={"prompt": request.GET.get("prompt", "")[:2000]}, owner=request.user)
    else:
        form = NewRunForm(request.POST, request.FILES, owner=request.user)
        if form.is_valid():
            try:
                return redirect("run", run_id=launch.start_run(request.user, form.order()).pk)
            except LaunchError as error:
                form.add_error(error.field if error.field in form.fields else None, str(error))
        form = _marked(form)
    context = {"form": form, "examples": EXAMPLES, "sandbox_problem": sandbox_problem()}
    return render(request, "runs/new.html", context, status=422 if form.is_bound else 200)


@require_GET
def shown_estimate(request: HttpRequest) -> HttpResponse:
    """What a run with the chosen provider will probably take, for the form."""
    found = estimate(request.user, request.GET.get("profile", ""))
    return render(request, "runs/_estimate.html", {"estimate": found, "day": day_of(request.user)})


@require_GET
def shown_models(request: HttpRequest) -> HttpResponse:
    """Which models the chosen provider asks, with what their tests found, for the form."""
    found = chosen_models(request.user, request.GET.get("profile", ""))
    return render(request, "runs/_models.html", {"models": found})


def _marked(form: NewRunForm) -> NewRunForm:
    """The form with its wrong fields marked for the eye and for screen readers."""
    for name in form.errors:
        if name in form.fields:
            attributes = form.fields[name].widget.attrs
            attributes["class"] = attributes["class"].replace(" is-invalid", "") + " is-invalid"
            attributes["aria-describedby"] = f"error_{name}"
    return form
