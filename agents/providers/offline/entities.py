"""Reads the things that an API stores, with their fields, from a description's words."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace

from agents.providers.offline.blueprints.base import EntityField
from agents.providers.offline.clauses import items
from agents.providers.offline.fields import GIVEN, guessed_type, read_field, tells_type
from agents.providers.offline.nouns import NOUNS, RENAMED
from agents.providers.offline.refusals import refusal
from agents.providers.offline.words import identifier, singular, snake_case

MAX_ENTITIES = 8
MAX_FIELDS = 20
MAX_NOUN_WORDS = 3

TOPICS: dict[str, tuple[str, ...]] = {
    "library": ("book", "member", "loan"),
    "shop": ("product", "customer", "order"),
    "online_shop": ("product", "customer", "order"),
    "store": ("product", "customer", "order"),
    "ecommerce": ("product", "customer", "order"),
    "e_commerce": ("product", "customer", "order"),
    "school": ("student", "course", "enrollment"),
    "blog": ("post", "comment"),
    "address_book": ("contact",),
    "phone_book": ("contact",),
    "guestbook": ("message",),
    "guest_book": ("message",),
    "crm": ("company", "contact"),
    "helpdesk": ("ticket", "comment"),
    "bug": ("issue",),
}
"""Topics that name no thing themselves, and what is stored about them."""

_REQUEST = re.compile(
    r"(?:please|can you|could you|i want(?: you)?|i need|i would like|i'd like|we need|help me|let's|to|and)\b\s*|"
    r"(?:create|build|write|make|develop|generate|implement|design|code|give me|set up|need|want|an?|the|"
    r"me|us|my|our|some|one)\b\s*"
)
_ADJECTIVES = re.compile(
    r"\b(?:simple|small|tiny|basic|complete|full|fully|modern|robust|fast|little|minimal|clean|"
    r"production[- ]ready|good|nice|new|"
    r"python|fastapi|restful|rest|web|http|json|crud|typical|personal|local|current|all|various|different|"
    r"own|existing|"
    r"online|internal|company's|company-wide|managed)\b\s*"
)
_CONTAINER = re.compile(
    r"[\s-]+(?:lists?|management|manager|tracker|tracking|directory|catalogu?e?|database|collection|log|"
    r"registry|records?|entries|"
    r"data|information|info|details|planner|organi[sz]er|storage|service|server|system|app|application|"
    r"platform|board|diary|journal|taking|keeping|tool)$"
)
_COLLECTION_OF = re.compile(
    r"^(?:lists?|collections?|catalogu?es?|databases?|sets?|directory|inventory|registry|store|records?|"
    r"library|archive) of\s+"
)
_PLACE = re.compile(
    r"(?:store|shop|zoo|rental|agency|clinic|gym|office|studio|salon|hospital|museum|university|club|farm|"
    r"garage|cinema|"
    r"marketplace|library|school|business|market|gallery|practice|kitchen|festival|conference)$"
)
_INSIDE = re.compile(r"\(([^()]*)\)\s*$")
_STORE_VERBS = (
    r"manag(?:es?|ing)|stor(?:es?|ing)|track(?:s|ing)?|keep(?:s|ing)?(?: track of)?|retriev(?:es?|"
    r"ing)|fetch(?:es|ing)?|handl(?:es?|ing)|"
    r"record(?:s|ing)?|organi[sz](?:es?|ing)|"
    r"maintain(?:s|ing)?|list(?:s|ing)?|sav(?:es?|ing)|serv(?:es?|ing)|provid(?:es?|ing)|expos(?:es?|ing)|"
    r"hold(?:s|ing)?|log(?:s|ging)?|"
    r"creat(?:es?|ing)|read(?:s|ing)?|updat(?:es?|ing)|delet(?:es?|ing)|add(?:s|ing)?|edit(?:s|ing)?|"
    r"remov(?:es?|ing)|view(?:s|ing)?|"
    r"return(?:s|ing)?|collect(?:s|ing)?|administer(?:s|ing)?|get(?:s|ting)?|let|lets|allow(?:s|ing)?|"
    r"catalog(?:s|ing)?"
)
_LEAD = re.compile(
    rf"^(?:for|of|about|on|to|that|which|over|around|where)\s+"
    rf"(?:(?:can|will|should|lets?|allows?|i|you|me|users?|people|clients?|to|us|we)\s+)*"
    rf"(?P<verb>(?:(?:{_STORE_VERBS})(?:\s*(?:,|and|or|/)\s*(?={_STORE_VERBS}))?\s*)+\b)?\s*"
)
_VERB_LEAD = re.compile(r"^(?:that|which|to|where)\b\s*(?:(?:can|will|should|users?|i|you|clients?)\s+)*(?P<word>\w+)")
_MARKER = re.compile(
    r"\s*,?\s*\b(?:with|having|including|containing|consisting of|(?:that|which|each|where (?:each|every|"
    r"an?) \w+) (?:has|have|having|with|stores?|contains?)|(?:have|has|contains?)|"
    r"(?:the )?(?:fields?|attributes?|columns?|properties)(?: are)?:?)(?:\s+(?:the |"
    r"these )?(?:following )?(?:fields?|attributes?|columns?|properties)?:?)?\s+"
)
_NEXT_OWNER = re.compile(
    r"(?:,|;|\band\b)\s*(?:an?\s+)?(?P<noun>[a-z]+(?: [a-z]+)?)\s+(?:with|having|that have|which have)\s+"
)


_NO_NOUN = frozenset({"per", "by", "each", "every", "on", "their", "than", "not", "if", "when"})


@dataclass
class Draft:
    """A thing as far as it was read; ``fields`` is empty where the description names none."""

    name: str
    fields: list[EntityField] = field(default_factory=list)
    hint: bool = False
    """Whether the words only name a topic or place ('library', 'inventory'), not the thing itself."""


def read_drafts(before: str, after: str, fallback: list[Draft] | None = None) -> list[Draft]:
    """The things named before and after the words for the kind ('todo list' API 'with title').

    ``fallback`` owns fields where no thing is named before them.

    Raises NotUnderstood for a phrase that is neither a thing nor a field.
    """
    topic = _drafts(_without_request(before)) or list(fallback or ())
    stated: list[Draft] = []
    for sentence in re.split(r"[.;](?:\s|$)", after):
        stated += _sentence(sentence.strip(" ,:"), [*topic, *stated])
    drafts = _merged([*topic, *stated])
    if stated:
        drafts = [draft for draft in drafts if not draft.hint or draft.fields] or drafts
    if len(drafts) > MAX_ENTITIES:
        raise refusal(f"The description names {len(drafts)} things to store; up to {MAX_ENTITIES} can be written.")
    return drafts


def drafts_with(drafts: list[Draft], name: str, words: list[str]) -> None:
    """Give the thing of this name the fields in words that it does not have yet."""
    owner = next(draft for draft in drafts if draft.name == name)
    given = [Draft(name)]
    for item in words:
        _add_field(given, item)
    names = {item.name for item in owner.fields}
    owner.fields += [item for item in given[0].fields if item.name not in names]


def _merged(drafts: list[Draft]) -> list[Draft]:
    found: dict[str, Draft] = {}
    for draft in drafts:
        draft.name = _full_name(draft, found)
        known = found.setdefault(draft.name, Draft(draft.name, hint=draft.hint))
        known.hint = known.hint and draft.hint
        names = {item.name for item in known.fields}
        known.fields += [item for item in draft.fields if item.name not in names]
    return list(found.values())


def _full_name(draft: Draft, found: dict[str, Draft]) -> str:
    """'parking_spot' for a spot, where just that one of the things before ends with the word."""
    longer = [name for name in found if name.endswith(f"_{draft.name}")]
    return longer[0] if draft.fields and draft.name not in found and len(longer) == 1 else draft.name


def _without_request(text: str) -> str:
    text = text.strip(" ,.:")
    start = 0
    while found := _REQUEST.match(text, start):
        start = found.end()
    return text[start:]


def _sentence(text: str, topic: list[Draft]) -> list[Draft]:
    """The things of one sentence; fields without a thing belong to the last thing of ``topic``."""
    lead = _LEAD.match(text)
    rest = text[lead.end() :] if lead else text
    verb = _VERB_LEAD.match(text)
    if verb and not (lead and lead.group("verb")):
        raise refusal(f"The description asks for something that '{verb.group('word')[:30]}', which is not understood.")
    marker = _MARKER.search(" " + rest)
    names, fields = (rest[: max(marker.start() - 1, 0)], (" " + rest)[marker.end() :]) if marker else (rest, "")
    if not marker and ":" in names:
        names, _, fields = names.partition(":")
    drafts = _drafts(names)
    owner = (drafts or topic)[-1:]
    if owner and owner[0].hint and _all_plural(fields):
        return drafts + _drafts(fields)
    return drafts + _fields(fields, owner)


def _all_plural(text: str) -> bool:
    """Whether a list names several plurals only ('animals and keepers')."""
    words = [_phrase(item) for item in items(text)]
    return len(words) > 1 and all(word and singular(word.split()[-1]) != word.split()[-1] for word in words)


def _fields(text: str, owner: list[Draft]) -> list[Draft]:
    """Give fields to their owner; things among them ('with posts and comments') are returned as drafts."""
    following = _NEXT_OWNER.search(text)
    if following:
        rest = _drafts(following.group("noun"))
        own = _fields(text[: following.start()], owner)
        return [*own, *rest, *_fields(text[following.end() :], rest[-1:])]
    words = items(text)
    named = [item for item in words if not _described(item)]
    plurals = [item for item in named if _is_plural(item)]
    things = set(plurals) if any(_noun(item) in NOUNS for item in plurals) else set()
    for item in words:
        if item not in things and not _described(item):
            _add_field(owner, item)
    return [draft for item in words if item in things or _described(item) for draft in _drafts(item)]


def _described(item: str) -> bool:
    """Whether fields stand in parentheses after a thing's name ('jobs (title, company)'), not a field's type."""
    inside = _INSIDE.search(item)
    return inside is not None and "," in inside.group(1) and not tells_type(inside.group(1))


def _is_plural(item: str) -> bool:
    """Whether an item of a list of fields can name things of their own ('with posts and comments')."""
    words = _phrase(item).split()
    if not words or len(words) > MAX_NOUN_WORDS or singular(words[-1]) == words[-1]:
        return False
    kind = guessed_type(identifier(_phrase(item)))
    return kind == "text" or (kind == "tags" and words[-1] == "categories")


def _add_field(owner: list[Draft], item: str) -> None:
    made = read_field(item)
    if made is not None and made.name == "value" and owner and any(item.name == "key" for item in owner[0].fields):
        made = replace(made, type="text")
    if made is None:
        raise refusal(f"The words '{item[:60]}' are not understood as a field. Name fields in a few plain words.")
    if not owner:
        raise refusal(f"The description does not say which thing has the field '{item[:60]}'.")
    if made.name.removesuffix("_value") not in GIVEN and identifier(item) not in GIVEN:
        owner[0].fields.append(made)
    if len(owner[0].fields) > MAX_FIELDS:
        raise refusal(f"A thing of the description has more than {MAX_FIELDS} fields.")


def _drafts(text: str) -> list[Draft]:
    found: list[Draft] = []
    for item in items(text):
        phrase, _, inside = item.partition("(")
        found += _named(phrase)
        if inside and found:
            found += _fields(inside.rstrip(") "), found[-1:])
    return found


def _named(phrase: str) -> list[Draft]:
    words = identifier(_phrase(phrase))
    if words in TOPICS:
        return [Draft(name, hint=True) for name in TOPICS[words]]
    noun = _noun(phrase)
    container = bool(_CONTAINER.search(" " + phrase.strip(" ,.:"))) and noun not in NOUNS
    hint = words in RENAMED or container or (words == noun and bool(_PLACE.search(noun)))
    return [Draft(noun, hint=hint)] if noun else []


def _phrase(text: str) -> str:
    """A noun phrase without articles, adjectives and the words for a collection."""
    phrase, previous = _ADJECTIVES.sub("", _without_request(text)), ""
    while phrase != previous:
        previous = phrase
        phrase = _CONTAINER.sub("", _COLLECTION_OF.sub("", phrase.strip(" ,.:'\"")))
        phrase = re.sub(r"^(?:an?|the|my|our|their|your|its|each|every)\s+|'s\b", "", phrase)
    return phrase


def _noun(text: str) -> str:
    """The singular snake_case noun of a phrase; '' for no words. Raises NotUnderstood for a long phrase."""
    words = _phrase(text).split()
    if len(words) > MAX_NOUN_WORDS or _NO_NOUN & set(words[1:]):
        raise refusal(f"The words '{text.strip()[:60]}' are not understood as a thing to store.")
    if not words:
        return ""
    name = snake_case(" ".join([*words[:-1], singular(words[-1])]))
    return RENAMED.get(name, name)
