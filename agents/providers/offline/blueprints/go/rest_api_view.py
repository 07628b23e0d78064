"""What the templates of the REST API in Go need to know: things with their types, filters and test values."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from functools import cached_property

from agents.providers.offline.blueprints.base import Brief
from agents.providers.offline.blueprints.go.names import (
    distinct,
    file_stem,
    go_string,
    module_name,
    raw_json,
    unexported,
)
from agents.providers.offline.blueprints.go.rest_api_fields import GoField, GoFilter
from agents.providers.offline.blueprints.rest_api_view import ApiView, EntityView, api_view

_PATTERNS = {
    "email": ("email", r"= regexp.MustCompile(`^[^@\s]+@[^@\s]+\.[^@\s]+$`)"),
    "url": ("webAddress", r"= regexp.MustCompile(`^https?://[^\s/]\S*$`)"),
}
_OWN_FIELDS = ("Meta", "ID", "CreatedAt", "UpdatedAt")


@dataclass(frozen=True)
class GoEntity:
    """A thing that the API stores."""

    view: EntityView
    go: str
    go_plural: str
    users: list[tuple[GoEntity, GoField]] = field(default_factory=list)
    """Things with the fields by which they refer to this one."""

    def __getattr__(self, name: str) -> object:
        return getattr(self.view, name)

    @cached_property
    def fields(self) -> list[GoField]:
        """The fields under names of Go."""
        names = distinct((one.name for one in self.view.fields), _OWN_FIELDS)
        return [GoField(one, names[one.name]) for one in self.view.fields]

    def of(self, name: str) -> GoField:
        """The field of this name."""
        return next(one for one in self.fields if one.view.name == name)

    @property
    def var(self) -> str:
        """The beginning of names of its own in a package."""
        return unexported(self.view.name)

    @property
    def stem(self) -> str:
        """The name of its files."""
        return file_stem(self.view.plural)

    @property
    def filters(self) -> list[GoFilter]:
        """The parameters of its list."""
        return [GoFilter(one, self.of(one.field.name)) for one in self.view.filters]

    @property
    def unique(self) -> list[GoField]:
        """Fields whose values may occur once."""
        return [self.of(one.name) for one in self.view.unique]

    @property
    def references(self) -> list[GoField]:
        """Fields that hold the id of another thing."""
        return [one for one in self.fields if one.view.references]

    @property
    def orders(self) -> list[GoField]:
        """Fields by which its list can be sorted."""
        return [self.of(name) for name in self.view.sortable]

    @property
    def struct_rows(self) -> list[tuple[str, str, str]]:
        """The lines of its struct."""
        return [one.row for one in self.fields]

    @property
    def defaults(self) -> str:
        """The fields that have a default, in a literal."""
        return ", ".join(f"{one.go}: {one.default_value}" for one in self.fields if one.default_value)

    @property
    def text_pointers(self) -> str:
        """Pointers to what a search looks into."""
        found = (self.of(one.name) for one in self.view.texts)
        return ", ".join(f"{'' if one.view.nullable else '&'}item.{one.go}" for one in found)

    @property
    def imports(self) -> list[str]:
        """The packages of the standard library that its routes need."""
        used = [one.compare for one in self.orders] + [f.field.compare for f in self.filters if f.kind == "bound"]
        found = {"time" for one in used if one.startswith("time.")} | {"cmp" for one in used if one.startswith("cmp.")}
        return sorted(found | ({"cmp"} if self.orders else set()))

    @property
    def facts(self) -> list[tuple[str, str]]:
        """What its tests need, as fields of a literal."""
        valid = {one.view.name: one.view.sample for one in self.fields}
        other = valid | {one.view.name: one.view.other for one in self.fields if not one.view.references}
        optional = {one.view.name: one.view.default for one in self.fields if not one.view.required}
        invalid = [{one.view.name: one.view.bad} for one in self.fields] + [{"surplus": 1}]
        changed = self.view.changed
        filters = [f"{{{go_string(f.name)}, {go_string(_plain(f.view.match))}, {go_string(_plain(f.view.miss))}}}"
                   for f in self.filters]  # fmt: skip
        words = self.view.texts[0].name if self.view.searchable and self.view.texts else ""
        pairs = [
            ("path", go_string(f"/{self.view.plural}")),
            ("valid", raw_json(valid)),
            ("other", raw_json(other)),
            ("defaults", raw_json(optional) if optional else ""),
            ("required", _strings([one.name for one in self.view.required])),
            ("invalid", f"[]string{{{', '.join(raw_json(one) for one in invalid)}}}"),
            ("changed", go_string(changed.name)),
            ("notNull", go_string(self.view.not_null[0].name) if self.view.not_null else ""),
            ("filters", f"[]narrowed{{{', '.join(filters)}}}" if filters else ""),
            ("search", go_string(words) if words else ""),
            ("orders", _strings(list(self.view.sortable))),
            ("usual", go_string(self.view.order) if self.view.sortable else ""),
            ("unique", _strings([one.view.name for one in self.unique])),
            ("references", _strings([one.view.name for one in self.references])),
        ]
        return [(key, value) for key, value in pairs if value]


def _plain(value: object) -> str:
    """A value as it stands in a query."""
    return value if isinstance(value, str) else json.dumps(value)


def _strings(names: list[str]) -> str:
    return f"[]string{{{', '.join(go_string(name) for name in names)}}}" if names else ""


@dataclass(frozen=True)
class GoApi:
    """The whole API."""

    view: ApiView
    module: str
    entities: list[GoEntity]

    def __getattr__(self, name: str) -> object:
        return getattr(self.view, name)

    def by_name(self, name: str) -> GoEntity:
        """The thing of this singular name."""
        return next(one for one in self.entities if one.view.name == name)

    @property
    def _fields(self) -> list[GoField]:
        return [one for entity in self.entities for one in entity.fields]

    @property
    def _filters(self) -> list[GoFilter]:
        return [one for entity in self.entities for one in entity.filters]

    def uses(self, kind: str) -> bool:
        """Whether any field is of a kind; a moment's samples and starts of forecasts need dates."""
        return any(one.kind == kind for one in self._fields) or (kind == "date" and self.view.forecast)

    def filters_by(self, kind: str) -> bool:
        """Whether any list is filtered by a field of a kind."""
        return any(one.field.kind == kind for one in self._filters)

    @property
    def data_rows(self) -> list[tuple[str, str, str]]:
        """The tables of the store, as lines of its struct."""
        return [
            (e.go_plural, f"table.Table[model.{e.go}, *model.{e.go}]", f'`json:"{e.view.plural}"`')
            for e in self.entities
        ]

    @property
    def patterns(self) -> list[tuple[str, str]]:
        """The regular expressions of kinds of text."""
        return [_PATTERNS[kind] for kind in ("email", "url") if self.uses(kind)]

    @property
    def has_texts(self) -> bool:
        """Whether any field is a text with a limited length."""
        return any(self.uses(kind) for kind in ("text", "long_text", "email", "url", "tags"))

    @property
    def has_strings(self) -> bool:
        """Whether any field comes as a text."""
        return self.has_texts or self.uses("date") or self.uses("datetime")

    @property
    def has_defaults(self) -> bool:
        """Whether any field may be left out and is never null."""
        return any(not one.view.required and not one.view.nullable for one in self._fields)

    @property
    def has_nullable(self) -> bool:
        """Whether any field may be null."""
        return any(one.view.nullable for one in self._fields)

    @property
    def sortable(self) -> bool:
        """Whether any list can be sorted."""
        return any(entity.orders for entity in self.entities)

    @property
    def sorts_booleans(self) -> bool:
        """Whether any list can be sorted by a boolean."""
        return any(one.kind == "boolean" for entity in self.entities for one in entity.orders)

    @property
    def filter_kinds(self) -> set[str]:
        """How lists are filtered."""
        return {one.kind for one in self._filters}


def go_api(brief: Brief) -> GoApi:
    """Everything the templates need, from a brief."""
    view = api_view(brief)
    singles = distinct(entity.name for entity in view.entities)
    plurals = distinct(entity.plural for entity in view.entities)
    entities = [GoEntity(one, singles[one.name], plurals[one.plural]) for one in view.entities]
    for child in entities:
        for one in child.references:
            parent = next(entity for entity in entities if entity.view.name == one.view.references)
            parent.users.append((child, one))
    return GoApi(view, module_name(brief.slug), entities)
