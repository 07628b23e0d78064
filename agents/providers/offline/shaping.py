"""Makes entities of drafts: usual fields, relations by id, filters and search, names that clash with nothing."""

from __future__ import annotations

import keyword
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from agents.providers.offline.blueprints.base import Entity, EntityField
from agents.providers.offline.clauses import Clauses
from agents.providers.offline.entities import Draft
from agents.providers.offline.fields import read_field
from agents.providers.offline.nouns import PARENTS, known, usual_fields
from agents.providers.offline.refusals import refusal
from agents.providers.offline.words import identifier, plural, singular, spoken

_RESERVED = (
    "annotated any api_error api_router app base_model client config conflict conftest connection database doc "
    "email_address enum error fast_api field health id index long_text main not_found openapi list_parameters "
    "parameter path query redoc request response router row sample_data search settings short_text short_texts "
    "sort sqlite_sequence store table test unknown_reference utc_time weather web_address "
)
RESERVED_NOUNS = frozenset(_RESERVED.split())
"""Names that the written application uses itself."""
MAX_NOUN = 30


@dataclass
class Shaped:
    """Entities, parents before children, and what was decided for the person."""

    entities: list[Entity] = field(default_factory=list)
    assumptions: list[str] = field(default_factory=list)


def shape(drafts: list[Draft], clauses: Clauses) -> Shaped:
    """Turn drafts into entities. Raises NotUnderstood when things belong to each other in a circle."""
    shaped = Shaped()
    drafts = [Draft(_safe_noun(draft.name), list(draft.fields)) for draft in drafts]
    parents = _parents(drafts, clauses, shaped)
    for draft in _parents_first(drafts, parents):
        shaped.entities.append(_entity(draft, parents[draft.name], shaped))
    _add_filters(shaped, clauses)
    return shaped


def _safe_noun(name: str) -> str:
    """The noun, or another where code would not have room for it or uses the word itself."""
    while len(name) > MAX_NOUN and "_" in name:
        name = name.partition("_")[2]
    name = name[:MAX_NOUN]
    several = plural(name)
    taken = name in RESERVED_NOUNS or several in RESERVED_NOUNS or keyword.iskeyword(several)
    return f"{name}_record" if taken else name


def _entity(draft: Draft, parents: list[str], shaped: Shaped) -> Entity:
    fields = draft.fields or list(_usual(draft.name, shaped))
    if known(draft.name) and all(item.type in ("tags", "boolean", "date", "datetime") for item in fields):
        fields = [*usual_fields(draft.name), *fields]
        shaped.assumptions.append(f"Each {spoken(draft.name)} has its usual fields besides those that are named.")
    fields = [item for item in fields if item.name not in {*parents, *(f"{parent}_name" for parent in parents)}]
    references = [EntityField(f"{name}_id", "integer", references=name) for name in parents]
    fields = [item for item in fields if item.name not in {reference.name for reference in references}]
    if not any(item.required for item in [*fields, *references]) and fields:
        fields[0] = replace(fields[0], required=True, default=None)
    words = draft.name.split("_")
    return Entity(draft.name, "_".join([*words[:-1], plural(words[-1])]), tuple(_distinct([*fields, *references])))


def marked(entities: list[Entity], marks: dict[str, set[str]]) -> list[Entity]:
    """The entities with what sentences say of their fields ('the name must be unique').

    Raises NotUnderstood where several things could have a field that none of them has.
    """
    for name, said in marks.items():
        found = [(entity, item) for entity in entities if (item := matching_field(entity, name)) is not None]
        added = read_field(spoken(name)) if not found and len(entities) == 1 else None
        if added is not None:
            entities = [replace(entities[0], fields=(*entities[0].fields, added))]
            found = [(entities[0], added)]
        if not found:
            raise refusal(f"Nothing of the description has a field '{name[:40]}', which it calls {min(said)}.")
        for entity, item in found:
            made = replace(item, unique=item.unique or "unique" in said)
            made = replace(made, required=False) if "optional" in said else made
            made = replace(made, required=True, default=None) if said & {"required", "mandatory"} else made
            fields = tuple(made if other.name == item.name else other for other in entity.fields)
            entities = [replace(e, fields=fields) if e.name == entity.name else e for e in entities]
    return entities


def _usual(noun: str, shaped: Shaped) -> tuple[EntityField, ...]:
    last = noun.rsplit("_", 1)[-1]
    base = noun if known(noun) else last
    fields = usual_fields(base)
    names = ", ".join(spoken(item.name) for item in fields)
    shaped.assumptions.append(f"The description names no fields for {spoken(noun)}; it gets {names}.")
    return fields


def _distinct(fields: Iterable[EntityField]) -> list[EntityField]:
    return list({item.name: item for item in fields}.values())


def _parents(drafts: list[Draft], clauses: Clauses, shaped: Shaped) -> dict[str, list[str]]:
    """For each thing those it belongs to: as stated, by a field named as one, or as usual between two named things."""
    found: dict[str, list[str]] = {draft.name: [] for draft in drafts}
    for child, parent in (map(_safe_noun, pair) for pair in clauses.relations):
        if child in found and parent in found and parent not in found[child]:
            found[child].append(parent)
    for draft in drafts:
        fields = [item.name for item in draft.fields if item.type == "text"]
        fields += [item.name[:-3] for item in draft.fields if item.name.endswith("_id") and item.type == "integer"]
        usual = [name for name in PARENTS.get(draft.name, ()) if name not in fields]
        for parent in [*fields, *usual]:
            if parent in found.keys() - {draft.name, *found[draft.name]} and draft.name not in found[parent]:
                found[draft.name].append(parent)
                shaped.assumptions.append(f"Each {spoken(draft.name)} belongs to one {spoken(parent)}.")
    return found


def _parents_first(drafts: list[Draft], parents: dict[str, list[str]]) -> list[Draft]:
    ordered: list[Draft] = []
    waiting = list(drafts)
    while waiting:
        done = {draft.name for draft in ordered}
        ready = [draft for draft in waiting if set(parents[draft.name]) <= done]
        if not ready:
            raise refusal("The description's things belong to each other in a circle, which one id each cannot hold.")
        ordered += ready
        waiting = [draft for draft in waiting if draft not in ready]
    return ordered


def _add_filters(shaped: Shaped, clauses: Clauses) -> None:
    """Filter by what was named; always by the thing it belongs to, and by tags."""
    filters = {
        entity.name: [f.name for f in entity.fields if f.references or f.type == "tags"] for entity in shaped.entities
    }
    for words in clauses.filters:
        _add_filter(shaped, filters, words)
    if clauses.filtered and not clauses.filters:
        for entity in shaped.entities:
            filters[entity.name] += [item.name for item in entity.fields if item.type in ("boolean", "text", "date")]
    shaped.entities = [
        replace(
            entity,
            filters=tuple(dict.fromkeys(filters[entity.name])),
            searchable=clauses.searched and any(item.type in ("text", "long_text") for item in entity.fields),
        )
        for entity in shaped.entities
    ]


def _add_filter(shaped: Shaped, filters: dict[str, list[str]], words: str) -> None:
    name = identifier(words)
    matches = [(e, f) for e in shaped.entities if (f := matching_field(e, name)) is not None]
    for entity, found in matches:
        filters[entity.name].append(found.name)
    if matches:
        return
    made = read_field(words)
    if made is None or not shaped.entities:
        raise refusal(f"The words '{words[:60]}' are not understood as something to filter by.")
    last = shaped.entities[-1]
    added = replace(made, required=False)
    shaped.entities[-1] = replace(last, fields=(*last.fields, added))
    filters[last.name].append(added.name)
    shaped.assumptions.append(f"Each {spoken(last.name)} has {spoken(added.name)}, because lists are filtered by it.")


def matching_field(entity: Entity, name: str) -> EntityField | None:
    """The field that is meant: by its name, as singular or plural, as the id of a parent, or by its last word."""
    wanted = (name, f"{name}_id", f"{name}_value", plural(singular(name)), singular(name), name.removesuffix("_range"))
    by_name = {item.name: item for item in entity.fields}
    exact = next((by_name[key] for key in wanted if key in by_name), None)
    return exact or next((f for f in entity.fields if f.name.endswith((f"_{name}", f"_{wanted[-1]}"))), None)
