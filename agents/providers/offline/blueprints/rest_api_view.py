"""What the REST API's templates need to know: entities with their Python types, SQL and conditions."""

from __future__ import annotations

from dataclasses import dataclass

from agents.providers.offline.blueprints.base import Brief, Entity, EntityField
from agents.providers.offline.blueprints.rest_api_samples import (
    LOWER,
    bad_value,
    other_value,
    python_default,
    sample_value,
)
from agents.providers.offline.blueprints.rest_api_sql import sql_name
from agents.providers.offline.words import class_name, singular, spoken, with_article

PYTHON_TYPES = {
    "text": "ShortText",
    "long_text": "LongText",
    "integer": "SafeInt",
    "number": "SafeFloat",
    "boolean": "bool",
    "date": "dt.date",
    "datetime": "UtcTime",
    "email": "EmailAddress",
    "url": "WebAddress",
    "tags": "ShortTexts",
}
SQL_TYPES = {"integer": "INTEGER", "boolean": "INTEGER", "number": "REAL"}
OWN_TYPES = ("EmailAddress", "LongText", "SafeFloat", "SafeInt", "ShortText", "ShortTexts", "UtcTime", "WebAddress")


@dataclass(frozen=True)
class FieldView:
    """A field, as the templates of schemas, SQL and tests see it."""

    name: str
    type: str
    required: bool
    unique: bool
    references: str
    default: object
    sample: object
    other: object
    bad: object

    @property
    def column(self) -> str:
        """The column's name in SQL."""
        return sql_name(self.name)

    @property
    def spoken(self) -> str:
        """The name as words."""
        return spoken(self.name)

    @property
    def python_type(self) -> str:
        """The annotation of a value that is there."""
        return "RowId" if self.references else PYTHON_TYPES[self.type]

    @property
    def nullable(self) -> bool:
        """Whether None may be stored: an optional field without a default."""
        return not self.required and self.default is None

    @property
    def sql_type(self) -> str:
        """The column's type and whether it may be NULL."""
        return (
            SQL_TYPES.get(self.type, "TEXT")
            + ("" if self.nullable else " NOT NULL")
            + (" UNIQUE" if self.unique else "")
        )

    @property
    def is_text(self) -> bool:
        """Whether a full-text search looks into it."""
        return self.type in ("text", "long_text")


@dataclass(frozen=True)
class FilterView:
    """One query parameter of a list: its type, its condition in SQL, and values for a test."""

    name: str
    python_type: str
    condition: str
    field: FieldView
    match: object
    miss: object


@dataclass(frozen=True)
class EntityView:
    """A thing that the API stores, and the names that its files use."""

    name: str
    plural: str
    fields: tuple[FieldView, ...]
    filters: tuple[FilterView, ...]
    searchable: bool
    sortable: tuple[str, ...]
    order: str
    """What a list is sorted by unless a request says otherwise."""
    children: tuple[str, ...]
    """Plurals of the things that belong to this one."""

    @property
    def cls(self) -> str:
        """The class's name."""
        return class_name(self.name)

    @property
    def table(self) -> str:
        """The table's name in SQL."""
        return sql_name(self.plural)

    @property
    def spoken(self) -> str:
        """The singular as words."""
        return spoken(self.name)

    @property
    def spoken_plural(self) -> str:
        """The plural as words."""
        return spoken(self.plural)

    @property
    def a(self) -> str:
        """The singular with 'a' or 'an'."""
        return with_article(self.spoken)

    @property
    def references(self) -> tuple[FieldView, ...]:
        """Fields that hold the id of another thing."""
        return tuple(field for field in self.fields if field.references)

    @property
    def unique(self) -> tuple[FieldView, ...]:
        """Fields whose values may occur once."""
        return tuple(field for field in self.fields if field.unique)

    @property
    def lists(self) -> tuple[FieldView, ...]:
        """Fields that hold a list of short texts, stored as JSON."""
        return tuple(field for field in self.fields if field.type == "tags")

    @property
    def texts(self) -> tuple[FieldView, ...]:
        """Fields that a search looks into."""
        return tuple(field for field in self.fields if field.is_text)

    @property
    def required(self) -> tuple[FieldView, ...]:
        """Fields that a client must send."""
        return tuple(field for field in self.fields if field.required)

    @property
    def not_null(self) -> tuple[FieldView, ...]:
        """Fields that may be left out of a change but not be null."""
        return tuple(field for field in self.fields if not field.nullable)

    @property
    def changed(self) -> FieldView:
        """The field that tests change: a plain one, not unique where possible."""
        plain = [field for field in self.fields if not field.references]
        return next((field for field in plain if not field.unique), (plain or list(self.fields))[0])


@dataclass(frozen=True)
class ApiView:
    """The whole API."""

    name: str
    entities: tuple[EntityView, ...]
    current: bool
    forecast: bool

    @property
    def sampled(self) -> bool:
        """Whether the application starts with sample data."""
        return self.current or self.forecast

    @property
    def searchable(self) -> bool:
        """Whether any list has a full-text search."""
        return any(entity.searchable for entity in self.entities)

    @property
    def has_unique(self) -> bool:
        """Whether any value may occur once only."""
        return any(entity.unique for entity in self.entities)

    @property
    def has_references(self) -> bool:
        """Whether anything belongs to something else."""
        return any(entity.references for entity in self.entities)

    @property
    def types(self) -> tuple[str, ...]:
        """The own field types that the schemas use."""
        used = {field.python_type for entity in self.entities for field in entity.fields}
        if "ShortTexts" in used or any(f.python_type == "ShortText | None" for e in self.entities for f in e.filters):
            used.add("ShortText")
        return tuple(name for name in OWN_TYPES if name in used)

    def by_name(self, name: str) -> EntityView:
        """The entity of this singular name."""
        return next(entity for entity in self.entities if entity.name == name)


def api_view(brief: Brief) -> ApiView:
    """Everything the templates need, from a brief."""
    sorting = "sort" in brief.operations
    return ApiView(
        name=brief.name,
        entities=tuple(_entity(entity, brief, sorting=sorting) for entity in brief.entities),
        current="current" in brief.operations,
        forecast="forecast" in brief.operations,
    )


def _entity(entity: Entity, brief: Brief, *, sorting: bool) -> EntityView:
    fields = tuple(_field(field) for field in entity.fields)
    by_name = {field.name: field for field in fields}
    filters = {made.name: made for name in entity.filters for made in _filters(by_name[name], by_name)}
    children = (other.plural for other in brief.entities if any(f.references == entity.name for f in other.fields))
    sortable = [field.name for field in fields if field.type != "tags" and not field.references] if sorting else []
    return EntityView(
        name=entity.name,
        plural=entity.plural,
        fields=fields,
        filters=tuple(filters.values()),
        searchable=entity.searchable,
        sortable=tuple(sortable),
        order=brief.details.get(f"sort:{entity.name}", "id"),
        children=tuple(children),
    )


def _field(field: EntityField) -> FieldView:
    return FieldView(
        name=field.name,
        type=field.type,
        required=field.required,
        unique=field.unique,
        references=field.references,
        default=python_default(field),
        sample=sample_value(field),
        other=other_value(field),
        bad=bad_value(field),
    )


def _filters(field: FieldView, taken: dict[str, FieldView]) -> list[FilterView]:
    """The query parameters for one field: a range for dates and numbers, membership for lists, else equality."""
    if field.type in ("date", "datetime"):
        return [_bound(field, "from", ">="), _bound(field, "to", "<=")]
    if field.type == "number":
        return [_bound(field, "min", ">="), _bound(field, "max", "<=")]
    if field.type == "tags":
        name = singular(field.name)
        name = field.name if name in taken else name
        rows = f"SELECT 1 FROM json_each({field.column}) WHERE value = :{name}"  # noqa: S608 - an identifier of ours
        condition = f"(:{name} IS NULL OR EXISTS (\n        {rows}\n    ))"
        return [FilterView(name, "ShortText | None", condition, field, "first", "absent")]
    collate = "" if field.type in ("integer", "boolean") else " COLLATE NOCASE"
    condition = f"(:{field.name} IS NULL OR {field.column} = :{field.name}{collate})"
    kind = "str | None" if field.type in ("text", "long_text", "email", "url") else f"{field.python_type} | None"
    return [FilterView(field.name, kind, condition, field, field.sample, field.other)]


def _bound(field: FieldView, side: str, sign: str) -> FilterView:
    name = f"{side}_{field.name}" if side in ("min", "max") else f"{field.name}_{side}"
    miss = field.other if side in ("min", "from") else LOWER[field.type]
    condition = f"(:{name} IS NULL OR {field.column} {sign} :{name})"
    return FilterView(name, f"{field.python_type} | None", condition, field, field.sample, miss)
