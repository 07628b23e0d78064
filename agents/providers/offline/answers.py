"""One function a purpose: reads the request's data and writes the reply that a model would write."""

from __future__ import annotations

import json
from collections.abc import Callable

from agents.errors import NotUnderstood
from agents.plan import FileKind, Requirements
from agents.providers.base import Request
from agents.providers.offline.blueprints import BLUEPRINTS
from agents.providers.offline.blueprints.base import Blueprint, Brief
from agents.providers.offline.reading import read
from agents.providers.offline.refusals import refusal
from agents.providers.offline.reply_format import file_block, json_fence
from agents.types import Purpose, SourceFile

NO_EYES = (
    "The offline provider cannot look at images, so this image was not used. "
    "Add a key for a model that can, or describe the image in words."
)
NO_EDITS = (
    "The offline provider cannot change an application by edits: it uses no AI. "
    "Describe the whole application with the change in it, or add a key."
)
NOTHING_TO_RESTORE = (
    "The files shown are as the blueprint writes them, and the offline provider cannot invent a fix: it uses no AI."
)
SUGGESTIONS = (
    "Add a key for a model, which can look at the failure itself.",
    "Check that the application's packages can be installed on this machine.",
)


def answer(request: Request) -> str:
    """The reply's text for one request; raises NotUnderstood for what no blueprint covers."""
    return _ANSWERS[request.purpose](request)


def _brief(request: Request) -> Brief:
    """Read the description again; a name or language that was settled before wins."""
    data = request.data
    name, language = data.get("name", ""), data.get("language", "")
    if data.get("requirements"):
        settled = Requirements.model_validate_json(data["requirements"])
        name, language = settled.name, settled.language
    return read(data["description"], name=name, language=language)


def _blueprint(brief: Brief) -> Blueprint:
    found = BLUEPRINTS.get((brief.project_type, brief.language))
    if found is None:
        raise refusal(f"There is no blueprint for {brief.project_type.replace('_', ' ')} in {brief.language}.")
    return found


def _requirements(request: Request) -> str:
    brief = _brief(request)
    return json_fence(_blueprint(brief).requirements(brief).model_dump(mode="json"))


def _plan(request: Request) -> str:
    brief = _brief(request)
    return json_fence(_blueprint(brief).plan(brief).model_dump(mode="json"))


def _change(request: Request) -> str:
    """The whole application as its description has it: no edit is made without AI.

    Raises NotUnderstood for words that only say what is to change.
    """
    if request.data.get("change"):
        raise NotUnderstood(NO_EDITS)
    brief = _brief(request)
    required, plan = _blueprint(brief).requirements(brief), _blueprint(brief).plan(brief)
    kept = required.model_dump(mode="json", include={"summary", "criteria", "dependencies", "assumptions"})
    return json_fence({**kept, **plan.model_dump(mode="json"), "removed": [], "removed_files": []})


def _edit(request: Request) -> str:
    """Words only: there is nothing to edit without a change. Raises NotUnderstood for one."""
    if request.data.get("change"):
        raise NotUnderstood(NO_EDITS)
    return NO_EDITS


def _files(request: Request) -> str:
    brief = _brief(request)
    blueprint = _blueprint(brief)
    files = [_render(blueprint, brief, path) for path in _paths(request)]
    return "\n".join(file_block(file, request.data["nonce"]) for file in files)


def _render(blueprint: Blueprint, brief: Brief, path: str) -> SourceFile:
    try:
        return blueprint.render(brief, path)
    except KeyError as error:
        raise NotUnderstood(
            f"The offline provider has no template for the file {path}; it can write only the files of its own plan. "
            "Start the run again from 'structure', or add a key."
        ) from error


def _planned_files(request: Request, kinds: tuple[FileKind, ...]) -> dict[str, SourceFile]:
    """What the blueprint writes for the files of its plan that are of these kinds."""
    brief = _brief(request)
    blueprint = _blueprint(brief)
    files = blueprint.plan(brief).files
    return {file.path: blueprint.render(brief, file.path) for file in files if file.kind in kinds}


def _validation(request: Request) -> str:
    """Confidence is the share of the shown source and test files that stand as the blueprint writes them.

    A criterion counts as met when all of them do: each blueprint's own tests cover each of its criteria.
    """
    given = _shown(request)
    wanted = {path: file.text for path, file in _planned_files(request, ("source", "test")).items() if path in given}
    changed = sorted(path for path, text in wanted.items() if given[path] != text)
    share = (len(wanted) - len(changed)) / len(wanted) if wanted else 0.0
    reason = f"{len(wanted) - len(changed)} of {len(wanted)} files stand as the blueprint writes them; no AI read them."
    if changed:
        reason += f" Changed: {', '.join(changed)}."
    reply = {
        "confidence": round(share, 3),
        "reason": reason,
        "criteria_met": dict.fromkeys(_criteria(request), bool(wanted) and not changed),
        "findings": [],
    }
    return json_fence(reply)


def _repair(request: Request) -> str:
    """Restore files that differ from what the blueprint writes; without any, say that there is nothing to do."""
    given = _shown(request)
    planned = _planned_files(request, ("source", "extra", "test"))
    differing = [file for path, file in planned.items() if given.get(path, file.text) != file.text]
    if not differing:
        return json_fence({"explanation": NOTHING_TO_RESTORE, "suggestions": list(SUGGESTIONS)})
    names = ", ".join(file.path for file in differing)
    explanation = f"These files differ from what the blueprint writes and are written again: {names}."
    head = json_fence({"explanation": explanation, "suggestions": []})
    return head + "\n" + "\n".join(file_block(file, request.data["nonce"]) for file in differing)


def _image(_: Request) -> str:
    return NO_EYES


def _criteria(request: Request) -> list[str]:
    """The ids of the acceptance criteria."""
    return [criterion["id"] for criterion in json.loads(request.data.get("criteria") or "[]")]


def _paths(request: Request) -> list[str]:
    found: list[str] = json.loads(request.data.get("paths") or "[]")
    return found


def _shown(request: Request) -> dict[str, str]:
    """The files that the request shows, by path."""
    found: dict[str, str] = json.loads(request.data.get("files") or "{}")
    return found


_ANSWERS: dict[Purpose, Callable[[Request], str]] = {
    Purpose.REQUIREMENTS: _requirements,
    Purpose.PLAN: _plan,
    Purpose.CHANGE: _change,
    Purpose.EDIT: _edit,
    Purpose.SOURCE: _files,
    Purpose.EXTRAS: _files,
    Purpose.TESTS: _files,
    Purpose.VALIDATION: _validation,
    Purpose.REPAIR: _repair,
    Purpose.IMAGE: _image,
}
