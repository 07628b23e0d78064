"""Takes the routes of an API ('POST /todos answers 201') out of a description, so that none is read as a thing."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace

from agents.providers.offline.bodies import BODY, body_fields, is_error
from agents.providers.offline.kinds import names_kind
from agents.providers.offline.refusals import refusal
from agents.providers.offline.route_prose import CONTINUES, Unread, read_prose, unread
from agents.providers.offline.statuses import SENTENCES, take_statuses
from agents.providers.offline.words import singular, snake_case

METHOD = r"(?:GET|POST|PUT|PATCH|DELETE|HEAD|OPTIONS)"
_SEGMENT = r"(?:\{[\w:]+\}|:\w+|<[\w:]+>|\[\w+\]|[A-Za-z0-9][\w-]*)"
_PATH = rf"(?:https?://[\w.:-]+|(?<![\w<]))/(?:{_SEGMENT}(?:/{_SEGMENT})*/?)?(?:\[?\?[^\s,;)]*)?"
ROUTE = re.compile(
    rf"(?:\b(?P<methods>(?:{METHOD}|(?:get|post|put|patch|delete)(?=:?\s+/))(?:\s*(?:/|,|\||and|or)+\s*{METHOD})*)"
    rf":?\s*(?:requests? )?(?:(?:to|on|at|from)\s+)?)?(?:^|(?<=[\s(\"']))(?P<path>{_PATH})",
    re.MULTILINE,
)
_METHODS = re.compile(
    rf"[,;]?\s*(?:\b(?:and|with|via|using|through|by|for|support(?:s|ing)?|allow(?:s|ing)?|http|methods?|verbs?|the|"
    rf"use|all|standard|requests?)\s+){{0,6}}\(?\b{METHOD}\b(?:\s*(?:,|/|&|\||\band\b|\bor\b)+\s*{METHOD}\b)*\)?"
    r"(?:\s+(?:http|requests?|methods?|endpoints?|routes?|operations?|verbs?)\b)*",
)
# If a search began anew at each character of a clause, or sign before a word, it would take the square of the length.
_INSTEAD = re.compile(
    r"(?<![^.;\n])[^.;\n]*\b(?:PUT|PATCH)\b\s+(?:instead of|rather than|not|but not)\s+(?:PUT|PATCH)\b[^.;\n]*"
)
_QUERY = re.compile(r"\(?\s*(?<![\w/}])\?(?P<query>\w+(?:=[^\s,;)&]*)?(?:&\w+(?:=[^\s,;)&]*)?)*)\)?")
_BULLET = re.compile(r"^\s*(?:[-*•]|\d+[.)])\s+")
_ROUTES = re.compile(r"\b(?:routes|endpoints|paths)\s*:\s*$", re.IGNORECASE)
_PREFIX = re.compile(r"api|rest|v\d+")
_LED = re.compile(
    r"(?:^|[:,.])\s*(?P<words>[^:,.]+\s(?:with|by|via|using|through|to|from|on|at)(?:\s+(?:an?|the))?)\s*$"
)
"""Words that lead up to a route ('visitors send feedback with')."""
_LABEL = re.compile(
    r"(?<![\s,(:-])[\s,(:-]*\b"
    r"(?:(?:with|and|the|following|have|has|these|its|api|rest|http|via|using|at|is|on|under|to|should|must|"
    r"all|provid(?:es?|ing)|expos(?:es?|ing)|support(?:s|ing)?|send|call|a|an|health)\s+)*"
    r"(?:(?:routes?|endpoints?|paths?|resources?|urls?|base|prefix|with|and|the|have|has|via|using|at|is|on|under|to|"
    r"all|are|below|where|that|which|in|whose|so|(?:you|one|i|we|clients?|users?|people|it) (?:can|could|should|must)|"
    r"an?|starts?|begins?|every|provid(?:es?|ing)|expos(?:es?|ing)|through)\s*)+:?\s*$",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Route:
    """One method and path; ``rest`` is the path below its prefix, parameters as '{}'."""

    method: str
    path: str
    prefix: str
    rest: tuple[str, ...]

    @property
    def nouns(self) -> tuple[str, ...]:
        """The nouns of the path, in singular, parents first."""
        return tuple(noun_of(part) for part in self.rest if part != "{}")


@dataclass
class Routes:
    """What is left of the text, and what stood in the routes."""

    text: str = ""
    routes: list[Route] = field(default_factory=list)
    items: dict[str, list[str]] = field(default_factory=dict)
    """The fields of objects beside a route, in words, by the noun of its path."""
    unread: list[Unread] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def noun_of(segment: str) -> str:
    """'order_item' for 'order-items'."""
    *first, last = snake_case(segment).split("_")
    return "_".join([*first, singular(last)])


def has_routes(text: str) -> bool:
    """Whether a method with a path stands in a text."""
    return any(found["methods"] for found in ROUTE.finditer(text))


def check_routes(text: str, label: str) -> None:
    """Raise NotUnderstood for a route in a description of what has none; 'GET /' is any page."""
    routes = [match for match in ROUTE.finditer(text) if match["methods"]]
    found = next((match.group() for match in routes if match.group("methods", "path") != ("GET", "/")), "")
    if found:
        raise refusal(f"The description asks for the route '{found[:60]}', which its {label} does not have.")


def take_routes(text: str) -> Routes:
    """Take routes, methods, query strings and status codes out of a text.

    Raises NotUnderstood for statuses that no blueprint answers.
    """
    taken = Routes()
    if _INSTEAD.search(text):
        taken.notes.append("Each thing has both PUT, which replaces it, and PATCH, which changes single fields.")
    lines = [_BULLET.sub("", line) if ROUTE.search(line) else line for line in _INSTEAD.sub(" ", text).split("\n")]
    sentences = [_sentence(part, taken) for part in SENTENCES.split("\n".join(lines))]
    left, notes = take_statuses("\n".join(part for part in sentences if part.strip(" .,:;-*")))
    taken.notes += notes
    taken.text = _METHODS.sub(" ", left)
    return taken


def _sentence(text: str, taken: Routes) -> str:
    """What is left of one sentence without its routes."""
    found = list(ROUTE.finditer(text))
    if not found:
        return _routeless(text, taken)
    rest = [_before(text[: found[0].start()], found[0], taken)]
    for index, match in enumerate(found):
        end = found[index + 1].start() if index + 1 < len(found) else len(text)
        made = _made(match)
        tail = text[match.end() : end]
        query = match["path"].partition("?")[2]
        if match["methods"] is None:
            rest += _by_method(made[0], query, tail, taken)
            continue
        taken.routes += made
        rest.append(_tail(made, query, tail, taken))
    return ". ".join(part for part in rest if part.strip())


def _by_method(route: Route, query: str, tail: str, taken: Routes) -> list[str]:
    """What the words after a path say whose methods stand behind it ('/todos supports GET (200) and POST (201)')."""
    first, *parts = re.split(rf"(?=\b{METHOD}\b)", tail)
    said = []
    for part in parts:
        method, words = re.findall(METHOD, part)[0], re.sub(rf"^{METHOD}", "", part)
        made = [replace(route, method=method)]
        taken.routes += made
        said.append(_tail(made, query if method == "GET" else "", words, taken))
    if not parts:
        taken.routes.append(route)
    return [_tail([route], "" if parts else query, first, taken), *said]


def _before(text: str, first: re.Match[str], taken: Routes) -> str:
    """What is left of the words before a sentence's first route; those that only lead up to it are no thing."""
    left = _LABEL.sub("", text).rstrip(" ,(:-")
    led = _LED.search(text)
    if led is None or names_kind(led["words"].lower()):
        return left
    taken.unread += unread(led["words"], _own_words(_made(first)))
    return text[: led.start()]


def _routeless(text: str, taken: Routes) -> str:
    """A sentence without routes: objects in words, query strings as filters, nothing about errors."""
    if taken.routes and CONTINUES.match(text):
        return _tail(taken.routes[-1:], "", text, taken)
    text = _LABEL.sub("", text) if _ROUTES.search(text) else text
    extra, text = _query(text)
    if any(is_error(body) for body in BODY.findall(text)):
        taken.notes.append('Errors are answered as {"detail": ...}.')
        return "" if re.search(r"error|fail|invalid", text.split("{")[0], re.IGNORECASE) else BODY.sub(" ", text)
    return BODY.sub(_in_words, text) + extra


def _made(match: re.Match[str]) -> list[Route]:
    path = re.sub(r"^https?://[^/]+", "", match["path"].partition("?")[0]).rstrip("/[")
    parts = [part for part in path.split("/") if part]
    first = next((i for i, part in enumerate(parts) if not _PREFIX.fullmatch(part)), len(parts))
    rest = tuple("{}" if part[0] in "{:<[" or part.isdigit() else part.lower() for part in parts[first:])
    methods = re.findall(METHOD, (match["methods"] or "").upper())
    return [Route(name, path or "/", "/".join(["", *parts[:first]]), rest) for name in methods or [""]]


def _query(text: str) -> tuple[str, str]:
    """Sentences for the query strings of a text, and the text without them."""
    found = [match["query"] for match in _QUERY.finditer(text)]
    return "".join(_query_words(query) for query in found), _QUERY.sub(" ", text)


def _query_words(query: str) -> str:
    """A query string as sentences: what lists are filtered by, whether they are searched or sorted."""
    parts = (part.partition("=")[0].lower() for part in re.split(r"[&|]", query.strip("?[]{}")))
    names = [re.sub(r"^(?:min|max|from|to)_|_(?:from|to|min|max|gte|lte)$|\W", "", part) for part in parts]
    said = ""
    for name in dict.fromkeys(names):
        if name in ("q", "search", "query"):
            said += ". searchable"
        elif name in ("sort", "order", "sort_by", "order_by", "orderby"):
            said += ". sortable"
        elif name and name not in ("limit", "offset", "page", "per_page", "page_size", "size", "skip"):
            said += f". filter by {name.replace('_', ' ')}"
    return said


def _tail(made: list[Route], query: str, tail: str, taken: Routes) -> str:
    """What the words after a route say that is to be read: filters, and fields given to the path's noun."""
    noun = next((route.nouns[-1] for route in made if route.nouns), "")
    for body in BODY.findall(tail):
        if is_error(body):
            taken.notes.append('Errors are answered as {"detail": ...}.')
        taken.items.setdefault(noun, []).extend(body_fields(body))
    extra, tail = _query(BODY.sub(" ", tail))
    left, notes = take_statuses(tail, made[0].method)
    taken.notes += notes
    said = read_prose(tail, left, made[0].method, noun)
    if re.search(r"\band (?:an?|the) [\w ]+ api\b", left, re.IGNORECASE):
        return f"{left}{_query_words(query)}{extra}"
    if made[0].rest:
        taken.unread += unread(said.left, _own_words(made))
    return f"{said.fields}{_query_words(query)}{extra}{said.more}"


def _own_words(made: list[Route]) -> set[str]:
    """The singular words of the paths."""
    return {singular(word) for route in made for part in route.rest for word in re.findall(r"[a-z]+", part)}


def _in_words(match: re.Match[str]) -> str:
    found = body_fields(match.group(1))
    return f" ({', '.join(found)}) " if len(found) > 1 else f" with {found[0]} " if found else " "
