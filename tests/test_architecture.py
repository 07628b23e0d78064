"""The layers point one way, and files and functions stay short."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
MAX_FILE_LINES, MAX_TEST_LINES, MAX_FUNCTION_LINES, MAX_TEMPLATE_LINES, MAX_SCRIPT_LINES = 300, 330, 50, 120, 100

# Each layer of the engine may import itself and whatever stands in a later row.
ENGINE_LAYERS = (
    {"pipeline"},
    {"stages", "execution"},
    {"roles"},
    {"asking", "learning", "probing"},
    {"calling"},
    {"context"},
    {
        "quality", "memory", "prompts", "receipts", "replies", "edits", "gates", "inventory", "criteria", "strict_json",
        "plan_check", "steps", "workspace", "budget", "bench", "spending",
    },
    {"condense"},
    {"providers", "sandboxes", "languages", "watching"},
    {"question", "programs"},
    {"state", "events", "plan", "evidence"},
    {"paths"},
    {"types", "errors", "faults"},
)  # fmt: skip


def python_files(*folders: str) -> list[Path]:
    """Every module of the project below some folders, migrations left out."""
    return [p for f in folders for p in sorted((ROOT / f).rglob("*.py")) if "migrations" not in p.parts]


def imported(path: Path) -> set[str]:
    """The dotted names that a module imports."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {f"{node.module}.{alias.name}" for alias in node.names} | {node.module}
    return names


def top(names: set[str]) -> set[str]:
    """The first part of each dotted name."""
    return {name.split(".")[0] for name in names}


@pytest.mark.parametrize("path", python_files("agents"), ids=lambda p: str(p.relative_to(ROOT)))
def test_the_engine_knows_neither_django_nor_the_site(path: Path) -> None:
    assert not top(imported(path)) & {"django", "generations", "autocoder_site", "channels", "django_q"}


@pytest.mark.parametrize("path", python_files("generations"), ids=lambda p: str(p.relative_to(ROOT)))
def test_the_app_does_not_import_the_site(path: Path) -> None:
    assert "autocoder_site" not in top(imported(path))


def layer_of(module: str) -> int | None:
    """The row of ``ENGINE_LAYERS`` that a part of the engine stands in."""
    name = re.sub(r"_.*", "", module) if module not in {n for row in ENGINE_LAYERS for n in row} else module
    return next((row for row, names in enumerate(ENGINE_LAYERS) if module in names or name in names), None)


def test_layers_of_the_engine_point_one_way() -> None:
    wrong = []
    for path in python_files("agents"):
        own = layer_of(path.relative_to(ROOT / "agents").with_suffix("").parts[0])
        for name in imported(path):
            parts = name.split(".")
            other = layer_of(parts[1]) if parts[0] == "agents" and len(parts) > 1 else None
            if own is not None and other is not None and other < own:
                wrong.append(f"{path.relative_to(ROOT)} imports {name}")
    assert wrong == []


def test_every_part_of_the_engine_stands_in_a_layer() -> None:
    parts = {p.relative_to(ROOT / "agents").with_suffix("").parts[0] for p in python_files("agents")} - {"__init__"}
    assert sorted(part for part in parts if layer_of(part) is None) == []


def test_no_file_is_long() -> None:
    code = python_files("agents", "generations", "autocoder_site", "multi_agent_system")
    code += [ROOT / "manage.py", ROOT / "autonomous_coder.py"]
    limits = [(path, MAX_FILE_LINES) for path in code]
    limits += [(path, MAX_TEST_LINES) for path in python_files("tests")]
    limits += [(path, MAX_TEMPLATE_LINES) for path in (ROOT / "templates").rglob("*.html")]
    limits += [(path, MAX_SCRIPT_LINES) for path in (ROOT / "static" / "js").rglob("*.js")]
    assert [str(p.relative_to(ROOT)) for p, limit in limits if len(p.read_text().splitlines()) > limit] == []


def test_no_function_is_long() -> None:
    long = []
    for path in python_files("agents", "generations", "autocoder_site", "multi_agent_system"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.end_lineno:
                lines = node.end_lineno - node.lineno + 1
                if lines > MAX_FUNCTION_LINES:
                    long.append(f"{path.relative_to(ROOT)}:{node.lineno} {node.name}")
    assert long == []


def test_broad_handlers_stand_in_one_place_only() -> None:
    broad = [
        str(path.relative_to(ROOT))
        for path in python_files("agents", "generations", "autocoder_site", "multi_agent_system")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.ExceptHandler)
        and (node.type is None or (isinstance(node.type, ast.Name) and node.type.id in {"Exception", "BaseException"}))
    ]
    assert broad == ["generations/tasks.py"]


def test_no_module_is_a_drawer() -> None:
    drawers = {"utils", "helpers", "common", "services", "managers", "constants", "mixins"}
    assert [p for p in python_files("agents", "generations", "autocoder_site") if p.stem in drawers] == []
