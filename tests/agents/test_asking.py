"""One question to one or several models: retries, continuations, fallbacks, budgets and the ledger."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from agents.asking import Asked, ask, joined
from agents.budget import Budget
from agents.context import RunContext
from agents.errors import (
    AgentError,
    BudgetExceeded,
    CutReply,
    PaymentNeeded,
    ProviderError,
    ReplyError,
    Stopped,
    Waiting,
)
from agents.providers.base import Reply, Request
from agents.providers.catalogue import Catalogue, ModelChoice
from agents.providers.limits import NotYet, Permit
from agents.question import Question
from agents.roles.facts import Asker, question_for
from agents.state import RunState
from agents.types import Purpose, Role, SourceFile, StageName
from tests.agents.engine import PROMPT, Notebook, make_context

ASKER = Asker(StageName.REQUIREMENTS, Role.VISION, Purpose.IMAGE)
AN_HOUR = 3600.0


def parse(text: str) -> str:
    """Takes what ends in a full stop; 'cut' in the end asks for more."""
    if text.endswith("cut"):
        raise CutReply("The end is missing.")
    if not text.endswith("."):
        raise ReplyError("There is no full stop.")
    return text


def asked(answer: Callable[[Request], str | Reply], **changes: object) -> tuple[Asked[str], Notebook]:
    context, _provider, journal = make_context(answer)
    context = replace(context, **changes)  # type: ignore[arg-type]
    return ask(context, question_for(context, RunState(prompt=PROMPT), ASKER), parse), journal


def in_turn(*answers: str | Reply | Exception) -> Callable[[Request], str | Reply]:
    waiting = list(answers)

    def answer(_request: Request) -> str | Reply:
        found = waiting.pop(0)
        if isinstance(found, Exception):
            raise found
        return found

    return answer


def test_a_malformed_reply_is_asked_for_again_with_the_reason() -> None:
    context, provider, journal = make_context(in_turn("no stop", "Better."))
    found = ask(context, question_for(context, RunState(prompt=PROMPT), ASKER), parse)
    assert found.value == "Better."
    assert [call.outcome for call in journal.calls] == ["malformed", "ok"]
    again = provider.requests[1].messages
    assert again[2].text == "no stop"
    assert "There is no full stop." in again[3].text


def test_after_two_retries_the_next_model_of_the_list_is_asked() -> None:
    models = tuple(ModelChoice("scripted", name, 128_000, 1_000) for name in ("first", "second"))
    catalogue = Catalogue(dict.fromkeys(Role, models))
    found, journal = asked(lambda r: "Good." if r.model == "second" else "bad", catalogue=catalogue)
    assert found.value == "Good."
    assert [(call.model, call.outcome) for call in journal.calls] == [*[("first", "malformed")] * 3, ("second", "ok")]
    assert "first gave no usable reply: There is no full stop." in journal.told()


def test_the_strongest_model_takes_the_last_round() -> None:
    catalogue = Catalogue(
        dict.fromkeys(Role, (ModelChoice("scripted", "usual", 64_000),)), ModelChoice("scripted", "strong", 64_000)
    )
    context, provider, _journal = make_context(lambda _: "Yes.")
    context = replace(context, catalogue=catalogue)
    question = question_for(context, RunState(prompt=PROMPT), ASKER)
    ask(context, question, parse)
    ask(context, replace(question, last_chance=True), parse)
    assert [request.model for request in provider.requests] == ["usual", "strong"]


@pytest.mark.parametrize("finish", ["length", "stop"])
def test_a_cut_reply_is_continued_at_most_twice(finish: str) -> None:
    pieces = [Reply(f"part {n} cut", finish, "m", 5, 5) for n in range(3)]  # type: ignore[arg-type]
    context, provider, journal = make_context(in_turn(*pieces))
    question = question_for(context, RunState(prompt=PROMPT), ASKER)
    with pytest.raises(ReplyError, match="Going on did not help"):
        ask(context, question, parse)
    assert [call.outcome for call in journal.calls] == ["cut"] * 3
    assert provider.requests[2].messages[2].text == "part 0 cutpart 1 cut"


def test_what_is_whole_in_a_reply_that_stays_cut_is_salvaged() -> None:
    context, _provider, _journal = make_context(lambda _: Reply("never whole cut", "length", "m", 5, 5))
    question = question_for(context, RunState(prompt=PROMPT), ASKER)
    assert ask(context, question, parse, lambda text: text[:5]).value == "never"


@pytest.mark.parametrize(
    ("text", "more", "whole"),
    [
        ("def f():\n    return 1234567890", " + 1\n", "def f():\n    return 1234567890 + 1\n"),
        ("a = 1\nsome_long_name = other_name\n", "some_long_name = other_name\nb = 2\n",
         "a = 1\nsome_long_name = other_name\nb = 2\n"),
        # As short a repetition may be meant so.
        ("x\n}\n", "}\n", "x\n}\n}\n"),
        ("", "all", "all"),
    ],
)  # fmt: skip
def test_what_a_continuation_repeats_stands_once(text: str, more: str, whole: str) -> None:
    assert joined(text, more) == whole


def test_a_passing_trouble_is_tried_again_and_a_lasting_one_is_not() -> None:
    found, journal = asked(in_turn(ProviderError("Busy.", retry=True, retry_after=0.01), "Yes."))
    assert found.value == "Yes."
    assert [call.outcome for call in journal.calls] == ["ProviderError", "ok"]
    with pytest.raises(ProviderError, match="No credit"):
        asked(in_turn(ProviderError("No credit."), "Never asked."))


def test_nobody_sits_through_a_long_wait() -> None:
    with pytest.raises(ProviderError, match="Come back later"):
        asked(in_turn(ProviderError("Come back later.", retry=True, retry_after=AN_HOUR), "Never asked."))


def test_the_budget_is_checked_before_the_call_and_counts_all_calls() -> None:
    budget = Budget(max_tokens=20_000)
    found, journal = asked(in_turn("bad", "Good."), budget=budget)
    assert budget.tokens == found.tokens == sum((c.prompt_tokens or 0) + (c.completion_tokens or 0)
                                                for c in journal.calls)  # fmt: skip
    with pytest.raises(BudgetExceeded, match="of 100 are spent"):
        asked(in_turn("Never asked."), budget=Budget(max_tokens=100))


def test_stop_is_heard_between_tries() -> None:
    context, _provider, journal = make_context(lambda _: "bad")
    provider = context.providers["scripted"]
    question = question_for(context, RunState(prompt=PROMPT), ASKER)

    def stopping(_request: Request) -> str:
        journal.stop.set()
        return "bad"

    provider._answer = stopping  # type: ignore[attr-defined]
    with pytest.raises(Stopped):
        ask(context, question, parse)
    assert len(journal.calls) == 1


def test_files_that_have_no_room_are_named_and_a_description_without_room_is_refused() -> None:
    context, _provider, journal = make_context(lambda _: "Yes.", choice=ModelChoice("scripted", "small", 8_000, 2_000))
    files = [SourceFile("small.py", b"a = 1\n"), SourceFile("large.py", b"b = 2\n" * 4_000)]
    question = question_for(context, RunState(prompt=PROMPT), ASKER, files)
    assert question.data["unshown"] == "large.py"
    assert "small.py" in question.data["files"]
    assert "Too large for the model's context, so not shown to the vision: large.py" in journal.told()
    with pytest.raises(AgentError, match="Choose a model with a larger context"):
        question_for(context, RunState(prompt="word " * 8_000), ASKER)


def test_no_model_for_a_role_is_told() -> None:
    with pytest.raises(AgentError, match="No model is set for the role 'vision'"):
        asked(lambda _: "Yes.", catalogue=Catalogue({}))


def repair_question(context: RunContext) -> Question:
    more = dict.fromkeys(("evidence", "orchestrator", "round", "earlier"), "")
    return question_for(context, RunState(prompt=PROMPT), Asker(StageName.EXECUTION, Role.DEBUGGER, Purpose.REPAIR),
                        more=more)  # fmt: skip


@pytest.mark.parametrize("whole", [True, False])
def test_a_weak_model_is_asked_for_whole_files(whole: bool) -> None:
    choice = ModelChoice("scripted", "model", 64_000, 2_000, whole_files=whole)
    context, provider, _journal = make_context(lambda _: "Yes.", choice=choice)
    ask(context, repair_question(context), parse)
    prompt = provider.requests[0].messages[1].text
    assert ("<<<SEARCH " not in prompt) == whole
    assert "<<<FILE " in prompt


def test_after_two_edits_that_do_not_fit_whole_files_are_asked_for() -> None:
    context, provider, _journal = make_context(in_turn("bad", "bad", "Good."))
    ask(context, repair_question(context), parse)
    assert "whole this time" not in provider.requests[1].messages[3].text
    assert "Give the files that change whole this time" in provider.requests[2].messages[3].text


def fault(kind: str, retry_after: float | None = None, affordable: int | None = None) -> ProviderError:
    return ProviderError("no", retry=True, kind=kind, retry_after=retry_after, affordable_tokens=affordable)


@pytest.mark.parametrize(("kind", "awaited"), [("rate", "rate"), ("busy", "provider"), ("network", "provider")])
def test_what_passes_by_itself_is_waited_for(kind: str, awaited: str) -> None:
    with pytest.raises(Waiting) as caught:
        asked(in_turn(fault(kind, AN_HOUR)))
    assert (caught.value.awaited, caught.value.seconds) == (awaited, AN_HOUR)


def test_garbled_answers_are_not_waited_for() -> None:
    with pytest.raises(ProviderError):
        asked(in_turn(*(fault("protocol", 0.0) for _ in range(3))))


def test_another_model_takes_over_before_anybody_waits() -> None:
    choices = (ModelChoice("scripted", "one"), ModelChoice("scripted", "other"))
    found, journal = asked(in_turn(fault("rate", AN_HOUR), "Fine."), catalogue=Catalogue({Role.VISION: choices}))
    assert found.value == "Fine."
    assert [call.model for call in journal.calls] == ["one", "other"]


def test_an_answer_that_can_still_be_paid_for_is_asked_for_once() -> None:
    unpaid = ProviderError("no credit", kind="payment", affordable_tokens=900)
    context, provider, _journal = make_context(in_turn(unpaid, "Shorter."))
    assert ask(context, question_for(context, RunState(prompt=PROMPT), ASKER), parse).value == "Shorter."
    assert [request.max_tokens for request in provider.requests] == [16_000, 900]
    with pytest.raises(PaymentNeeded, match="no credit"):
        asked(in_turn(unpaid, unpaid))


class FullLimiter:
    """No place, at first or for ever."""

    def __init__(self, *, times: int, seconds: float, inside: int = 0) -> None:
        self.times, self.seconds, self.others = times, seconds, inside
        self.left: list[tuple[int | None, ProviderError | None]] = []

    def enter(self, provider: str, model: str, tokens: int) -> Permit | NotYet:
        self.times -= 1
        return NotYet(self.seconds, "All places are taken.") if self.times >= 0 else Permit("1")

    def leave(
        self, permit: Permit, *, tokens: int | None = None, error: ProviderError | None = None, limits: object = None
    ) -> None:
        self.left.append((tokens, error))

    def inside(self) -> int:
        return self.others


def test_a_place_is_waited_for_and_given_back_with_what_it_took() -> None:
    limiter = FullLimiter(times=2, seconds=0.01)
    found, _journal = asked(in_turn(Reply("Fine.", "stop", "m", 10, 5)), limiter=limiter)
    assert found.value == "Fine."
    assert limiter.left == [(15, None)]


def test_a_place_is_given_back_by_a_call_that_fails() -> None:
    limiter = FullLimiter(times=0, seconds=0.01)
    with pytest.raises(Stopped):
        asked(in_turn(Stopped("Stopped at your request.")), limiter=limiter)
    assert limiter.left == [(None, None)]


def test_without_a_place_soon_the_run_waits_elsewhere() -> None:
    with pytest.raises(Waiting, match="All places are taken") as caught:
        asked(in_turn(), limiter=FullLimiter(times=10**6, seconds=60.0))
    assert (caught.value.awaited, caught.value.seconds) == ("rate", 60.0)
