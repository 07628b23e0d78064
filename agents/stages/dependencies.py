"""The dependency doctor: imports against manifest, versions against what exists. Costs no model tokens."""

from __future__ import annotations

import re

from agents.context import RunContext
from agents.errors import DependencyError
from agents.evidence import Finding
from agents.languages.base import Fetched, Toolchain
from agents.stages.base import keep, log, say
from agents.state import RunState
from agents.types import Level, SourceFile, StageName

_PACKAGE = re.compile(r"it comes with '([^\s']+)'$")


def mend_manifest(state: RunState, context: RunContext, stage: StageName) -> None:
    """Add what is imported but not declared, replace versions that do not exist, write the lock file.

    What cannot be mended is logged and left to the execution stage, which shows it as a failed install.
    """
    toolchain = context.toolchain(state.needed_requirements().language)
    say(context, stage, "Checking imports and dependencies")
    try:
        lines = manifest_of(context, toolchain)
        lines = _with_missing(context, toolchain, stage, lines)
        fetched = _fetched(context, toolchain, stage, lines)
    except DependencyError as error:
        log(context, stage, str(error), Level.WARNING)
        return
    manifest = context.workspace.read(toolchain.manifest)
    for path, text in toolchain.lock_files(fetched, "" if manifest is None else manifest.text).items():
        keep(context, stage, SourceFile(path, text.encode()))


def unresolved(context: RunContext, toolchain: Toolchain, lines: tuple[str, ...]) -> tuple[Finding, ...]:
    """Imports that nothing explains, going by what the declared packages really hold where they can be had."""
    dependencies = (*lines, *toolchain.test_requirements)
    try:
        fetched = toolchain.fetch(dependencies, context.package_cache, stop=context.journal.stop_requested)
    except DependencyError:
        return toolchain.unresolved_imports(context.workspace.files(), dependencies, frozenset())
    return toolchain.unresolved_imports(
        context.workspace.files(), dependencies, toolchain.modules_in(fetched, dependencies)
    )


def manifest_of(context: RunContext, toolchain: Toolchain) -> tuple[str, ...]:
    """The requirements that the application declares. Raises DependencyError naming a refused line."""
    file = context.workspace.read(toolchain.manifest)
    return () if file is None else toolchain.read_manifest(file.text)


def _with_missing(
    context: RunContext, toolchain: Toolchain, stage: StageName, lines: tuple[str, ...]
) -> tuple[str, ...]:
    found = unresolved(context, toolchain, lines)
    names = sorted({match[1] for one in found if (match := _PACKAGE.search(one.message))})
    added: list[str] = []
    for name in names:
        try:
            fetched = toolchain.fetch(
                (*lines, *added, name), context.package_cache, stop=context.journal.stop_requested
            )
        except DependencyError:
            log(context, stage, f"'{name}' is imported, but no such package can be had.", Level.WARNING)
        else:
            added.append(toolchain.declared(name, fetched))
            log(context, stage, f"Added '{name}' to {toolchain.manifest}: it is imported.")
    if added:
        _write(context, toolchain, stage, (*lines, *added))
    return (*lines, *added)


def _fetched(context: RunContext, toolchain: Toolchain, stage: StageName, lines: tuple[str, ...]) -> Fetched:
    stop = context.journal.stop_requested
    try:
        return toolchain.fetch(lines, context.package_cache, stop=stop)
    except DependencyError as error:
        loose = tuple(toolchain.unpinned(line) for line in lines)
        if loose == lines:
            raise
        log(context, stage, f"{error} Trying without the versions.", Level.WARNING)
        fetched = toolchain.fetch(loose, context.package_cache, stop=stop)
        _write(context, toolchain, stage, tuple(toolchain.pinned(line, fetched) for line in loose))
        return fetched


def _write(context: RunContext, toolchain: Toolchain, stage: StageName, lines: tuple[str, ...]) -> None:
    before = context.workspace.read(toolchain.manifest)
    text = toolchain.write_manifest("" if before is None else before.text, lines)
    keep(context, stage, SourceFile(toolchain.manifest, text.encode()))
