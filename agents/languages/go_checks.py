"""Static checks of Go: imports, comments and dangers by parsing here; gofmt and go vet at the bench."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

import tree_sitter

from agents.evidence import Finding
from agents.languages.base import Bench
from agents.languages.go_manifest import module_path, parts
from agents.languages.syntax import nodes, syntax_error, text_of, tree_of
from agents.types import Level, SourceFile

RESULTS = "/tmp/results"  # noqa: S108 - in the sandbox
_CACHE = "cp -rs /opt/gocache /tmp/gocache; export GOCACHE=/tmp/gocache GOMODCACHE=/deps/modules CGO_ENABLED=0"
_PROXY = "export GOPROXY=file:///deps/proxy GOSUMDB=off GOTOOLCHAIN=local GOFLAGS='-mod=mod -modcacherw -p=2'"
_AT = re.compile(r"^(?:vet: )?(?:\./)?(?P<path>[^\s:]+\.go):(?P<line>\d+):(?:\d+:)? (?P<text>.+)$", re.MULTILINE)
# A package that is not fetched yet is told by the imports; that is not the compiler's to say.
_MISSING = re.compile(r"no required module provides|could not import|cannot find module|is not in std|missing go.sum")

# Dangers by the call or name that they begin with: a pattern over its source text, and what is wrong.
_DANGERS: tuple[tuple[str, re.Pattern[str], Level, str], ...] = (
    (
        "shell",
        re.compile(r'^exec\.Command(?:Context)?\((?:[^,()"]+, )?"(?:/bin/)?(?:ba|da|z)?sh", "-c", [^"]'),
        Level.ERROR,
        "a shell runs a line that is put together at run time",
    ),
    (
        "sql",
        re.compile(r"^\w+(?:\.\w+)*\.(?:Query|QueryRow|Exec)(?:Context)?\((?:\w+, )?(?:fmt\.Sprintf\(|\"[^\"]*\" ?\+)"),
        Level.ERROR,
        "a query is put together from text; give values as parameters",
    ),
    ("tls", re.compile(r"^InsecureSkipVerify: *true"), Level.ERROR, "certificates are not verified"),
    ("hash", re.compile(r"^(?:md5|sha1)\.(?:New|Sum)\("), Level.WARNING, "MD5 and SHA-1 are no longer safe"),
    ("cipher", re.compile(r"^(?:des|rc4)\.New\w*\("), Level.WARNING, "this cipher is no longer safe"),
    ("mode", re.compile(r"^os\.(?:Chmod|WriteFile|MkdirAll?)\(.*0o?777\)"), Level.WARNING, "all may write"),
    ("html", re.compile(r"^template\.(?:HTML|JS|URL)\((?!\s*[\"`])"), Level.WARNING, "text gets into a page as it is"),
)  # fmt: skip


def lint(files: tuple[SourceFile, ...], bench: Bench) -> tuple[Finding, ...]:
    """Findings of go vet and the compiler, and dangers that the sources show."""
    chosen = tuple(file for file in files if file.path.endswith(".go"))
    if not chosen:
        return ()
    work = bench.run(f"{_CACHE}; {_PROXY}; go vet -json ./...; true", files, results=RESULTS)
    own = {file.path for file in chosen}
    compiled = (one for one in _compiler(work.output) if one.path in own)
    return (*compiled, *_vetted(work.output, own), *(danger for file in chosen for danger in _dangers(file)))


def type_check(files: tuple[SourceFile, ...], bench: Bench) -> tuple[Finding, ...] | None:
    """What the compiler holds against the sources; None where there are none."""
    own = {file.path for file in files if file.path.endswith(".go")}
    if not own:
        return None
    work = bench.run(f"{_CACHE}; {_PROXY}; go build -gcflags=-e -o /dev/null ./...; true", files, results=RESULTS)
    return tuple(one.model_copy(update={"rule": "type:error"}) for one in _compiler(work.output) if one.path in own)


def _compiler(output: str) -> Iterator[Finding]:
    for found in _AT.finditer(output):
        text = found["text"][:500]
        if not _MISSING.search(text):
            yield Finding(path=found["path"], line=int(found["line"]), level=Level.ERROR, rule="compile", message=text)


def _vetted(output: str, own: set[str]) -> Iterator[Finding]:
    """The findings in the objects that vet prints, one a package, between lines that begin with '#'."""
    decoder, at = json.JSONDecoder(), 0
    while (start := output.find("{", at)) >= 0:
        try:
            packages, at = decoder.raw_decode(output, start)
        except ValueError:
            at = start + 1
            continue
        for analyzers in packages.values() if isinstance(packages, dict) else ():
            for rule, entries in analyzers.items() if isinstance(analyzers, dict) else ():
                found = [_vet_finding(rule, entry) for entry in entries if isinstance(entry, dict)]
                yield from (one for one in found if one.path in own)


def _vet_finding(rule: str, entry: dict[str, str]) -> Finding:
    path, line, *_ = f"{entry.get('posn', '')}::0".removeprefix("/work/").split(":")
    return Finding(
        path=path, line=int(line or 0), level=Level.WARNING, rule=rule, message=str(entry.get("message", ""))[:500]
    )


def _dangers(file: SourceFile) -> Iterator[Finding]:
    tree = tree_of(file)
    if tree is None or tree.root_node.has_error or file.path.endswith("_test.go"):
        return
    seen: set[tuple[str, int]] = set()
    for node in nodes(tree.root_node):
        if node.type in ("call_expression", "keyed_element"):
            text, line = " ".join(text_of(node).split()), node.start_point.row + 1
            for rule, pattern, level, why in _DANGERS:
                if pattern.search(text) and (rule, line) not in seen:
                    seen.add((rule, line))
                    told = f"{text[:80]}: {why}"
                    yield Finding(path=file.path, line=line, level=level, rule=f"S:{rule}", message=told)


def format_files(files: tuple[SourceFile, ...], bench: Bench) -> tuple[SourceFile, ...]:
    """The files as gofmt writes them; those that do not parse stay as they are."""
    chosen = tuple(file for file in files if file.path.endswith(".go") and not syntax_error(file))
    if not chosen:
        return files
    formatted = {file.path: file.content for file in bench.run("gofmt -w .", chosen, results="/work").files}
    paths = {file.path for file in chosen}
    return tuple(
        SourceFile(file.path, formatted.get(file.path, file.content), file.mode) if file.path in paths else file
        for file in files
    )


def unresolved_imports(
    files: tuple[SourceFile, ...], dependencies: tuple[str, ...], _fetched: frozenset[str] = frozenset()
) -> tuple[Finding, ...]:
    """Imports of modules that are not required, and of own packages that are not there."""
    own = next((module_path(file.text) for file in files if file.path == "go.mod"), "")
    folders = {file.path.rpartition("/")[0] for file in files if file.path.endswith(".go")}
    declared = {parts(line).path for line in dependencies}
    found = []
    for file in files:
        if file.path.endswith(".go"):
            for name, line in _imported(file):
                problem = _problem(name, own, folders, declared)
                if problem:
                    found.append(Finding(path=file.path, line=line, level=Level.ERROR, rule="import", message=problem))
    return tuple(found)


def _problem(name: str, own: str, folders: set[str], declared: set[str]) -> str:
    if own and (name == own or name.startswith(f"{own}/")):
        there = name.removeprefix(own).strip("/") in folders
        return "" if there else f"'{name}' is imported, but the application has no such package"
    # Only the standard library has packages without a host.
    if "." not in name.split("/")[0] or any(name == path or name.startswith(f"{path}/") for path in declared):
        return ""
    return f"'{name}' is imported but not required; it comes with '{_module_of(name)}'"


def _module_of(name: str) -> str:
    """The module that a package most likely belongs to."""
    words = name.split("/")
    hosts = {"github.com": 3, "gitlab.com": 3, "bitbucket.org": 3, "golang.org": 3}
    size = hosts.get(words[0], 2)
    if len(words) > size and re.fullmatch(r"v[2-9]\d?", words[size]):
        size += 1
    return "/".join(words[:size])


def _imported(file: SourceFile) -> Iterator[tuple[str, int]]:
    tree = tree_of(file)
    if tree is None or tree.root_node.has_error:
        return
    for node in nodes(tree.root_node):
        if node.type == "import_spec":
            yield text_of(node.child_by_field_name("path")).strip('"`'), node.start_point.row + 1


def documented(file: SourceFile) -> tuple[int, int]:
    """Exported functions, methods and types with a comment right before them, and all of them."""
    tree = tree_of(file) if file.path.endswith(".go") and not file.path.endswith("_test.go") else None
    if tree is None or tree.root_node.has_error:
        return 0, 0
    found = public = 0
    for node in tree.root_node.children:
        if _is_exported(node):
            public += 1
            before = node.prev_sibling
            while before is not None and before.type == "\n":
                before = before.prev_sibling
            found += before is not None and before.type == "comment"
    return found, public


def _is_exported(node: tree_sitter.Node) -> bool:
    if node.type in ("function_declaration", "method_declaration"):
        return text_of(node.child_by_field_name("name"))[:1].isupper()
    if node.type == "type_declaration":
        return any(text_of(spec.child_by_field_name("name"))[:1].isupper() for spec in node.named_children)
    return False
