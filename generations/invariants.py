"""What must hold in the database whatever happened, and where it does not."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Callable, Iterable, Iterator

from django.db.models import Count, F, Max, Min, Q, Sum
from django.db.models.functions import Coalesce

from agents.errors import SandboxUnavailable
from generations.checkpoints import restore
from generations.ledger import IN_FLIGHT
from generations.models import (
    Blob,
    Checkpoint,
    CheckpointStatus,
    KeptReply,
    MemoryEntry,
    ModelCall,
    ProbeStatus,
    Project,
    Run,
    RunStatus,
)
from generations.models.run import ENDED
from generations.previewing.lost import sandboxes_of_previews
from generations.wiring import site_sandbox

# Costs are rounded once for each call.
CENT = 0.01


def violations() -> list[str]:
    """Everything that is wrong, a sentence each; empty when all is well.

    The site may be running: what a second look does not find again was only under way.
    """
    found: list[str] = []
    for check in CHECKS:
        first = set(check())
        found += sorted(first & set(check())) if first else []
    return found


def events_are_numbered_without_gaps() -> Iterator[str]:
    """The numbers of a run's events are whole up to ``last_seq``. Old ones may have been removed from the front."""
    figures = Run.objects.annotate(n=Count("events"), low=Min("events__seq"), high=Max("events__seq")).order_by()
    wrong = figures.filter(n__gt=0).exclude(n=F("high") - F("low") + 1, high=F("last_seq"))
    for run in wrong:
        yield f"Run {run.pk}: {run.n} events are numbered {run.low} to {run.high}, the run counts {run.last_seq}."
    for run in figures.filter(n=0, last_seq__gt=0):
        yield f"Run {run.pk}: it counts {run.last_seq} events, but has none."


def only_running_runs_have_a_lease() -> Iterator[str]:
    """A lease while a worker holds a run, and none before or after."""
    held = ~Q(lease_owner="") | ~Q(lease_expires_at=None)
    for run in Run.objects.filter(held).exclude(status=RunStatus.RUNNING):
        yield f"Run {run.pk} is {run.status}, but {run.lease_owner or 'nobody'} has a lease on it."
    for run in Run.objects.filter(Q(lease_owner="") | Q(lease_expires_at=None), status=RunStatus.RUNNING):
        yield f"Run {run.pk} is running, but nobody has a lease on it."


def ends_are_whole() -> Iterator[str]:
    """An ended run has the time and the event of its end; one that goes on has no time of an end."""
    for run in Run.objects.filter(status__in=ENDED, finished_at=None):
        yield f"Run {run.pk} is {run.status}, but has no time of its end."
    for run in Run.objects.exclude(status__in=ENDED).exclude(finished_at=None):
        yield f"Run {run.pk} is {run.status}, but has a time of its end."
    for run in Run.objects.filter(status__in=ENDED, last_seq__gt=0):
        last = run.events.filter(kind="run_ended").order_by("-seq").values_list("payload", flat=True).first()
        if last is None or last.get("status") != run.status:
            told = "nothing" if last is None else last.get("status")
            yield f"Run {run.pk} is {run.status}, but its last event of an end says {told}."
    for run in Run.objects.filter(status=RunStatus.WAITING, not_before=None):
        yield f"Run {run.pk} waits, but for no time."


def calls_in_flight_have_a_worker() -> Iterator[str]:
    """Nobody waits for an answer in a run or a test that is not running, or under an earlier claim."""
    mine = Q(run__status=RunStatus.RUNNING, fence=F("run__fence")) | Q(probe__status=ProbeStatus.RUNNING)
    for call in ModelCall.objects.filter(outcome=IN_FLIGHT).exclude(mine).only("pk", "run_id", "probe_id"):
        whose = f"run {call.run_id}" if call.run_id else f"test {call.probe_id}"
        yield f"Call {call.pk} of {whose} is in flight, but its worker is gone."


def totals_are_the_sums_of_the_ledger() -> Iterator[str]:
    """A run's tokens and cost are those of its calls."""
    tokens = Coalesce(Sum("model_calls__prompt_tokens"), 0) + Coalesce(Sum("model_calls__completion_tokens"), 0)
    figures = Run.objects.annotate(summed=tokens, paid=Sum("model_calls__cost_usd"), n=Count("model_calls")).order_by()
    for run in figures.filter(n__gt=0):
        if (run.tokens or 0) != run.summed:
            yield f"Run {run.pk}: {run.tokens} tokens, but its calls took {run.summed}."
        if abs(float(run.cost_usd or 0) - float(run.paid or 0)) > CENT:
            yield f"Run {run.pk}: {run.cost_usd} dollars, but its calls cost {run.paid}."


def kept_replies_are_of_use() -> Iterator[str]:
    """An answer is kept only for a run that may go on in the middle of that stage."""
    done = (RunStatus.SUCCEEDED, RunStatus.UNVERIFIED)
    for kept in KeptReply.objects.filter(run__status__in=done).only("pk", "run_id"):
        yield f"Run {kept.run_id} is done, but the answer {kept.pk} is still kept for it."
    for kept in KeptReply.objects.exclude(call__run=F("run")).only("pk", "run_id"):
        yield f"The answer {kept.pk} is kept for run {kept.run_id}, but another run paid for it."


def checkpoints_are_whole() -> Iterator[str]:
    """Numbers without gaps, one good checkpoint a stage, and state and files as they were stored."""
    for run in Run.objects.annotate(n=Count("checkpoints"), high=Max("checkpoints__number")).order_by():
        if run.n and run.n != run.high:
            yield f"Run {run.pk}: its {run.n} checkpoints are numbered up to {run.high}."
    good = Checkpoint.objects.filter(status=CheckpointStatus.SUCCEEDED)
    twice = good.values("run", "stage").annotate(n=Count("pk")).order_by().filter(n__gt=1)
    for row in twice:
        yield f"Run {row['run']}: {row['n']} good checkpoints of the stage '{row['stage']}'."
    for pk in good.order_by().values_list("pk", flat=True):
        checkpoint = Checkpoint.objects.filter(pk=pk).first()
        if checkpoint is not None and restore(checkpoint) is None:
            yield f"Run {checkpoint.run_id}: checkpoint {checkpoint.number} ({checkpoint.stage}) is damaged."


def emptied_checkpoints_are_not_needed() -> Iterator[str]:
    """No run goes on from a checkpoint whose files were removed, and none is the current version of a project."""
    emptied = Checkpoint.objects.exclude(emptied_at=None)
    for row in emptied.filter(status=CheckpointStatus.SUCCEEDED).only("run_id", "number", "stage"):
        yield f"Run {row.run_id}: the files of checkpoint {row.number} ({row.stage}) were removed, but it is needed."
    for project in Project.objects.filter(current__emptied_at__isnull=False):
        yield f"Project {project.pk}: the files of its current version were removed."


def blobs_are_what_they_are_called() -> Iterator[str]:
    """Each content has its hash and its size, and somebody needs it."""
    for pk in Blob.objects.order_by().values_list("pk", flat=True):
        blob = Blob.objects.filter(pk=pk).first()
        if blob is not None and not _is_sound(blob):
            yield f"Blob {pk} does not hold the content of that hash."
    for pk in Blob.objects.unused().values_list("pk", flat=True):
        yield f"Blob {pk} is in no checkpoint and no order."


def relations_stay_with_one_owner() -> Iterator[str]:
    """Runs descend from earlier runs of the same owner, and memory comes from its owner's runs."""
    for run in Run.objects.exclude(parent=None).exclude(parent__project__owner=F("project__owner")):
        yield f"Run {run.pk} descends from run {run.parent_id} of another user."
    for run in Run.objects.exclude(parent=None).filter(parent__created_at__gt=F("created_at")):
        yield f"Run {run.pk} descends from run {run.parent_id}, which is younger."
    for entry in MemoryEntry.objects.exclude(run=None).exclude(run__project__owner=F("owner")):
        yield f"Memory entry {entry.pk} comes from a run of another user."


def sandboxes_belong_to_running_runs() -> Iterator[str]:
    """No sandbox without a run that is running under the same fence, or a preview that goes on."""
    try:
        present = site_sandbox().present()
    except SandboxUnavailable:
        return
    running = {
        (str(pk), fence) for pk, fence in Run.objects.filter(status=RunStatus.RUNNING).values_list("pk", "fence")
    }
    for run, fence in sorted(present - running - sandboxes_of_previews()):
        yield f"A sandbox of run {run} (claim {fence}) is left over."


def _is_sound(blob: Blob) -> bool:
    try:
        content = blob.content()
    except zlib.error:
        return False
    return len(content) == blob.size and hashlib.sha256(content).hexdigest() == blob.sha256


CHECKS: tuple[Callable[[], Iterable[str]], ...] = (
    events_are_numbered_without_gaps,
    only_running_runs_have_a_lease,
    ends_are_whole,
    calls_in_flight_have_a_worker,
    totals_are_the_sums_of_the_ledger,
    kept_replies_are_of_use,
    checkpoints_are_whole,
    emptied_checkpoints_are_not_needed,
    blobs_are_what_they_are_called,
    relations_stay_with_one_owner,
    sandboxes_belong_to_running_runs,
)
