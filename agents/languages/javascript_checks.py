"""Static checks of JavaScript and TypeScript: imports and comments by parsing here, the rest by tools at the bench.

The tools are the image's own (eslint, prettier, tsc) with our configuration; an application's is code and is not read.
"""

from __future__ import annotations

import json
import posixpath
import re
from collections.abc import Iterator
from pathlib import PurePosixPath

import tree_sitter

from agents.errors import SandboxFailure
from agents.evidence import Finding
from agents.languages.base import Bench
from agents.languages.syntax import SCRIPTS, TYPED_SCRIPTS, nodes, syntax_error, text_of, tree_of
from agents.types import Level, SourceFile

SUFFIXES = (*SCRIPTS, *TYPED_SCRIPTS)
FORMATTED = (*SUFFIXES, ".json", ".css", ".md", ".yml", ".yaml")
BUILTINS = frozenset(
    re.findall(
        r"\w+",
        "assert async_hooks buffer child_process cluster console constants crypto dgram diagnostics_channel dns domain "
        "events fs http http2 https inspector module net os path perf_hooks process punycode querystring readline repl "
        "stream string_decoder sys timers tls trace_events tty url util v8 vm wasi worker_threads zlib",
    )
)
BIN = "/opt/tools/node_modules/.bin"
RESULTS = "/tmp/results"  # noqa: S108 - in the sandbox
_SERIOUS = frozenset(
    re.findall(
        r"\S+",
        "constructor-super no-class-assign no-const-assign no-dupe-args no-dupe-class-members no-dupe-keys "
        "no-func-assign no-import-assign no-new-native-nonconstructor no-obj-calls no-this-before-super no-undef "
        "no-unsafe-finally no-eval no-implied-eval no-new-func security/detect-eval-with-expression "
        "security/detect-bidi-characters",
    )
)
_SECURITY = ("security/", "no-eval", "no-implied-eval", "no-new-func", "no-script-url")
_MADE = re.compile(r"^(dist|build|out|coverage|generated)/")


def lint(files: tuple[SourceFile, ...], bench: Bench) -> tuple[Finding, ...]:
    """Findings of eslint by our own rules; comments in the files cannot switch them off."""
    chosen = tuple(file for file in files if file.path.endswith(SUFFIXES))
    if not chosen:
        return ()
    # The parser of TypeScript takes seconds to load.
    rules = "typescript" if any(file.path.endswith(TYPED_SCRIPTS) for file in chosen) else "javascript"
    command = f"mkdir {RESULTS} && node {BIN}/eslint --no-config-lookup -c /opt/tools/{rules}.mjs"
    line = f"{command} --no-inline-config -f json -o {RESULTS}/lint.json --no-warn-ignored .; test $? -lt 2"
    work = bench.run(line, chosen, results=RESULTS)
    report = next((file.text for file in work.files if file.path == "lint.json"), "")
    if work.exit_code != 0 or not report:
        raise SandboxFailure(f"The linter could not be run: {work.output.strip()[-300:]}")
    return tuple(_finding(file["filePath"], entry) for file in json.loads(report) for entry in file["messages"])


def _finding(path: str, entry: dict[str, object]) -> Finding:
    rule = str(entry.get("ruleId") or "syntax")
    serious = rule in _SERIOUS or bool(entry.get("fatal"))
    return Finding(
        path=path.removeprefix("/work/"),
        line=int(str(entry.get("line") or 0)),
        level=Level.ERROR if serious else Level.WARNING,
        rule=f"S:{rule.removeprefix('security/')}" if rule.startswith(_SECURITY) else rule,
        message=str(entry.get("message"))[:500],
    )


def format_files(files: tuple[SourceFile, ...], bench: Bench) -> tuple[SourceFile, ...]:
    """The files as prettier writes them without any configuration; those that do not parse stay as they are."""
    chosen = tuple(
        file
        for file in files
        if file.path.endswith(FORMATTED)
        and PurePosixPath(file.path).name != "package-lock.json"
        and not syntax_error(file)
    )
    if not chosen:
        return files
    line = f"node {BIN}/prettier --no-config --no-editorconfig --ignore-path /dev/null --log-level error --write ."
    formatted = {file.path: file.content for file in bench.run(line, chosen, results="/work").files}
    paths = {file.path for file in chosen}
    return tuple(
        SourceFile(file.path, formatted.get(file.path, file.content), file.mode) if file.path in paths else file
        for file in files
    )


def unresolved_imports(
    files: tuple[SourceFile, ...], dependencies: tuple[str, ...], fetched: frozenset[str] = frozenset()
) -> tuple[Finding, ...]:
    """Imports of packages that are not declared, and of files that are not there."""
    declared = fetched | {re.sub(r"(?<=.)@.*$| dev$", "", line) for line in dependencies}
    paths = {file.path for file in files}
    found = []
    for file in files:
        if file.path.endswith(SUFFIXES):
            found += [
                _unresolved(file, name, line)
                for name, line in _imported(file)
                if not _explained(file, name, declared, paths)
            ]
    return tuple(found)


def _unresolved(file: SourceFile, name: str, line: int) -> Finding:
    if name.startswith("."):
        text = f"'{name}' is imported, but there is no such file"
    else:
        text = f"'{name}' is imported but not declared; it comes with '{package_of(name)}'"
    return Finding(path=file.path, line=line, level=Level.ERROR, rule="import", message=text)


def _explained(file: SourceFile, name: str, declared: frozenset[str], paths: set[str]) -> bool:
    if name.startswith("."):
        return _is_there(posixpath.normpath(posixpath.join(posixpath.dirname(file.path), name)), paths)
    # Addresses and absolute paths are for browsers; '#', '@/' and '~/' are short names of the application's own.
    if name.startswith(("node:", "/", "#", "@/", "~/", "data:", "http:", "https:")):
        return True
    package = package_of(name)
    return package in declared or name.split("/")[0] in BUILTINS


def _is_there(target: str, paths: set[str]) -> bool:
    """Whether a path names a file, an index in a folder, or a compiled file whose source is there."""
    if target in paths or target == "." or _MADE.match(target):
        return True
    stem, suffix = posixpath.splitext(target)
    compiled = {".js": (".ts", ".tsx"), ".mjs": (".mts",), ".cjs": (".cts",), ".jsx": (".tsx",)}.get(suffix, ())
    ends = (*SUFFIXES, ".json")
    names = (*(stem + one for one in compiled), *(target + one for one in ends), *(f"{target}/index{e}" for e in ends))
    return any(name in paths for name in names)


def package_of(name: str) -> str:
    """'@scope/name' or 'name' of what is imported."""
    return "/".join(name.split("/")[: 2 if name.startswith("@") else 1])


def _imported(file: SourceFile) -> Iterator[tuple[str, int]]:
    """What a file imports, with the line; types alone are left out, since they are gone when it runs."""
    tree = tree_of(file)
    if tree is None or tree.root_node.has_error:
        return
    for node in nodes(tree.root_node):
        source = None
        if node.type in ("import_statement", "export_statement"):
            source = None if _is_type_only(node) else node.child_by_field_name("source")
        elif node.type == "call_expression" and text_of(node.child_by_field_name("function")) in ("require", "import"):
            arguments = node.child_by_field_name("arguments")
            first = arguments.named_children[0] if arguments is not None and arguments.named_children else None
            source = first if first is not None and first.type == "string" else None
        if source is not None and (name := text_of(source).strip("'\"`")):
            yield name, node.start_point.row + 1


def _is_type_only(node: tree_sitter.Node) -> bool:
    return len(node.children) > 1 and node.children[1].type == "type"


def documented(file: SourceFile) -> tuple[int, int]:
    """Exported functions, classes and types with a comment right before them, and all of them."""
    tree = tree_of(file) if file.path.endswith(SUFFIXES) else None
    if tree is None or tree.root_node.has_error:
        return 0, 0
    found = public = 0
    for node in tree.root_node.children:
        declaration = node.child_by_field_name("declaration") if node.type == "export_statement" else None
        if declaration is not None and declaration.type != "identifier":
            public += 1
            found += node.prev_sibling is not None and node.prev_sibling.type == "comment"
    return found, public
