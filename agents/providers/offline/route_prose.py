"""Reads the words beside a route: fields, filters, what must be unique, and what says more than the route does."""

from __future__ import annotations

import re
from dataclasses import dataclass

from agents.providers.offline.fields import guessed_type
from agents.providers.offline.words import identifier, singular

_WORDS = (
    "a an the to of for by in on at and or with if when where that which it its is be are as from into all one ones "
    "each every any their this these only single new existing given specific whole full them me us they there such no "
    "not already list lists listing create creates creating created add adds adding store stores stored storing save "
    "saves saved saving register registers record records insert inserts open opens submit submits send sends make "
    "makes place places put puts get gets getting fetch fetches read reads retrieve retrieves return returns returned "
    "returning respond responds responding answer answers answering answered give gives giving yield yields show shows "
    "view views find finds look looks up update updates updated updating change changes changed changing modify "
    "modifies edit edits partially partial replace replaces replaced delete deletes deleted deleting remove removes "
    "removed removing id ids json body bodies request requests response responses status code codes http success "
    "successful successfully succeeds found unknown missing invalid input data valid validation error errors fail "
    "fails failed item items object objects resource resources entry entries page pages paginated pagination "
    "limit offset query parameter parameters param optional optionally support supports supporting array arrays empty "
    "content ok conflict bad unprocessable entity details should must can will may you one client clients user users "
    "people server endpoint route e g eg i ie entire using via then also accept accepts accepting take takes expect "
    "expects do does doesn t exist exists otherwise nothing wrong anything taken used matching collection"
)
_KNOWN = frozenset(_WORDS.split())
"""Words beside a route that say nothing more than it does."""
_WRITES = frozenset({"POST", "PUT", "PATCH", ""})

CONTINUES = re.compile(
    r"^\W*(?:(?:it|this|and|which)\s+)?(?:creates|adds|stores|saves|lists|returns|gets|fetches|reads|retrieves|shows|"
    r"answers|responds|updates|changes|replaces|deletes|removes|gives)\b(?!\s+(?:an?\s+)?(?:\w+\s+)?api\b)",
    re.IGNORECASE,
)
"""How a sentence begins that goes on about the route before it ('Answers 201.')."""
_CLAUSE = re.compile(
    r"\b(?:(?:can be|and is|are|is)\s+)?(?:filter|search|sort|order)(?:s|ed|ing|able)?\b[^;()\d]*"
    r"\b(?:by|full)\b[^;\d]*",
    re.IGNORECASE,
)
_LISTED_BY = re.compile(
    r"\b(?:list|return|find|show|get|fetch|retrieve)\w*(?: \w+){1,2} by (?:their |its |the )?(?P<name>[a-z_]+)\b"
)
_VERB = r"(?:(?!with\b|from\b|that\b|which\b|to\b)[a-z]+ )?"
_WITH = re.compile(
    rf"^\W*(?:(?:that|which|to|it) )?{_VERB}(?:(?:an?|the|one|new) )*(?P<noun>(?!with\b|from\b)[a-z]+ )?"
    r"(?:with|from|takes|accepts|expects|has|having|of)\s+"
    r"(?:(?:an?|the|json|body|request|fields?|required|following|its):?\s+)*(?P<list>.+)$",
    re.IGNORECASE | re.DOTALL,
)
_DIRECT = re.compile(r"^\W*with\b", re.IGNORECASE)
_INSIDE = re.compile(r"\((?P<list>[^()]*(?:\([^()]*\)[^()]*)*)\)")
_END_OF_LIST = re.compile(r"\s*[,.]?\s*\b(?:which|that|if|when|where|who|so|then)\b.*$|\s+-\s.*$", re.DOTALL)
_TAKEN = re.compile(
    r"\b409\b(?: conflict)?\W+(?:if|when|for|where|on)\s+(?:(?:an?|the|its|that|this)\s+)*"
    r"(?:(?P<same>duplicate|taken|existing|used)\s+)?(?P<name>[a-z]+(?: [a-z]+)?)"
    r"(?:\s+(?P<is>is|already|exists|was|has)\b)?",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Unread:
    """Words beside a route that nothing was read of; ``words`` are those that say more than the route does."""

    text: str
    words: frozenset[str]


@dataclass(frozen=True, slots=True)
class Prose:
    """The words beside a route as sentences about things, and what is left of them."""

    fields: str
    more: str
    left: str


def read_prose(tail: str, left: str, method: str, noun: str) -> Prose:
    """Read the words behind a route; ``left`` is the part that says nothing of status codes."""
    more, rest = "", tail
    clause = _CLAUSE.search(tail)
    if clause:
        more += f". {clause.group().strip(' ,.')}"
        rest, left = rest.replace(clause.group(), " "), left.replace(clause.group(), " ").split(clause.group()[:12])[0]
    named = _LISTED_BY.search(rest.lower()) if method == "GET" else None
    if named and named["name"] not in ("id", "ids", "page", "pages", "default"):
        more += f". filter by {named['name']}"
    taken = _TAKEN.search(rest)
    if taken and (taken["same"] or taken["is"]) and singular(taken["name"].lower()) != noun:
        more += f". the {taken['name'].lower().removesuffix(' is').removesuffix(' already')} must be unique"
        rest = rest.replace(taken.group(), " ")
    listed, first = _field_words(rest, left, noun) if noun and (method in _WRITES or _DIRECT.match(left)) else ("", "")
    if not listed:
        return Prose("", more, rest)
    return Prose(f"{noun.replace('_', ' ')} with {first}{listed}", more, rest.replace(listed, " "))


def _field_words(rest: str, left: str, noun: str) -> tuple[str, str]:
    """The list of fields in words, and the field that the words before it name ('saves a url with a title')."""
    inside = _INSIDE.search(rest)
    if inside and "," in inside["list"] and not re.search(r"\d{3}", inside["list"]) and not _only_known(inside["list"]):
        return inside["list"], ""
    listed = _WITH.match(left)
    if listed is None:
        return "", ""
    fields = _END_OF_LIST.sub("", listed["list"]).strip(" ,.;:-")
    if not fields or _only_known(fields):
        return "", ""
    before = (listed["noun"] or "").strip().lower()
    own = {noun, noun.rsplit("_", 1)[-1]}
    is_field = before and singular(before) not in own and guessed_type(identifier(before)) != "text"
    return fields, f"{before}, " if is_field else ""


def _only_known(text: str) -> bool:
    return set(re.findall(r"[a-z]+", text.lower())) <= _KNOWN


def unread(text: str, own: set[str]) -> list[Unread]:
    """The words of a text that say more than its route does; ``own`` are the singular words of its path."""
    found = {word for word in re.findall(r"[a-z]+", text.lower()) if singular(word) not in own}
    shown = re.sub(r"(?:^|\s)(?:and|or|then|to)$", "", " ".join(text.split()).strip(" ,.;:-")).strip(" ,.;:-")
    return [Unread(shown, frozenset(found - _KNOWN))] if found - _KNOWN else []
