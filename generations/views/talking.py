"""What a person answers and approves before a run goes on."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from generations import access, talking
from generations.errors import LaunchError
from generations.plan_form import read_plan


@require_POST
def answers(request: HttpRequest, run_id: uuid.UUID) -> HttpResponse:
    """The answers to a run's questions; empty ones leave the question open."""
    run = access.get_run(request.user, run_id)
    try:
        talking.answer(run, request.POST.getlist("answer"))
    except LaunchError as error:
        messages.error(request, str(error))
    return redirect("run", run_id=run.pk)


@require_http_methods(["GET", "POST"])
def plan(request: HttpRequest, run_id: uuid.UUID) -> HttpResponse:
    """The plan of a run that waits for approval: look at it, change it, let it be carried out."""
    run = access.get_run(request.user, run_id)
    kind, state = talking.awaited(run)
    if kind != "approval" or state is None:
        return redirect("run", run_id=run.pk)
    problem = ""
    if request.method == "POST":
        try:
            talking.approve(run, read_plan(request.POST.dict(), state))
            return redirect("run", run_id=run.pk)
        except LaunchError as error:
            problem = str(error)
    context = {
        "run": run,
        "problem": problem,
        "requirements": state.needed_requirements(),
        "plan": state.needed_plan(),
        # What was sent is shown again, so that nothing is lost by a mistake.
        "sent": request.POST.dict(),
    }
    return render(request, "runs/plan.html", context, status=422 if problem else 200)
