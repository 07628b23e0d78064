"""Whether a file parses, by the kind of file, whatever the application's language. Parses only; nothing is run."""

from __future__ import annotations

import ast
import json
import tomllib
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import PurePosixPath

import tree_sitter
import tree_sitter_go
import tree_sitter_javascript
import tree_sitter_typescript

from agents.types import SourceFile

SCRIPTS = (".js", ".mjs", ".cjs", ".jsx")
TYPED_SCRIPTS = (".ts", ".mts", ".cts", ".tsx")
_GRAMMARS: dict[str, Callable[[], object]] = {
    **dict.fromkeys(SCRIPTS, tree_sitter_javascript.language),
    **dict.fromkeys(TYPED_SCRIPTS, tree_sitter_typescript.language_typescript),
    ".tsx": tree_sitter_typescript.language_tsx,
    ".go": tree_sitter_go.language,
}
_READERS: dict[str, Callable[[str], object]] = {".py": ast.parse, ".json": json.loads, ".toml": tomllib.loads}
# These are JSON with comments.
_COMMENTED = ("tsconfig", "jsconfig", ".eslintrc", "settings.json", "launch.json")


def syntax_error(file: SourceFile) -> str:
    """'' when a file parses (one of an unknown kind always does), otherwise what is wrong and where."""
    path = PurePosixPath(file.path)
    if path.suffix in _GRAMMARS:
        return _grammar_error(file)
    reader = _READERS.get(path.suffix)
    if reader is None or path.name.startswith(_COMMENTED):
        return ""
    try:
        reader(file.content.decode())
    except SyntaxError as error:
        return f"{file.path} line {error.lineno}: {error.msg}"
    except (UnicodeDecodeError, ValueError, RecursionError, MemoryError) as error:
        return f"{file.path} cannot be read: {str(error)[:200]}"
    return ""


def tree_of(file: SourceFile) -> tree_sitter.Tree | None:
    """The syntax tree of a JavaScript, TypeScript or Go file; None for other files."""
    suffix = PurePosixPath(file.path).suffix
    return _parser(suffix).parse(file.content) if suffix in _GRAMMARS else None


def nodes(root: tree_sitter.Node) -> Iterator[tree_sitter.Node]:
    """A node and all below it, in their order, without recursion: trees may be deep."""
    waiting = [root]
    while waiting:
        node = waiting.pop()
        yield node
        waiting.extend(reversed(node.children))


def text_of(node: tree_sitter.Node | None) -> str:
    """The words of a node; '' for none."""
    return "" if node is None or node.text is None else node.text.decode(errors="replace")


def _grammar_error(file: SourceFile) -> str:
    tree = tree_of(file)
    if tree is None or not tree.root_node.has_error:
        return ""
    for node in nodes(tree.root_node):
        if node.is_error or node.is_missing:
            line = node.start_point.row + 1
            what = f"'{node.type}' is missing" if node.is_missing else f"cannot be understood: {_shown(node)!r}"
            return f"{file.path} line {line}: {what}"
    return f"{file.path} does not parse"


def _shown(node: tree_sitter.Node) -> str:
    return text_of(node).strip().split("\n")[0][:80]


@cache
def _parser(suffix: str) -> tree_sitter.Parser:
    return tree_sitter.Parser(tree_sitter.Language(_GRAMMARS[suffix]()))
