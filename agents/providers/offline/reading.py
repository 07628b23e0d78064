"""Reads a description into a brief: a pure function that writes what was asked for, or says that it cannot."""

from __future__ import annotations

import re
from dataclasses import replace

from agents.providers.offline.blueprints.base import Brief, Entity
from agents.providers.offline.blueprints.tables_view import topic_of
from agents.providers.offline.bodies import BODY
from agents.providers.offline.clauses import normalise, take_apart
from agents.providers.offline.entities import Draft, read_drafts
from agents.providers.offline.kinds import Kind, decide, names_kind, only_kind
from agents.providers.offline.languages import check_stack, check_storage, language_of, without_stack
from agents.providers.offline.markup import Plain, without_markup
from agents.providers.offline.nouns import usual_fields
from agents.providers.offline.phrasing import plainly, without_modals
from agents.providers.offline.reading_files import (
    group_notes,
    read_groups,
    read_operations,
    read_report_formats,
    report_notes,
)
from agents.providers.offline.reading_pages import read_page
from agents.providers.offline.refusals import check_api_features, check_files, refusal
from agents.providers.offline.rendering import one_line
from agents.providers.offline.resources import fallback, joined, renamed, unread_notes, weather_notes
from agents.providers.offline.routes import Routes, check_routes, has_routes, take_routes
from agents.providers.offline.shaping import marked, matching_field, shape
from agents.providers.offline.words import identifier, spoken
from agents.types import ProjectType

MAX_NAME = 80
MAX_DESCRIPTION = 20_000
_KIND_NAMES = {
    ProjectType.CLI_TOOL: "command-line tool",
    ProjectType.DATA_PROCESSOR: "data processor",
    ProjectType.WEB_PAGE: "web page",
}
_NO_NOUNS = frozenset({"and", "as", "by", "for", "from", "in", "is", "not", "of", "or", "to", "with"})
_NAME_SIGNS = re.compile(r"[^\w .,&+()'-]")
_REPORT_WORDS = re.compile(r"\b(?:html|markdown|web page)\b")
_DIRECTION = re.compile(r"\s*(?:in )?\(?\b(?:(?:de|a)scending|desc|asc|\w+ first)\b(?: order)?\)?\s*$")
_WEATHER = re.compile(r"\b(?:weather|forecasts?)\b")
_NAMED = re.compile(
    r"(?<!column )(?<!columns )(?<!field )(?<!fields )\b(?:called|named)\s+(?:[\"“„](?P<quoted>[^\"”“\n]{2,80})[\"”“]"
    r"|(?<!\w)['\u2018](?P<ticked>[^'\u2019\n]{2,80})['\u2019](?!\w)"
    r"|(?P<words>[A-Z][\w-]*(?:(?: (?:and|of|the|&))* [A-Z][\w-]*){1,5}|[A-Za-z][\w-]{1,40}))"
)


def read(description: str, name: str = "", language: str = "") -> Brief:
    """What a description asks for; ``name`` and ``language`` win over what it says.

    Raises NotUnderstood, naming what is not understood and what this provider can write.
    """
    if not description.strip():
        raise refusal("The description is empty.")
    if len(description) > MAX_DESCRIPTION:
        raise refusal(f"The description has more than {MAX_DESCRIPTION} characters.")
    asked = _NAMED.sub(" ", description)
    decided = language_of(asked, language)
    plain = without_markup(without_stack(asked, decided))
    source, kind = _source(plain)
    text = _lowered(source)
    check_stack(text, decided, overruled=bool(language), page=kind.project_type is ProjectType.WEB_PAGE)
    called = _NAMED.search(description)
    named = next((group for group in called.groups() if group), "") if called else ""
    brief = Brief(
        description=description,
        name=_clean_name(name) or _clean_name(named) or _heading_name(plain.title),
        project_type=kind.project_type,
        language=decided,
    )
    if kind.project_type is ProjectType.REST_API:
        return _read_api(brief, source)
    check_routes(source, _KIND_NAMES[kind.project_type])
    return _read_files(brief, without_modals(text), kind)


def _heading_name(title: str) -> str:
    """The first heading where it names an application ('Bookstore API'), not only a kind ('Landing page')."""
    lower = title.lower()
    return _clean_name(title) if names_kind(lower) and not only_kind(lower) else ""


def _lowered(source: str) -> str:
    """The text in lower case, without objects in braces."""
    return normalise(BODY.sub(" ", source)).replace("|", " ")


def _source(plain: Plain) -> tuple[str, Kind]:
    """The text to read and its kind; the heading counts where the text below it names none."""
    if plain.title and not names_kind(_lowered(plain.text)):
        plain = Plain(f"{plain.title}.\n{plain.text}")
    text = _lowered(plain.text)
    if not names_kind(text) and has_routes(plain.text):
        return plain.text, Kind(ProjectType.REST_API, 0, 0)
    return plain.text, decide(text)


def _clean_name(name: str) -> str:
    return one_line(_NAME_SIGNS.sub("", one_line(name)))[:MAX_NAME].strip(" .,'-")


def _read_files(brief: Brief, text: str, kind: Kind) -> Brief:
    """The kinds that work on files or are files."""
    if kind.project_type is ProjectType.WEB_PAGE:
        return read_page(brief, text)
    label = _KIND_NAMES[kind.project_type]
    if kind.project_type is ProjectType.CLI_TOOL:
        check_files(text, label, named=True)
        operations = read_operations(text)
        groups = read_groups(text) if "group" in operations else ()
        return replace(
            brief,
            name=brief.name or _file_name(text, "tool"),
            operations=operations,
            details={"by": ",".join(groups)},
            assumptions=group_notes(groups, "--by"),
        )
    formats = read_report_formats(text)
    check_files(_REPORT_WORDS.sub(" ", text), label, named=False)
    groups = read_groups(text)
    open_end = "The description names no format for the report; it is written as HTML, Markdown or JSON."
    return replace(
        brief,
        name=brief.name or _file_name(text, "report"),
        operations=frozenset({"group", "statistics"}),
        formats=formats,
        details={"by": ",".join(groups)},
        assumptions=(*(() if formats else (open_end,)), *group_notes(groups, "--group-by"), *report_notes(text)),
    )


def _file_name(text: str, ending: str) -> str:
    """'CSV tool', 'JSON and CSV converter', 'Sales report'."""
    formats = list(dict.fromkeys(re.findall(r"\b(csv|json)\b", text)))
    if ending == "report":
        topic = topic_of(text)
        return f"{topic.capitalize() or (formats[0].upper() if formats else 'Data')} report"
    named = " and ".join(name.upper() for name in formats) or "CSV"
    return f"{named} {'converter' if read_operations(text) == {'convert'} else ending}"


def _read_api(brief: Brief, source: str) -> Brief:
    whole = _lowered(source)
    check_api_features(whole)
    check_storage(whole, brief.language)
    routes = take_routes(source)
    if _WEATHER.search(whole):
        return _read_weather(brief, whole, routes)
    text, marks = plainly(normalise(routes.text).replace("|", " "))
    kind = decide(text) if names_kind(text) else Kind(ProjectType.REST_API, 0, 0)
    clauses = take_apart(text[: kind.start] + " | " + text[kind.end :])
    before, _, after = clauses.text.partition("|")
    drafts = renamed(read_drafts(before, after, fallback(routes)), routes)
    named = {draft.name for draft in drafts}
    related = [noun for pair in clauses.relations for noun in reversed(pair)]
    drafts += [Draft(noun) for noun in dict.fromkeys(related) if noun not in named]
    drafts = [draft for draft in drafts if draft.name not in _NO_NOUNS]
    drafts, nested, notes = joined(drafts, routes)
    if not drafts:
        raise refusal("The description does not say what the API stores.")
    shaped = shape(drafts, replace(clauses, relations=(*clauses.relations, *nested)))
    entities = marked(shaped.entities, marks)
    orders = _orders(entities, clauses.order)
    return replace(
        brief,
        name=brief.name or _api_name(entities),
        entities=tuple(entities),
        operations=frozenset({"sort"} if clauses.sorted else ()),
        details=orders,
        assumptions=(
            *shaped.assumptions,
            *_order_notes(clauses.order, orders),
            *notes,
            *unread_notes(routes, entities),
        ),
    )


def _orders(entities: list[Entity], words: tuple[str, ...]) -> dict[str, str]:
    """For each thing the field that its list is sorted by unless a request says otherwise, as ``sort:<name>``."""
    if not words:
        return {}
    word = _DIRECTION.sub("", words[0])
    found = ((entity.name, matching_field(entity, identifier(word))) for entity in entities)
    return {f"sort:{name}": field.name for name, field in found if field is not None}


def _order_notes(words: tuple[str, ...], orders: dict[str, str]) -> tuple[str, ...]:
    """What the order of lists leaves out of what the description says, as sentences."""
    notes = []
    if words and not orders:
        notes.append(f"Nothing has a field '{one_line(words[0])[:40]}', so lists stay in the order of their ids.")
    if orders and words[0].rstrip().endswith(("descending", "desc", "newest first", "highest first", "largest first")):
        field = next(iter(orders.values()))
        notes.append(f"Lists are sorted upwards unless a request says ?sort=-{field}.")
    if len(words) > 1 and orders:
        notes.append("Lists are sorted by the first of the fields named; a request can choose another.")
    return tuple(notes)


def _api_name(entities: list[Entity]) -> str:
    """'Todo API', 'Authors and books API'; the first three where there are more."""
    if len(entities) == 1:
        return f"{spoken(entities[0].name).capitalize()} API"[:MAX_NAME]
    plurals = [spoken(entity.plural) for entity in entities[:3]]
    return f"{', '.join(plurals[:-1])} and {plurals[-1]}".capitalize()[: MAX_NAME - 4] + " API"


def _read_weather(brief: Brief, text: str, routes: Routes) -> Brief:
    """Weather: observations with the current one of a city, forecasts with a city's next days, or both."""
    forecast = "forecast" in text
    current = not forecast or bool(re.search(r"\b(?:current|now|today|observations?|conditions)\b", text))
    entities: list[Entity] = []
    if current:
        entities.append(Entity("observation", "observations", usual_fields("observation"), ("city",)))
    if forecast:
        entities.append(Entity("forecast", "forecasts", usual_fields("forecast"), ("city", "date")))
    searched = bool(re.search(r"\bsearch", text))
    return replace(
        brief,
        name=brief.name or "Weather API",
        entities=tuple(replace(entity, searchable=searched) for entity in entities),
        operations=frozenset({*(["current"] if current else []), *(["forecast"] if forecast else [])}),
        assumptions=(
            "The application has no network: it starts with built-in sample data, marked as such in each answer, "
            "and stores what clients send.",
            *weather_notes(routes),
        ),
    )
