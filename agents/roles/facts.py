"""The named blocks and facts that every prompt of a run shares."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from agents.asking import nonce_for
from agents.context import RunContext
from agents.errors import AgentError
from agents.events import LogLine
from agents.languages.base import Toolchain
from agents.question import Question
from agents.receipts import CHARACTERS_PER_TOKEN
from agents.roles.briefs import plan_text, requirements_text
from agents.state import Recollection, RunState
from agents.types import Level, Purpose, Role, SourceFile, StageName

MAX_FILE_CHARACTERS = 40_000
# Our own words of the longest prompt, and a margin for models that count more tokens than we do.
PROMPT_CHARACTERS = 8_000
CONTEXT_SHARE = 0.9


@dataclass(frozen=True, slots=True)
class Asker:
    """Who asks for what, in which stage; facts that this template alone wants, and the schema of a JSON answer."""

    stage: StageName
    role: Role
    purpose: Purpose
    facts: Mapping[str, object] = field(default_factory=dict)
    json_schema: Mapping[str, object] | None = None


def question_for(
    context: RunContext,
    state: RunState,
    asker: Asker,
    files: Iterable[SourceFile] = (),
    recalled: tuple[Recollection, ...] = (),
    more: Mapping[str, str] | None = None,
) -> Question:
    """A request with everything that its template names: all blocks are there, '' for what is not known.

    ``files`` are shown as far as the models' context has room, the first first; the rest is named and logged.
    Raises AgentError when not even the description fits.
    """
    data = _blocks(context, state) | dict(more or {}) | {"recalled": _recalled_text(recalled)}
    data["files"], unshown = files_as_json(files, _room(context, state, asker.role, data))
    data["unshown"] = ", ".join(unshown)
    if unshown:
        text = f"Too large for the model's context, so not shown to the {asker.role}: {data['unshown']}"
        context.journal.record(LogLine(stage=asker.stage, level=Level.WARNING, text=text))
    return Question(
        stage=asker.stage,
        role=asker.role,
        purpose=asker.purpose,
        data=data,
        facts={**_facts(context, state), **asker.facts},
        json_schema=asker.json_schema,
        recalled=recalled,
    )


def _blocks(context: RunContext, state: RunState) -> dict[str, str]:
    requirements, plan = state.requirements, state.plan
    criteria = [] if requirements is None else [c.model_dump(mode="json") for c in requirements.criteria]
    return {
        "nonce": nonce_for(context),
        "description": _description(state),
        "name": state.name,
        "language": state.language,
        "requirements": "" if requirements is None else requirements.model_dump_json(),
        "plan": "" if plan is None else plan.model_dump_json(),
        "criteria": json.dumps(criteria, ensure_ascii=False),
        "paths": "[]",
        "problems": "",
    }


def _description(state: RunState) -> str:
    """The person's own words: what was ordered, and what was answered when asked about it."""
    return (
        f"{state.prompt}\n\nQuestions about it, and my answers:\n\n{state.answers}" if state.answers else state.prompt
    )


def _facts(context: RunContext, state: RunState) -> dict[str, object]:
    """Our own words about the language, for the templates; before it is settled, all languages."""
    key = state.requirements.language if state.requirements else state.language
    chains = [context.toolchain(key)] if key else list(context.toolchains.values())
    return {
        "label": " or ".join(chain.label for chain in chains),
        "manifest": " or ".join(chain.manifest for chain in chains),
        **_rules(chains),
        "languages": ", ".join(sorted(context.toolchains)),
        "test_command": "" if state.plan is None else state.plan.commands.test,
        "requirements_text": "" if state.requirements is None else requirements_text(state.requirements),
        "plan_text": "" if state.plan is None else plan_text(state.plan),
    }


def _rules(chains: list[Toolchain]) -> dict[str, object]:
    """How each language's applications are laid out, installed and tested."""
    return {
        "install_rule": "; ".join(f"{chain.name}: `{chain.words.install}`" for chain in chains),
        "test_rule": "; ".join(f"{chain.name}: `{chain.words.test}`" for chain in chains),
        "manifest_rule": "; or it ".join(chain.words.manifest for chain in chains),
        "structure_rules": [f"{chain.name}: {chain.words.structure}" for chain in chains if chain.words.structure],
    }


def _room(context: RunContext, state: RunState, role: Role, data: Mapping[str, str]) -> int:
    """Characters that are left for files in the smallest context of the role's models."""
    smallest = min(choice.context_tokens - choice.max_output_tokens for choice in context.catalogue.for_role(role))
    known = ("description", "requirements", "plan", "recalled", "problems", "evidence", "findings", "earlier")
    taken = sum(len(data.get(name, "")) for name in known) + PROMPT_CHARACTERS
    room = int(smallest * CHARACTERS_PER_TOKEN * CONTEXT_SHARE) - taken
    if room < 0:
        raise AgentError(
            f"The description and the plan ({taken // CHARACTERS_PER_TOKEN} tokens) do not fit the model's context "
            f"({smallest} tokens beside its answer). Choose a model with a larger context, or shorten the description."
        )
    return room


def files_as_json(files: Iterable[SourceFile], room: int) -> tuple[str, tuple[str, ...]]:
    """A JSON object of paths to texts within ``room`` characters, and the paths that did not fit."""
    shown: dict[str, str] = {}
    unshown: list[str] = []
    for file in files:
        text = file.text
        if len(text) > min(room, MAX_FILE_CHARACTERS) or "\x00" in text:
            unshown.append(file.path)
            continue
        shown[file.path] = text
        room -= len(text)
    return json.dumps(shown, indent=0, ensure_ascii=False), tuple(unshown)


def recalled_for(state: RunState, used_in: str) -> tuple[Recollection, ...]:
    """What was recalled for a purpose."""
    return tuple(entry for entry in state.recalled if entry.used_in == used_in)


def _recalled_text(recalled: tuple[Recollection, ...]) -> str:
    return "\n\n".join(f"{entry.title}\n{entry.text}" for entry in recalled)
