"""The eight stages with a scripted model and a real container: from a sentence to evidence."""

from __future__ import annotations

import json

import pytest

from agents import pipeline
from agents.context import RunContext
from agents.evidence import Outcome
from agents.providers.base import Reply, Request
from agents.state import RunState
from agents.types import Purpose, StageName
from tests.agents.engine import (
    BROKEN,
    FILES,
    PLAN,
    PROMPT,
    Model,
    Notebook,
    edit_block,
    fence,
    file_blocks,
    make_context,
    planned,
)

pytestmark = pytest.mark.sandbox


def run(model: Model, **more: object) -> tuple[RunState, RunContext, Notebook]:
    context, _provider, journal = make_context(model, **more)  # type: ignore[arg-type]
    return pipeline.run(RunState(prompt=PROMPT), context), context, journal


def repaired(request: Request) -> str:
    words = fence({"cause": "code", "explanation": "The first number was left out.", "suggestions": ["Look again."]})
    return words + "\n" + edit_block(request, "adder.py", "    return sum(numbers[1:])", "    return sum(numbers)")


@pytest.fixture(scope="module")
def good() -> tuple[RunState, RunContext, Notebook]:
    """A run in which nothing goes wrong."""
    return run(Model())


Run = tuple[RunState, RunContext, Notebook]


def test_a_small_application_takes_three_calls_and_is_proved(good: Run) -> None:
    state, context, journal = good
    assert journal.outcomes == [("requirements", "ok"), ("source", "ok"), ("tests", "ok")]
    assert [stage for stage, _, _ in journal.checkpoints] == list(StageName)
    assert state.verdict is not None
    assert state.verdict.outcome is Outcome.SUCCEEDED
    assert state.evidence is not None
    assert state.evidence.tests is not None
    assert state.evidence.tests.passed == 2
    assert [c.command for c in state.evidence.commands] == [
        PLAN["commands"]["install"], PLAN["commands"]["start"], *PLAN["commands"]["examples"], PLAN["commands"]["test"],
    ]  # fmt: skip
    assert state.criteria_met == {"AC-1": True, "AC-2": True}
    assert {file.path for file in context.workspace.files()} >= {*FILES, ".gitignore", "Dockerfile"}
    assert "2 of 2 criteria are named by a test" in state.confidence_reason


def test_tests_are_written_without_sight_of_the_sources(good: Run) -> None:
    _state, _context, journal = good
    asked = {call.purpose: call.messages for call in journal.calls}
    assert "sum(numbers)" not in str(asked[Purpose.TESTS])
    assert "AC-2: Nothing gives 0." in asked[Purpose.TESTS][1].text


def test_prompts_of_a_run_begin_alike(good: Run) -> None:
    _state, _context, journal = good
    assert len({call.messages[0].text for call in journal.calls}) == 1
    source, tests = (next(c.messages[1].text for c in journal.calls if c.purpose is p) for p in
                     (Purpose.SOURCE, Purpose.TESTS))  # fmt: skip
    shared = source[: source.index("Task:")]
    assert "adder.py (source): p" in shared
    assert tests.startswith(shared.rstrip())


def test_the_receipt_of_a_call_names_what_went_in() -> None:
    _state, _context, journal = run(Model({"adder.py": BROKEN}).then(Purpose.REPAIR, repaired))
    receipt = {(item.kind, item.name): item.tokens for item in journal.calls[-1].receipt}
    assert receipt[("block", "description")] == -(-len(PROMPT) // 4)
    assert receipt[("file", "adder.py")] > 30
    assert ("block", "evidence") in receipt


def test_a_failing_test_is_repaired_with_the_evidence() -> None:
    state, context, journal = run(Model({"adder.py": BROKEN}).then(Purpose.REPAIR, repaired))
    assert state.verdict is not None
    assert state.verdict.outcome is Outcome.SUCCEEDED
    [row] = state.repairs
    assert (row.step, row.cause, row.files, row.kept) == ("test", "code", ("adder.py",), True)
    assert (row.passed_before, row.passed_after) == (1, 2)
    assert row.explanation == "The first number was left out."
    assert row.tokens
    assert state.suggestions == ("Look again.",)
    prompt = next(call for call in journal.calls if call.purpose is Purpose.REPAIR).messages[1].text
    assert "test_sum" in prompt
    assert "sum(numbers[1:])" in prompt
    kept = context.workspace.read("adder.py")
    assert kept is not None
    assert "sum(numbers)" in kept.text
    assert [note.kind for note in context.memory.notes] == ["application", "solved_error"]  # type: ignore[attr-defined]


def test_the_same_failure_twice_ends_the_repair_and_the_first_files_stay() -> None:
    def useless(request: Request) -> str:
        return (
            fence({"explanation": "A comment."})
            + "\n"
            + edit_block(request, "adder.py", '"""Adds numbers."""', '"""Adds numbers, really."""')
        )

    state, context, _journal = run(Model({"adder.py": BROKEN}).then(Purpose.REPAIR, useless, repaired))
    assert state.verdict is not None
    assert state.verdict.outcome is Outcome.FAILED
    assert [row.kept for row in state.repairs] == [False]
    kept = context.workspace.read("adder.py")
    assert kept is not None
    assert "really" not in kept.text


def test_a_repair_that_makes_it_worse_is_rolled_back_and_the_next_round_may_mend_it() -> None:
    def worse(request: Request) -> str:
        return (
            fence({"explanation": "Wrong."})
            + "\n"
            + edit_block(request, "adder.py", "    return sum(numbers[1:])", "    raise ValueError(numbers)")
        )

    state, _context, _journal = run(Model({"adder.py": BROKEN}).then(Purpose.REPAIR, worse, repaired))
    assert [(row.kept, row.passed_after) for row in state.repairs] == [(False, None), (True, 2)]
    assert state.verdict is not None
    assert state.verdict.outcome is Outcome.SUCCEEDED


def test_a_repair_may_not_take_the_failing_test_away() -> None:
    def cheating(request: Request) -> str:
        shorter = FILES["test_adder.py"].replace("def test_sum", "def check_sum")
        return fence({"explanation": "Gone."}) + "\n" + file_blocks(request, {"test_adder.py": shorter})

    model = Model({"adder.py": BROKEN}).then(Purpose.REPAIR, cheating, repaired)
    state, _context, journal = run(model)
    assert journal.outcomes[-2:] == [("repair", "malformed"), ("repair", "ok")]
    assert state.evidence is not None
    assert state.evidence.tests is not None
    assert state.evidence.tests.passed == 2


def test_a_wrong_command_of_the_plan_is_mended_in_the_plan() -> None:
    wrong = {**PLAN, "commands": {**PLAN["commands"], "start": "./adder.sh"}}

    def commands(_request: Request) -> str:
        return fence({"cause": "plan", "explanation": "No such script.", "commands": {"start": "python adder.py 4"}})

    state, _context, journal = run(Model(plan=wrong).then(Purpose.REPAIR, commands))
    assert state.needed_plan().commands.start == "python adder.py 4"
    assert state.verdict is not None
    assert state.verdict.outcome is Outcome.SUCCEEDED
    assert [row.cause for row in state.repairs] == ["plan"]
    assert "a wrong command of the plan" in journal.calls[-1].messages[1].text


def test_a_test_command_that_leaves_no_report_proves_nothing() -> None:
    silent = {**PLAN, "commands": {**PLAN["commands"], "test": "true"}}
    state, _context, _journal = run(Model(plan=silent))
    assert state.verdict is not None
    assert state.verdict.outcome is Outcome.UNVERIFIED


def test_a_package_that_nobody_declared_is_added_without_a_model() -> None:
    source = FILES["adder.py"].replace(
        "import sys\n", "import sys\n\nimport iniconfig\n\nMODULE = iniconfig.__name__\n"
    )
    state, context, journal = run(Model({"adder.py": source, "requirements.txt": ""}))
    manifest = context.workspace.read("requirements.txt")
    assert manifest is not None
    assert "iniconfig" in manifest.text
    assert state.verdict is not None
    assert state.verdict.outcome is Outcome.SUCCEEDED
    assert len(journal.calls) == 3


def test_a_module_that_is_called_otherwise_than_its_package_is_no_missing_one() -> None:
    # 'mini-racer' brings 'py_mini_racer', which no list of names knows, and its wheel fits newer C libraries only.
    test = FILES["test_adder.py"].replace("from adder", "from py_mini_racer import MiniRacer\nfrom adder")
    test += "\n\ndef test_engine() -> None:\n    assert MiniRacer is not None\n"
    state, context, journal = run(Model({"test_adder.py": test, "requirements.txt": "pytest\nmini-racer\n"}))
    assert state.verdict is not None
    assert state.verdict.outcome is Outcome.SUCCEEDED
    assert [purpose for purpose, _ in journal.outcomes] == ["requirements", "source", "tests"]
    manifest = context.workspace.read("requirements.txt")
    assert manifest is not None
    assert manifest.text == "pytest\nmini-racer\n"


def test_a_security_matter_is_read_before_it_runs_and_mended() -> None:
    def read(_request: Request) -> str:
        finding = {"path": "adder.py", "line": 8, "level": "error", "rule": "bug", "message": "Leaves one out."}
        return fence({"confidence": 0.2, "reason": "A bug.", "criteria_met": {"AC-1": False}, "findings": [finding]})

    model = Model({"adder.py": BROKEN}).then(Purpose.VALIDATION, read).then(Purpose.REPAIR, repaired)
    context, _provider, journal = make_context(model)
    state = pipeline.run(RunState(prompt=PROMPT + ", for users that log in"), context)
    assert [purpose for purpose, _ in journal.outcomes][-2:] == ["validation", "repair"]
    assert "Leaves one out." in journal.calls[-1].messages[1].text
    assert (state.confidence, state.repairs) == (0.2, ())
    assert state.verdict is not None
    assert state.verdict.outcome is Outcome.SUCCEEDED


def test_a_plan_that_cannot_be_carried_out_is_made_again_with_the_reason() -> None:
    bad = {**PLAN, "files": [*PLAN["files"], planned("other.py", "source", depends_on=["nowhere.py"])]}
    model = Model().then(Purpose.REQUIREMENTS, lambda r: Model(plan=bad).usual(r))
    state, _context, journal = run(model)
    assert [purpose for purpose, _ in journal.outcomes] == ["requirements", "plan", "source", "tests"]
    assert "other.py depends on nowhere.py" in journal.calls[1].messages[1].text
    assert state.draft is None


def test_a_cut_reply_is_continued_where_it_stopped() -> None:
    def first_half(request: Request) -> Reply:
        whole = Model().usual(request)
        return Reply(whole[: len(whole) // 2], "length", "model", 10, 10)

    def second_half(request: Request) -> str:
        # The last forty characters once more, as models like to do.
        whole = Model().usual(request)
        return whole[len(whole) // 2 - 40 :]

    state, context, journal = run(Model().then(Purpose.SOURCE, first_half, second_half))
    assert ("source", "cut") in journal.outcomes
    kept = context.workspace.read("README.md")
    assert kept is not None
    assert kept.text == FILES["README.md"]
    assert state.verdict is not None
    assert state.verdict.outcome is Outcome.SUCCEEDED


def test_only_what_is_missing_or_bad_is_asked_for_again() -> None:
    hollow = FILES["adder.py"].replace("return sum(numbers)", "pass")

    def first(request: Request) -> str:
        return file_blocks(request, {"adder.py": hollow, "requirements.txt": "pytest\n", "extra.py": "x = 1\n"})

    _state, context, journal = run(Model().then(Purpose.SOURCE, first))
    second = [call for call in journal.calls if call.purpose is Purpose.SOURCE][1].messages[1].text
    assert 'write these files: ["adder.py", "README.md"]' in second
    assert "add() has no body" in second
    assert "README.md is missing from the reply" in second
    assert context.workspace.read("extra.py") is None
    assert "extra.py was not asked for, so it is set aside" in journal.told()


@pytest.mark.parametrize("length", [50_000])
def test_every_word_of_a_long_prompt_reaches_coder_and_tester(length: int) -> None:
    words = " ".join(f"Field f{n} answers {n % 500 + 100}." for n in range(length // 24))[:length]
    context, _provider, journal = make_context(Model())
    pipeline.run(RunState(prompt=PROMPT + words), context)
    for purpose in (Purpose.REQUIREMENTS, Purpose.SOURCE, Purpose.TESTS, Purpose.VALIDATION):
        assert any(PROMPT + words in call.messages[1].text for call in journal.calls if call.purpose is purpose)


def test_paths_in_the_order_of_the_plan_reach_the_request(good: Run) -> None:
    _state, _context, journal = good
    sources = next(call for call in journal.calls if call.purpose is Purpose.SOURCE)
    assert json.dumps(["adder.py", "requirements.txt", "README.md"]) in sources.messages[1].text
