"""What a file from a model must pass before it is kept."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from pathlib import PurePosixPath

from agents.types import SourceFile

MIN_SHARE_KEPT = 0.5
SMALL_BYTES = 200
_PROSE = (".md", ".markdown", ".mdx", ".rst", ".adoc", ".txt", ".csv", ".tsv")
_TESTS = re.compile(r"(^|/)(tests?|spec|__tests__)/|(^|/)(test_|conftest)|[_.](test|spec)\.\w+$")
_OPENER = r"(?:#+|//+|/\*+|<!--|\{#|--|;|\*)"

# The words of a comment that stands for code that was left out. Dots make vaguer words sure.
_THING = (
    r"(?:code|file|implementation|methods?|functions?|class(?:es)?|routes?|endpoints?|handlers?|imports?|tests?|logic"
    r"|component|styles?|module|script|content)"
)
_KEPT = (
    r"(?:remains?|stays?|is|are|goes|go|kept|left)? ?"
    r"(?:here|(?:the )?(?:same|unchanged)|as (?:before|is|above|it was)|omitted|unmodified)"
)
_DOTS = r"(?:\.{3,}|…)"
_PHRASES = (
    r"\(?(?:the |your |my )?(?:rest|remainder) of (?:the |this |your |our )?"
    rf"(?:\w+ ){{0,2}}{_THING}(?: {_KEPT}.{{0,40}})?\)?",
    r"(?:all |the |your |and )*(?:remaining|other|previous|existing|original) "
    rf"(?:\w+ ){{0,2}}{_THING} {_KEPT}.{{0,40}}",
    r"(?:all |the )?existing code",
    r"(?:(?:add|insert|put|write|place) )?(?:your|the|more|actual) (?:\w+ )?"
    r"(?:code|logic|implementation) (?:goes )?here.{0,20}",
    r"implementation (?:goes )?here",
    r"(?:code |implementation )?omitted for brevity.{0,20}",
)
_LEFT_OUT = re.compile(
    rf"(?:{_DOTS} ?)?(?:{'|'.join(_PHRASES)}) ?[.!:]?(?: ?{_DOTS})?"
    rf"|{_DOTS} ?(?:and )?(?:the )?(?:rest|remaining|other|previous|existing|unchanged|same|omitted|more)\b.{{0,60}}"
    rf"|(?:the )?(?:rest|remaining|other|previous|existing)\b[\w ,]{{0,40}}\b{_THING}\b[\w ]{{0,20}}{_DOTS}",
    re.IGNORECASE,
)
_COMMENT = re.compile(rf"^[ \t]*(?:[({{\[] ?)?{_OPENER}[ \t]*(\S.{{0,160}})")
_BARE = re.compile(rf"^[ \t]*({_DOTS}[ \t]+\w.{{0,100}})")
_CLOSER = re.compile(r"\s*(?:\*+/|-->|#\})?\s*[)}\]]?\s*$")

# A block in braces that holds nothing but the promise of code.
_HOLLOW_BLOCK = re.compile(
    r"""(?:\)|=>)[^(){};=\n]{0,80}\{\s*+
    (?:(?://[^\n]{0,300}+\n|/\*(?:[^*]|\*(?!/)){0,300}+\*/)\s*+){0,20}+
    (?:throw\s+new\s+\w*(?:Error|Exception)\(\s*["'`][^"'`\n]{0,60}\b(?:not\s(?:yet\s)?implemented|unimplemented|todo)\b[^"'`\n]{0,60}["'`]\s*\);?
      |panic\(\s*["'`][^"'`\n]{0,60}\b(?:not\s(?:yet\s)?implemented|unimplemented|todo|implement\sme)\b[^"'`\n]{0,60}["'`]\s*\)
      |(?:unimplemented|todo)!\([^)\n]{0,80}\);?
      |return(?:\s+(?:null|undefined|nil|None))?;?)?
    \s*\}""",
    re.IGNORECASE | re.VERBOSE,
)
_PROMISE = re.compile(
    r"\bTODO\b|\bFIXME\b|\bimplement (?:me|this|it)\b|\bimplement(?:ation)?\b[^\n]{0,30}\bhere\b"
    r"|not (?:yet )?implemented|unimplemented|todo!",
    re.IGNORECASE,
)


def left_out(file: SourceFile) -> str:
    """'' for a complete file, otherwise a sentence that names the place-holder in it."""
    if PurePosixPath(file.path).suffix.lower() in _PROSE:
        return ""
    is_python = file.path.endswith((".py", ".pyi"))
    for line, comment in _python_comments(file.text) if is_python else _comments(file.text):
        if _stands_for_code(comment):
            return f"{file.path} line {line} leaves code out ({comment.strip()[:80]!r}). Write the whole file."
    if is_python:
        return _hollow_function(file) if file.path.endswith(".py") else ""
    return _hollow_block(file)


def shrunk(before: SourceFile | None, after: SourceFile) -> str:
    """'' unless a file lost more than half of itself, which a repair never asks for."""
    if before is None or len(before.content) < SMALL_BYTES:
        return ""
    if len(after.content) < MIN_SHARE_KEPT * len(before.content):
        return (
            f"{after.path} would shrink from {len(before.content)} to {len(after.content)} bytes. Give the whole file, "
            "with everything that need not change."
        )
    return ""


def _stands_for_code(comment: str) -> bool:
    return _LEFT_OUT.fullmatch(_CLOSER.sub("", comment[:200]).strip()) is not None


def _python_comments(text: str) -> Iterator[tuple[int, str]]:
    """Line and words of each comment; what stands inside strings is none."""
    if not any(_stands_for_code(line.rpartition("#")[2]) for line in text.split("\n") if "#" in line):
        return
    try:
        for token in tokenize.generate_tokens(io.StringIO(text.removeprefix("\ufeff")).readline):
            if token.type == tokenize.COMMENT:
                yield token.start[0], token.string.rpartition("#")[2]
    except (tokenize.TokenError, SyntaxError):
        return


def _comments(text: str) -> Iterator[tuple[int, str]]:
    """Line and words of each line that is a comment, or begins with dots and a blank."""
    for number, line in enumerate(text.split("\n"), 1):
        found = _COMMENT.match(line) or _BARE.match(line)
        if found is not None:
            yield number, found[1]


def _hollow_block(file: SourceFile) -> str:
    if _TESTS.search(file.path):
        return ""
    for found in _HOLLOW_BLOCK.finditer(file.text):
        if _PROMISE.search(found.group()):
            line = file.text.count("\n", 0, found.start()) + 1
            return f"{file.path} line {line} has a body that does nothing yet. Write it."
    return ""


def _hollow_function(file: SourceFile) -> str:
    try:
        tree = ast.parse(file.content)
        judge = _Judge(file, tree)
        judge.visit(tree)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return ""
    if judge.found is None:
        return ""
    name, line = judge.found.name, judge.found.lineno
    return f"{file.path} line {line}: {name}() has no body. Write it, or mark it as abstract if it is meant to be."


_Function = ast.FunctionDef | ast.AsyncFunctionDef
_MEANT = re.compile(r"Protocol|ABC|Interface|Abstract|Base|Mixin|Null|Noop|NoOp|Dummy|Fake|Mock|Stub|Empty|Hook|Spec")
_NOTHING = re.compile(r"no_?op|null|nothing|dummy|fake|mock|stub|ignore|silent|^_+$|callback", re.IGNORECASE)
_ON_PURPOSE = re.compile(
    r"subclass|overrid|overload|abstract|derived class|do(?:es)? nothing|no-op|on purpose|NoReturn|pragma: no cover"
    r"|monkeypatch",
    re.IGNORECASE,
)
_ENTRIES = {"get", "post", "put", "patch", "delete", "route", "websocket", "command", "task", "on_event"}


class _Judge(ast.NodeVisitor):
    """Finds the first function whose body was not written, though nothing says that it is meant to be empty."""

    def __init__(self, file: SourceFile, tree: ast.Module) -> None:
        self.found: _Function | None = None
        self._lines = file.text.split("\n")
        self._tests = _TESTS.search(file.path) is not None
        classes = [node for node in ast.walk(tree) if isinstance(node, ast.ClassDef)]
        self._parents = {_last_name(base) for node in classes for base in node.bases}
        self._owner: ast.ClassDef | _Function | None = None

    def visit(self, node: ast.AST) -> None:
        """Judge functions, and know for each what it stands in."""
        if self.found is not None or _is_type_checking(node):
            return
        outer = self._owner
        if isinstance(node, _Function) and self._is_unwritten(node):
            self.found = node
        if isinstance(node, _Function | ast.ClassDef):
            self._owner = node
        self.generic_visit(node)
        self._owner = outer

    def _is_unwritten(self, node: _Function) -> bool:
        kind = _kind(node)
        if not kind or self._tests:
            return bool(kind) and node.name.startswith("test") and not isinstance(self._owner, _Function)
        names = {_last_name(one) for one in node.decorator_list}
        if names - _ENTRIES or self._meant(node):
            return False
        lines = self._lines[node.lineno - 1 : node.end_lineno]
        if kind == "dots" or names or any(_PROMISE.search(line.partition("#")[2]) for line in lines):
            return True
        if _ON_PURPOSE.search("\n".join(lines)):
            return False
        promised = node.returns is not None and not _returns_nothing(node.returns)
        if kind == "raise":
            return True
        if kind == "words":
            return promised and self._owner is None
        return promised or (self._owner is None and _parameters(node) > 0 and not _NOTHING.search(node.name))

    def _meant(self, node: _Function) -> bool:
        owner = self._owner
        if not isinstance(owner, ast.ClassDef):
            return False
        abstract = any(_MEANT.search(ast.dump(one)) for one in (*owner.bases, *owner.keywords))
        return abstract or owner.name in self._parents or _MEANT.search(owner.name) is not None


def _kind(node: _Function) -> str:
    """What an empty body consists of besides its docstring; '' for a body that does something."""
    body = node.body[1:] if ast.get_docstring(node, clean=False) is not None else node.body
    if not body:
        return "words"
    if all(
        isinstance(one, ast.Expr) and isinstance(one.value, ast.Constant) and one.value.value is ... for one in body
    ):
        return "dots"
    if len(body) == 1 and isinstance(body[0], ast.Raise) and body[0].exc is not None:
        error = body[0].exc
        # A message that says why, rather than that the work is still to be done, makes it a decision.
        told = isinstance(error, ast.Call) and error.args and not _PROMISE.search(ast.unparse(error))
        return "raise" if _last_name(error) == "NotImplementedError" and not told else ""
    return "pass" if all(isinstance(one, ast.Pass) for one in body) else ""


def _last_name(node: ast.expr) -> str:
    """The last part of a dotted name, of what is called or subscripted."""
    while isinstance(node, ast.Call | ast.Subscript):
        node = node.func if isinstance(node, ast.Call) else node.value
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


def _returns_nothing(node: ast.expr) -> bool:
    return bool(re.search(r"\b(None|NoReturn|Never|Any|object)\b", ast.unparse(node)))


def _parameters(node: _Function) -> int:
    return len(node.args.posonlyargs) + len(node.args.args) + len(node.args.kwonlyargs)


def _is_type_checking(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and _last_name(node.test) == "TYPE_CHECKING"
