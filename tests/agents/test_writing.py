"""Writing planned files: in one reply or side by side, and what is done about bad replies."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable

import pytest

from agents.context import RunContext
from agents.errors import ReplyError
from agents.plan import Plan, Requirements
from agents.providers.base import Reply, Request
from agents.providers.catalogue import ModelChoice
from agents.stages import code, tests
from agents.state import RunState
from agents.types import MODE_EXECUTABLE, StageName
from tests.agents.engine import PLAN, PROMPT, REQUIREMENTS, Notebook, file_blocks, make_context, planned


def state_with(files: list[dict[str, object]]) -> RunState:
    plan = Plan.model_validate({"files": [*files, planned("test_it.py", "test")], "commands": PLAN["commands"]})
    return RunState(prompt=PROMPT, requirements=Requirements.model_validate(REQUIREMENTS), plan=plan)


def write(
    files: list[dict[str, object]], answer: Callable[[Request], str | Reply], **more: object
) -> tuple[RunContext, Notebook]:
    context, _provider, journal = make_context(answer, **more)  # type: ignore[arg-type]
    code.run(state_with(files), context)
    return context, journal


def content(path: str) -> str:
    return f'"""{path}"""\n'


def all_asked(request: Request) -> str:
    return file_blocks(request, {path: content(path) for path in json.loads(request.data["paths"])})


def test_twenty_files_are_written_at_the_same_time_as_far_as_they_may() -> None:
    # Three layers: each of the 18 needs the first, the last needs them all. Nobody gets an answer before
    # all of a layer have asked.
    middle = [f"part{n}.py" for n in range(18)]
    files = [planned("base.py", "source", 150)]
    files += [planned(path, "source", 150, depends_on=["base.py"]) for path in middle]
    files += [planned("main.py", "source", 150, depends_on=middle)]
    together = threading.Barrier(len(middle), timeout=240)

    def answer(request: Request) -> str:
        [path] = json.loads(request.data["paths"])
        if path in middle:
            together.wait()
            assert '"""base.py"""' in request.messages[1].text
        return all_asked(request)

    context, journal = write(files, answer)
    assert len(context.workspace.files()) == 20
    assert len(journal.calls) == 20


def test_a_file_waits_for_its_own_dependencies_only() -> None:
    # 'late' never comes before 'after' has been asked for, which depends on 'early' alone.
    released = threading.Event()

    def answer(request: Request) -> str:
        [path] = json.loads(request.data["paths"])
        if path == "late.py":
            assert released.wait(20)
        if path == "after.py":
            released.set()
        return all_asked(request)

    files = [planned(path, "source", 900) for path in ("early.py", "late.py")]
    files.append(planned("after.py", "source", 900, depends_on=["early.py"]))
    context, _journal = write(files, answer)
    assert len(context.workspace.files()) == 3


def test_an_empty_file_needs_no_model() -> None:
    context, journal = write([planned("pkg/__init__.py", "source", 0), planned("pkg/a.py", "source")], all_asked)
    empty = context.workspace.read("pkg/__init__.py")
    assert empty is not None
    assert empty.content == b""
    assert len(journal.calls) == 1
    assert 'write these files: ["pkg/a.py"]' in journal.calls[0].messages[1].text


def test_a_planned_script_is_executable_whatever_the_reply_says() -> None:
    context, _journal = write([planned("start.sh", "source", executable=True)], all_asked)
    script = context.workspace.read("start.sh")
    assert script is not None
    assert script.mode == MODE_EXECUTABLE


def test_of_a_reply_that_stays_cut_the_whole_files_are_kept_and_the_rest_is_asked_for_alone() -> None:
    def answer(request: Request) -> str | Reply:
        paths = json.loads(request.data["paths"])
        if len(paths) > 1 and len(request.messages) == 2:
            return Reply(all_asked(request)[:-40], "length", "m", 5, 5)
        if len(request.messages) > 2:
            return Reply(" ", "length", "m", 5, 5)
        return all_asked(request)

    context, journal = write([planned(f"{name}.py", "source") for name in "abc"], answer)
    assert sorted(file.path for file in context.workspace.files()) == ["a.py", "b.py", "c.py"]
    assert [call.outcome for call in journal.calls] == ["cut", "cut", "cut", "ok"]
    assert 'write these files: ["c.py"]' in journal.calls[-1].messages[1].text


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        ("def work(x):\n    # rest of the code here\n    return x\n", "leaves code out"),
        ("def work(x):\n    pass\n", "has no body"),
        ("def work(x:\n", "never closed"),
    ],
)
def test_a_file_that_stays_bad_is_never_kept_and_ends_the_stage_with_the_reason(bad: str, reason: str) -> None:
    context, _provider, journal = make_context(lambda r: file_blocks(r, {"a.py": bad}))
    with pytest.raises(ReplyError, match=reason):
        code.run(state_with([planned("a.py", "source")]), context)
    assert context.workspace.files() == ()
    assert len(journal.calls) == 3


def test_what_is_written_already_is_not_asked_for_again() -> None:
    context, _provider, journal = make_context(all_asked)
    state = state_with([planned("a.py", "source")])
    code.run(state, context)
    code.run(state, context)
    tests.run(state, context)
    assert [call.stage for call in journal.calls] == [StageName.CODE, StageName.TESTS]


def test_a_small_output_limit_splits_what_a_large_one_holds() -> None:
    files = [planned(f"{name}.py", "source", 100) for name in "abcd"]
    small = ModelChoice("scripted", "small", 32_000, 2_000)
    _context, journal = write(files, all_asked, choice=small)
    assert len(journal.calls) == 2
    _context, journal = write(files, all_asked)
    assert len(journal.calls) == 1
