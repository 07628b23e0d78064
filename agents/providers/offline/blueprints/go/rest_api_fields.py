"""Fields of things and filters of lists as the REST API in Go sees them."""

from __future__ import annotations

from dataclasses import dataclass

from agents.providers.offline.blueprints.go.names import go_string
from agents.providers.offline.blueprints.rest_api_view import FieldView, FilterView

_TYPES = {"integer": "int64", "reference": "int64", "number": "float64", "boolean": "bool", "datetime": "time.Time"}
_READERS = {
    "text": "ShortText",
    "long_text": "LongText",
    "integer": "Integer",
    "reference": "ID",
    "number": "Number",
    "boolean": "Boolean",
    "date": "Date",
    "datetime": "Moment",
    "email": "Email",
    "url": "WebAddress",
    "tags": "ShortTexts",
}
_PARSERS = {
    "integer": "ParseInteger",
    "reference": "ParseID",
    "number": "ParseNumber",
    "boolean": "ParseBoolean",
    "date": "ParseDate",
    "datetime": "ParseMoment",
}


@dataclass(frozen=True)
class GoField:
    """A field of a thing."""

    view: FieldView
    go: str

    def __getattr__(self, name: str) -> object:
        return getattr(self.view, name)

    @property
    def kind(self) -> str:
        """The type of its value, or 'reference'."""
        return "reference" if self.view.references else self.view.type

    @property
    def value_type(self) -> str:
        """The type of a value that is there."""
        return "[]string" if self.kind == "tags" else _TYPES.get(self.kind, "string")

    @property
    def reader(self) -> str:
        """The function that reads it from a body."""
        return _READERS[self.kind]

    @property
    def compare(self) -> str:
        """The function that brings two values in order."""
        return {"bool": "falseFirst", "time.Time": "time.Time.Compare"}.get(
            self.value_type, f"cmp.Compare[{self.value_type}]"
        )

    @property
    def same(self) -> str:
        """The condition that another thing has the same value."""
        one, other, there = f"item.{self.go}", f"other.{self.go}", ""
        if self.view.nullable:
            one, other, there = f"*{one}", f"*{other}", f"{other} != nil && {one} != nil && "
        if self.kind == "tags":
            return f"slices.Equal({other}, {one})"
        if self.kind == "datetime":
            return f"{there}other.{self.go}.Equal({one})"
        return f"{there}{other} == {one}"

    @property
    def row(self) -> tuple[str, str, str]:
        """Its line in the struct."""
        return self.go, ("*" if self.view.nullable else "") + self.value_type, f'`json:"{self.view.name}"`'

    @property
    def default_value(self) -> str:
        """The literal of its default; '' where there is none."""
        if self.view.required or self.view.default is None:
            return ""
        if self.kind == "tags":
            return "[]string{}"
        value = self.view.default
        return go_string(value) if isinstance(value, str) else str(value).lower()


@dataclass(frozen=True)
class GoFilter:
    """A parameter by which a list is narrowed down."""

    view: FilterView
    field: GoField

    @property
    def name(self) -> str:
        """The parameter."""
        return self.view.name

    @property
    def kind(self) -> str:
        """How values are held against it."""
        if self.field.kind == "tags":
            return "list"
        if self.field.kind in ("date", "datetime", "number"):
            return "bound"
        return "same" if self.field.kind in _PARSERS else "text"

    @property
    def parser(self) -> str:
        """The function that reads it from a query."""
        return _PARSERS[self.field.kind]

    @property
    def sign(self) -> int:
        """1 for a lower bound, -1 for an upper one."""
        return 1 if self.name in (f"min_{self.field.view.name}", f"{self.field.view.name}_from") else -1
