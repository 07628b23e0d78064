"""What was paid for is used again after an interruption, and what was no good is not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from cryptography.fernet import Fernet
from django.contrib.auth.models import User
from pytest_django.fixtures import Settings

from agents.asking import ask
from agents.context import RunContext, StageMeasures
from agents.errors import CutReply, ReplyError
from agents.providers.base import Reply, Request
from agents.providers.scripted import ScriptedProvider
from agents.roles.facts import Asker, question_for
from agents.state import RunState
from agents.types import Purpose, Role, StageName
from generations.endings import end
from generations.journal import RunJournal
from generations.models import KeptReply, ModelCall, Run, RunEvent, RunStatus
from generations.recovery import recover_lost_runs
from tests.agents.engine import PROMPT, make_context
from tests.factories import claim, make_run, make_state

pytestmark = pytest.mark.django_db
ASKER = Asker(StageName.REQUIREMENTS, Role.VISION, Purpose.IMAGE)
SECRET = "sk-abcdefghijklmnopqrstuvwxyz0123456789"


class Killed(BaseException):
    """Stands for the end of the process: nothing in the engine catches it."""


def parse(text: str) -> str:
    if text.endswith("cut"):
        raise CutReply("The end is missing.")
    if not text.endswith("."):
        raise ReplyError("There is no full stop.")
    return text


def context_of(journal: RunJournal, *answers: str | BaseException) -> tuple[RunContext, ScriptedProvider]:
    waiting = list(answers)

    def answer(_request: Request) -> str | Reply:
        found = waiting.pop(0)
        if isinstance(found, BaseException):
            raise found
        return found

    context, provider, _notebook = make_context(answer)
    return replace(context, run=str(journal.run.pk), journal=journal), provider


def put(context: RunContext, prompt: str = PROMPT) -> str:
    return ask(context, question_for(context, RunState(prompt=prompt), ASKER), parse).value


def lose(journal: RunJournal) -> RunJournal:
    """The worker dies, the reaper sees it, another worker claims the run."""
    Run.objects.filter(pk=journal.run.pk).update(lease_expires_at="2001-01-01T00:00Z")
    recover_lost_runs()
    return claim(Run.objects.get(pk=journal.run.pk), worker="another")


def outcomes(run: Run) -> list[str]:
    return list(ModelCall.objects.filter(run=run).order_by("at").values_list("outcome", flat=True))


def totals_fit(run: Run) -> bool:
    run.refresh_from_db()
    rows = ModelCall.objects.filter(run=run).exclude(prompt_tokens=None)
    return run.tokens == sum(row.prompt_tokens + row.completion_tokens for row in rows)


def test_an_answered_question_is_not_asked_again_after_a_crash() -> None:
    journal = claim(make_run())
    context, _ = context_of(journal, f"Wrote {SECRET}.", Killed())
    assert put(context) == f"Wrote {SECRET}."
    with pytest.raises(Killed):
        put(context, "Another question")
    journal = lose(journal)
    context, provider = context_of(journal, "Second.")
    # Exactly what came, although the ledger has it masked.
    assert put(context) == f"Wrote {SECRET}."
    assert provider.requests == []
    assert put(context, "Another question") == "Second."
    assert outcomes(journal.run) == ["ok", "lost", "reused", "ok"]
    assert totals_fit(journal.run)
    events = RunEvent.objects.filter(run=journal.run, kind="model_called").order_by("seq")
    assert [event.payload["outcome"] for event in events] == ["ok", "reused", "ok"]
    assert SECRET not in str(list(ModelCall.objects.values_list("reply", flat=True)))
    assert not any(SECRET.encode() in bytes(row.sealed) for row in KeptReply.objects.all())


def test_an_answer_is_kept_before_anybody_reads_it() -> None:
    journal = claim(make_run())
    context, _ = context_of(journal, "Whole.")

    def die(_text: str) -> str:
        raise Killed

    with pytest.raises(Killed):
        ask(context, question_for(context, RunState(prompt=PROMPT), ASKER), die)
    context, provider = context_of(lose(journal), "Never asked.")
    assert put(context) == "Whole."
    assert provider.requests == []


def test_a_call_that_nobody_hears_the_answer_of_is_in_the_ledger() -> None:
    journal = claim(make_run())
    context, _ = context_of(journal, Killed())
    with pytest.raises(Killed):
        put(context)
    row = ModelCall.objects.get()
    assert row.outcome == "in flight"
    assert row.held_tokens > 1_000
    lose(journal)
    row.refresh_from_db()
    assert (row.outcome, row.prompt_tokens, row.completion_tokens, row.cost_usd) == ("lost", None, None, None)


def test_a_dialogue_goes_on_where_it_was_cut_off() -> None:
    journal = claim(make_run())
    context, _ = context_of(journal, "no stop", "and cut", Killed())
    with pytest.raises(Killed):
        put(context)
    journal = lose(journal)
    context, provider = context_of(journal, " the rest.")
    assert put(context) == "and cut the rest."
    assert len(provider.requests) == 1
    assert outcomes(journal.run) == ["malformed", "cut", "lost", "reused", "reused", "ok"]


def test_the_same_question_asked_twice_on_purpose_gets_two_answers() -> None:
    journal = claim(make_run())
    context, _ = context_of(journal, "First.", "Second.", Killed())
    assert [put(context), put(context)] == ["First.", "Second."]
    context, provider = context_of(lose(journal), "Third.")
    assert [put(context), put(context), put(context)] == ["First.", "Second.", "Third."]
    assert len(provider.requests) == 1


def test_a_changed_question_is_asked() -> None:
    journal = claim(make_run())
    put(context_of(journal, "First.")[0])
    assert put(context_of(lose(journal), "Second.")[0], "Something else") == "Second."


def checkpoint(journal: RunJournal) -> None:
    journal.checkpoint(StageName.REQUIREMENTS, make_state(journal.run), (), StageMeasures(seconds=1.0))


def fail(journal: RunJournal) -> None:
    end(journal, RunStatus.FAILED, "The replies could not be used.")


def fail_outside(journal: RunJournal) -> None:
    end(journal, RunStatus.FAILED, "The account has no credit.", keep_replies=True)


def stop(journal: RunJournal) -> None:
    end(journal, RunStatus.STOPPED, "Stopped at your request.")


def pause(journal: RunJournal) -> None:
    end(journal, RunStatus.PAUSED, "The budget is used up.")


def lose_three_times(journal: RunJournal) -> None:
    lose(lose(journal))
    Run.objects.filter(pk=journal.run.pk).update(lease_expires_at="2001-01-01T00:00Z")
    recover_lost_runs()
    assert Run.objects.get(pk=journal.run.pk).status == RunStatus.FAILED


@pytest.mark.parametrize(
    ("happens", "kept"),
    [(checkpoint, 0), (fail, 0), (fail_outside, 1), (stop, 1), (pause, 1), (lose_three_times, 0)],
)
def test_answers_are_kept_as_long_as_they_can_be_of_use(happens: Callable[[RunJournal], None], kept: int) -> None:
    journal = claim(make_run())
    put(context_of(journal, "First.")[0])
    assert KeptReply.objects.count() == 1
    happens(journal)
    assert KeptReply.objects.count() == kept


def test_an_answer_that_cannot_be_opened_any_more_is_asked_for_again(settings: Settings, user: User) -> None:
    journal = claim(make_run())
    put(context_of(journal, "First.")[0])
    settings.ENCRYPTION_KEYS = [Fernet.generate_key().decode()]
    assert put(context_of(lose(journal), "Second.")[0]) == "Second."
