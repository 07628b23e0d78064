"""What an application offers, read from its sources: functions and classes, routes, and tests."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable
from typing import Literal, NamedTuple

from agents.types import SourceFile

Kind = Literal["function", "route", "test"]
_VERBS = {"get", "post", "put", "patch", "delete", "head", "options", "route", "websocket"}
_SCRIPT_SUFFIXES = (".js", ".mjs", ".cjs", ".jsx", ".ts", ".tsx")
_SCRIPT_TEST = re.compile(r"""^\s*(?:test|it)(?:\.\w+)?\(\s*(['"`])(.+?)\1""", re.MULTILINE)
_SCRIPT_ROUTE = re.compile(r"""\.(get|post|put|patch|delete)\(\s*(['"`])(/.*?)\2""")
_SCRIPT_FUNCTION = re.compile(
    r"^export\s+(?:default\s+)?(?:async\s+)?(?:function\*?|class|const)\s+([A-Za-z_$][\w$]*)", re.MULTILINE
)
_GO_FUNCTION = re.compile(r"^func\s+(?:\(\s*\w*\s*\*?(\w+)(?:\[[^\]]*\])?\s*\)\s*)?([A-Z]\w*)\s*[(\[]", re.MULTILINE)
_GO_ROUTE = re.compile(r'\.Handle(?:Func)?\(\s*"((?:[A-Z]+ )?/[^"]*)"')


class Offer(NamedTuple):
    """One thing that is offered; ``name`` is qualified by its class, a route's is its method and path."""

    kind: Kind
    name: str
    path: str


def offers_of(file: SourceFile) -> frozenset[Offer]:
    """What one source file offers; nothing for a file that does not parse or is of another kind."""
    if file.path.endswith(".py"):
        return _python_offers(file)
    if file.path.endswith(_SCRIPT_SUFFIXES):
        return _script_offers(file)
    return _go_offers(file) if file.path.endswith(".go") else frozenset()


def removed(before: Iterable[SourceFile], after: Iterable[SourceFile]) -> tuple[Offer, ...]:
    """What the files before offered and those after do not, wherever it stood; sorted by kind, path and name."""
    still = {(offer.kind, offer.name) for file in after for offer in offers_of(file)}
    gone = (offer for file in before for offer in offers_of(file) if (offer.kind, offer.name) not in still)
    return tuple(sorted(gone, key=lambda offer: (offer.kind, offer.path, offer.name)))


def tests_removed(before: SourceFile | None, after: SourceFile) -> str:
    """'' unless the change of a file takes tests away, otherwise a sentence that names them."""
    if before is None:
        return ""
    gone = [offer.name for offer in removed([before], [after]) if offer.kind == "test"]
    if not gone:
        return ""
    return f"{after.path} would lose tests: {', '.join(gone[:10])}. Keep every test; mend what is wrong in it."


def _python_offers(file: SourceFile) -> frozenset[Offer]:
    try:
        tree = ast.parse(file.text)
    except (SyntaxError, ValueError, RecursionError):
        return frozenset()
    found: set[Offer] = set()
    for node in tree.body:
        found |= _python_node(node, "", file.path)
    return frozenset(found)


def _python_node(node: ast.stmt, owner: str, path: str) -> set[Offer]:
    if isinstance(node, ast.ClassDef):
        name = f"{owner}{node.name}"
        inner = (_python_node(child, f"{name}.", path) for child in node.body)
        kept = set() if node.name.startswith("_") else {Offer("function", name, path)}
        return kept.union(*inner) if not node.name.startswith("Test") else set().union(*inner)
    if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        return set()
    routes = {Offer("route", route, path) for one in node.decorator_list if (route := _python_route(one))}
    if node.name.startswith("test"):
        return {Offer("test", f"{owner}{node.name}", path)} | routes
    return routes if node.name.startswith("_") else {Offer("function", f"{owner}{node.name}", path)} | routes


def _python_route(decorator: ast.expr) -> str:
    """'GET /items' for a decorator such as ``@router.get("/items")``, '' for others."""
    if not (isinstance(decorator, ast.Call) and isinstance(decorator.func, ast.Attribute) and decorator.args):
        return ""
    verb, first = decorator.func.attr, decorator.args[0]
    if verb not in _VERBS or not (isinstance(first, ast.Constant) and isinstance(first.value, str)):
        return ""
    return f"{verb.upper()} {first.value}"


def _script_offers(file: SourceFile) -> frozenset[Offer]:
    tests = {Offer("test", match[2], file.path) for match in _SCRIPT_TEST.finditer(file.text)}
    routes = {
        Offer("route", f"{match[1].upper()} {match[3]}", file.path) for match in _SCRIPT_ROUTE.finditer(file.text)
    }
    functions = {Offer("function", match[1], file.path) for match in _SCRIPT_FUNCTION.finditer(file.text)}
    return frozenset(tests | functions | (set() if tests else routes))


def _go_offers(file: SourceFile) -> frozenset[Offer]:
    found = {Offer("route", match[1], file.path) for match in _GO_ROUTE.finditer(file.text)}
    for match in _GO_FUNCTION.finditer(file.text):
        owner, name = match[1], match[2]
        is_test = file.path.endswith("_test.go") and name.startswith(("Test", "Fuzz", "Benchmark"))
        found.add(Offer("test" if is_test else "function", f"{owner}.{name}" if owner else name, file.path))
    return frozenset(found)
