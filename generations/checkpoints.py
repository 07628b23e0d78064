"""How a run's state is stored in a checkpoint, checked and read back."""

from __future__ import annotations

import hashlib
import json
import zlib

from agents.errors import AgentError
from agents.state import RunState, load_state
from agents.types import SourceFile
from agents.workspace import tree_hash
from generations.images import data_urls
from generations.masking import mask_value
from generations.models import Checkpoint, Run
from generations.text import storable


def state_document(state: RunState) -> object:
    """The state as JSON, without the pictures (they are stored with the run) and without our secrets."""
    plain = state.model_copy(update={"images": ()}).model_dump(mode="json")
    return mask_value(storable(plain), known_only=True)


def state_hash(document: object) -> str:
    """SHA-256 of a stored state; the order of keys does not matter."""
    text = json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()


def initial_state(run: Run) -> RunState:
    """What is known before the first stage: the person's order."""
    state = RunState(prompt=run.prompt, name=run.settings.get("name", ""), language=run.settings.get("language", ""))
    return with_words(state, run)


def with_words(state: RunState, run: Run) -> RunState:
    """The state with what only the person's order holds: images, and what was answered and approved since."""
    given = run.settings.get("answers", [])
    return state.model_copy(
        update={
            "images": data_urls(run),
            "asks": run.settings.get("asks", False),
            "answers": "\n\n".join(f"{question}\n{answer}" for question, answer in given),
            "answered": run.settings.get("answered", False),
            "approves": run.settings.get("approves", False),
            "approved": run.settings.get("approved", False),
        }
    )


def restore(checkpoint: Checkpoint) -> tuple[RunState, tuple[SourceFile, ...]] | None:
    """State and files of a checkpoint; None when one of them is not what was stored, or cannot be read."""
    if state_hash(checkpoint.state) != checkpoint.state_sha256:
        return None
    try:
        rows = checkpoint.artifacts.select_related("blob").order_by("path")
        files = tuple(row.source_file() for row in rows)
        state = load_state(checkpoint.state)
    except (AgentError, zlib.error):
        return None
    return (state, files) if tree_hash(files) == checkpoint.tree else None


def known_metrics(state: RunState) -> dict[str, object]:
    """The quality measures of a state by name, None where unknown; empty before they are taken."""
    if state.quality is None:
        return {}
    values = {name: measure.value for name, measure in state.quality.measures.items()}
    return {**values, "overall": state.quality.overall}
