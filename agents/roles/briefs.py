"""Requirements and plans as short text for a prompt: half the tokens of their JSON."""

from __future__ import annotations

import json

from agents.plan import Commands, Plan, PlannedFile, Requirements


def requirements_text(found: Requirements) -> str:
    """Name, kind, criteria, dependencies and assumptions, one a line."""
    lines = [
        f"{found.name} ({found.project_type}, {found.language}): {found.summary}",
        "Acceptance criteria:",
        *(f"{criterion.id}: {criterion.text}" for criterion in found.criteria),
        f"Dependencies: {', '.join(found.dependencies) or 'none'}",
    ]
    if found.assumptions:
        lines += ["Assumptions:", *(f"- {text}" for text in found.assumptions)]
    return "\n".join(lines)


def plan_text(plan: Plan) -> str:
    """Every file with what it offers and needs, then the commands."""
    return "\n".join([*(_file_text(file) for file in plan.files), _commands_text(plan.commands)])


def _file_text(file: PlannedFile) -> str:
    marks: list[str] = [file.kind]
    if file.executable:
        marks.append("executable")
    if file.depends_on:
        marks.append(f"uses {', '.join(file.depends_on)}")
    interface = f"\n  {file.interface.strip()}".replace("\n", "\n  ") if file.interface.strip() else ""
    return f"{file.path} ({'; '.join(marks)}): {file.purpose}{interface}"


def _commands_text(commands: Commands) -> str:
    lines = [f"install: {commands.install}", f"start: {commands.start}", f"test: {commands.test}"]
    if commands.port is not None:
        lines.append(f"port: {commands.port}")
    for probe in commands.probes:
        body = "" if probe.body is None else f" {json.dumps(probe.body, ensure_ascii=False)}"
        lines.append(f"probe: {probe.method} {probe.path}{body} answers {probe.expect}")
    lines += [f"example: {line}" for line in commands.examples]
    return "\n".join(lines)
