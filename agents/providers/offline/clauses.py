"""Takes a description of an API apart: which words name things, fields, filters, relations and features."""

from __future__ import annotations

import re
from dataclasses import dataclass

from agents.providers.offline.words import plain, singular

_BULLET = re.compile(r"\n\s*(?:[-*•]|\d+[.)])\s+")
_OWNER_BULLET = re.compile(
    r"\n\s*(?:[-*•]|\d+[.)])\s+(?=\w+(?: \w+)?:\s*[^\n,]+,)"
    r"(?!\w+(?: \w+)?:\s*(?:string|str|text|integer|int|number|float|decimal|boolean|bool|date|datetime|email|url)\b)"
)
"""A bullet that names a thing with its fields ('- Post: title, content')."""
_ABLE = (
    r"(?:\b(?:it (?:should|must|can) be possible to|(?:\w+ )?(?:can|should|must|could|may) be|"
    r"(?:lists?|results?|they) are|"
    r"(?:i|you|users|people|clients) can|(?:lets?|allows?|allowing) (?:me|us|you|users|people|clients|them)(?: to)?|"
    r"(?:the )?(?:ability|option) to)\s+)?"
)
_LIST = r"(?P<list>[^.;\n]*)"
_FILTER = re.compile(
    r"[,;]?\s*(?:\b(?:and|with|which|that|can|be|to|plus|also|including)\s+){0,6}"
    + _ABLE
    + r"\bfilter(?:s|ed|ing|able|\s+(?:them|results|lists?|\w+))?\s+(?:them\s+|results\s+)?(?:by|on|for)\s+"
    + _LIST
)
_BARE_FILTER = re.compile(r"[,;]?\s*(?:\b(?:and|with|can|be|plus)\s+){0,6}" + _ABLE + r"\bfilter(?:s|ing|able|ed)?\b")
_WORDS = r"\w+(?:\s+\w+){0,3}?"
_END = r"(?=\s*(?:[,.;:|)]|$|\b(?:and|or|with|where|which|that|filter\w*|sort\w*)\b))"
_SEARCH = re.compile(
    r"[,;]?\s*(?:\b(?:and|with|can|be|plus|also|a|to|support(?:s|ing)?)\s+){0,6}"
    + _ABLE
    + r"(?:\b(?:full[- ]?text|text|keyword|free[- ]?text)[- ]+)?"
    r"\bsearch(?:able|ing|es|ed)?\b"
    r"(?:\s+(?:endpoint|route|function|support|them|it|everything|\w+(?=\s+(?:by|in|over|on)\s)))?"
    rf"(?:\s+(?:by|in|over|on|across|for|through)\s+(?:(?:the|all|their|its)\s+)?{_WORDS}"
    rf"(?:\s+(?:and|or)\s+(?!sort|filter|pag){_WORDS})?{_END})?"
)
_SORT = re.compile(
    r"[,;]?\s*(?:\b(?:and|with|can|be|plus|also)\s+){0,6}"
    + _ABLE
    + r"\b(?P<word>sort(?:s|ed|ing|able)?|ordered|ordering)\b(?:\s+by\s+"
    + _LIST
    + r")?"
)
_NOUN = r"\w+(?: \w+){0,2}?"
_ONE = r"(?:each|every|an?|the)"
_MORE = r"(?P<more>\s+and\s+(?=(?:has|have)\b))?"
_BELONGS = re.compile(
    r"[,;:]?\s*(?:\b(?:where|and|in which|whereby)\s+)?"
    rf"(?:\b{_ONE}\s+(?P<child>{_NOUN})|(?P<plain>\w+))\s+belong(?:s|ing)?\s+to\s+"
    rf"(?:(?:one|an?|the|exactly one|a single|their|its)\s+)?(?P<parent>{_NOUN}{_END}|\w+)"
    rf"(?:\s+and\s+(?:to\s+)?(?:one|an?|the)\s+(?P<second>{_NOUN}){_END})?{_MORE}"
)
_HAS_MANY = re.compile(
    r"[,;:]?\s*(?:\b(?:where|and|in which)\s+)?"
    rf"(?:\b{_ONE}\s+(?P<parent>{_NOUN})|(?P<plain>\w+))\s+(?:can\s+)?(?:has|have)\s+"
    rf"(?:many|multiple|several)\s+(?P<child>{_NOUN}{_END}|\w+){_MORE}"
)
_FEATURES = re.compile(
    r"[,;]?\s*(?:\b(?:and|with|including|plus|also|has|have|support(?:s|ing)?(?: for)?|"
    r"that supports?|using|built with|written in|based on|backed by|stored in|in|on|"
    r"an?)\s+){0,6}\b(?:full |complete |basic |proper |input |"
    r"data |good |automatic |unit |integration |interactive ){0,4}"
    r"(?:crud(?: operations?| endpoints?| routes?)?|paginat(?:ion|ed)(?: lists?)?|paging|validation|"
    r"error handling|health(?:[- ]check)?"
    r"(?: endpoint| route)?|swagger(?: docs?| ui)?|openapi(?: docs?| documentation)?|documentation|docs|"
    r"tests?|tests coverage|"
    r"logging|persistence|(?:sqlite3?|sql)(?: (?:database|storage|db))?|database|fastapi|"
    r"python(?: 3(?:\.\d+)?)?|(?:http )?status codes|"
    r"timestamps|etc)\b(?=\s*(?:[,.;]|and\b|with\b|for\b|using\b|in\b|$))"
)
_DECLINED = re.compile(r"[,;]?\s*\b(?:and |with )?(?:no|without(?: any)?)\s+\w+(?:\s+(?:or|and)\s+\w+)?")


@dataclass(frozen=True, slots=True)
class Clauses:
    """What stands beside the names: the text that is left, and what was taken out of it (plain words)."""

    text: str
    filters: tuple[str, ...] = ()
    filtered: bool = False
    searched: bool = False
    sorted: bool = False
    order: tuple[str, ...] = ()
    """What lists are sorted by unless a request says otherwise."""
    relations: tuple[tuple[str, str], ...] = ()
    """(child, parent), as singular nouns."""


def normalise(description: str) -> str:
    """Lower case, no accents, bullets as a list with commas, lines as sentences."""
    text = plain(description).replace("\r\n", "\n").replace("\u2019", "'")
    text = _OWNER_BULLET.sub(". ", text)
    text = _BULLET.sub(", ", "\n" + text if re.match(r"\s*[-*•]", text) else text)
    text = re.sub(r"[:,]\s*(?=(?:each|every) [\w ]{1,40} (?:has|have|stores|contains) )", ". ", text)
    text = re.sub(r":[ \t]*\n\s*", ": ", text.replace(":,", ":")).strip()
    return " ".join(re.sub(r"\s*\n\s*", ". ", text).split())


def take_apart(text: str) -> Clauses:
    """Take filters, search, sorting, relations and features that are always there out of a normalised text."""
    filters: list[str] = []
    order: list[str] = []

    def keep_filters(found: re.Match[str]) -> str:
        items, rest = _leading_items(found.group("list"))
        filters.extend(items)
        return f" {rest}"

    def keep_order(found: re.Match[str]) -> str:
        words, after = _leading_items(found.group("list") or "")
        if found.group("word") in ("sorted", "ordered"):
            order.extend(words)
        return f" {after}"

    rest, by_name = _FILTER.subn(keep_filters, _DECLINED.sub(" ", text))
    rest, bare = _BARE_FILTER.subn(" ", rest)
    rest, searches = _SEARCH.subn(" ", rest)
    rest, sorts = _SORT.subn(keep_order, rest)
    relations, rest = _relations(rest)
    rest = _FEATURES.sub("", rest)
    return Clauses(
        text=" ".join(rest.split()),
        filters=tuple(filters),
        filtered=bool(by_name or bare),
        searched=bool(searches),
        sorted=bool(sorts),
        order=tuple(order),
        relations=relations,
    )


def items(text: str) -> list[str]:
    """The parts of a list in words ('a, b and c'); commas inside parentheses do not part it."""
    parts = re.split(r"[,;&](?![^()]*\))|\s+(?:and|plus|as well as|or)\s+(?![^()]*\))", text)
    cleaned = (re.sub(r"^(?:and|or|plus|also)\s+", "", part.strip(" .")) for part in parts)
    return [part for part in cleaned if part]


_STOP = re.compile(
    r"\s*(?:,\s*)?(?:\b(?:and|with|plus|also|then)\s+)*\b(?:with|search\w*|sort\w*|full[- ]text|paginat\w*|"
    r"support\w*|using|that|which|where)\b"
)


def _leading_items(text: str) -> tuple[list[str], str]:
    """The items at the start of a text, and the rest from the first word that is no item of the list."""
    stop = _STOP.search(text)
    head, rest = (text[: stop.start()], text[stop.start() :]) if stop else (text, "")
    return [re.sub(r"^(?:the|a|an|their|its|whether)\s+", "", item) for item in items(head)], rest


def _relations(text: str) -> tuple[tuple[tuple[str, str], ...], str]:
    found: list[tuple[str, str]] = []

    def keep_parents(match: re.Match[str]) -> str:
        child = _noun(match.group("child") or match.group("plain"))
        found.extend((child, _noun(parent)) for parent in match.group("parent", "second") if parent)
        return f". {child} " if match.group("more") else " "

    def keep_children(match: re.Match[str]) -> str:
        parent = _noun(match.group("parent") or match.group("plain"))
        found.append((_noun(match.group("child")), parent))
        return f". {parent} " if match.group("more") else " "

    text = _HAS_MANY.sub(keep_children, _BELONGS.sub(keep_parents, text))
    return tuple(found), text


def _noun(words: str) -> str:
    """The singular snake_case noun of a few words."""
    *first, last = words.split()
    return "_".join([*first, singular(last)])
