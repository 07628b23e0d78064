"""What the templates of the REST API need to know in JavaScript and TypeScript beside what Python's know."""

from __future__ import annotations

from dataclasses import dataclass

from agents.providers.offline.blueprints.base import Brief
from agents.providers.offline.blueprints.node.dialect import Dialect, camel, kebab, markdown_table
from agents.providers.offline.blueprints.rest_api_view import ApiView, EntityView, FieldView, FilterView

_OWN = {
    "ShortText": "shortText",
    "LongText": "longText",
    "ShortTexts": "shortTexts",
    "EmailAddress": "emailAddress",
    "WebAddress": "webAddress",
    "UtcTime": "utcTime",
    "RowId": "rowId",
}
_ZOD = {"SafeInt": "z.int()", "SafeFloat": "z.number()", "bool": "z.boolean()", "dt.date": "z.iso.date()"}
_PARAMETERS = {
    "str": "z.string().max(2_000)",
    "bool": "z.stringbool()",
    "SafeInt": "wholeNumber(-Number.MAX_SAFE_INTEGER)",
    "RowId": "wholeNumber(1)",
    "SafeFloat": "numberParameter",
}
_KINDS = {
    "text": "text, 1 to 200 characters",
    "long_text": "text",
    "integer": "whole number",
    "number": "number",
    "boolean": "true or false",
    "date": "date, YYYY-MM-DD",
    "datetime": "moment, kept in UTC",
    "email": "e-mail address",
    "url": "http or https address",
    "tags": "list of texts",
}
# npm refuses a package that has the name of one that it needs.
_TAKEN = frozenset({"express", "zod", "typescript", "node_modules", "favicon_ico", "csv_parse", "csv_stringify"})


@dataclass(frozen=True, slots=True)
class Tables:
    """The tables of the README, as the formatter aligns them."""

    variables: str
    fields: dict[str, str]
    answers: str
    layout: str


def zod(field: FieldView) -> str:
    """The schema of a value that is there."""
    return _OWN.get(field.python_type) or _ZOD[field.python_type]


def zod_filter(item: FilterView) -> str:
    """The schema of a parameter that filters a list."""
    kind = item.python_type.removesuffix(" | None")
    return _PARAMETERS.get(kind) or _OWN.get(kind) or _ZOD[kind]


def imported_fields(entity: EntityView) -> list[str]:
    """What a thing's schemas take from the file of field types."""
    used = {zod(field) for field in entity.fields} | {zod_filter(item).partition("(")[0] for item in entity.filters}
    known = {*_OWN.values(), "numberParameter", "wholeNumber"}
    return sorted({"listParameters", *(used & known)})


def package_name(brief: Brief) -> str:
    """The name of the package."""
    slug = brief.slug if brief.slug not in _TAKEN else f"{brief.slug}_app"
    return kebab(slug)


def entity_names(entity: EntityView) -> dict[str, str]:
    """What a thing's functions and files are called."""
    return {"one": camel(entity.name), "many": camel(entity.plural), "file": kebab(entity.plural)}


def has_number_filter(api: ApiView) -> bool:
    """Whether any list is filtered by bounds of a number."""
    return any(zod_filter(item) == "numberParameter" for entity in api.entities for item in entity.filters)


def readme_tables(api: ApiView, dialect: Dialect) -> Tables:
    """The tables of the README."""
    variables = [
        ["variable", "meaning", "default"],
        ["`PORT`", "port of the server", "`8000`"],
        ["`HOST`", "address of the server", "`127.0.0.1`"],
        ["`DATABASE_PATH`", "SQLite file, made when it is missing", "`app.db`"],
        ["`LOG_LEVEL`", "debug, info, warn or error", "`info`"],
        *([["`SAMPLE_DATA`", "`0` starts without sample data", "`1`"]] if api.sampled else []),
    ]
    conflict = [["409", "the change contradicts what is stored"]] if api.has_unique or api.has_references else []
    answers = [
        ["status", "meaning"],
        ["200, 201, 204", "done, created, deleted"],
        ["404", "there is nothing with this id"],
        *conflict,
        ["422", "the input is invalid; `detail` says where"],
    ]
    ext = dialect.suffix
    layout = [
        ["file", "job"],
        [f"`src/server.{ext}`", "starts the server"],
        [f"`src/app.{ext}`", "builds the application"],
        ["`src/routes/`", "the routes, one file for each thing"],
        ["`src/schemas/`", "what requests and answers look like"],
        ["`src/repositories/`", "all SQL"],
        [f"`src/database.{ext}`, `src/schema.sql`", "opens the database; its tables"],
        [f"`src/config.{ext}`", "settings"],
    ]
    fields = {entity.name: markdown_table(_field_rows(entity, api)) for entity in api.entities}
    return Tables(markdown_table(variables), fields, markdown_table(answers), markdown_table(layout))


def _field_rows(entity: EntityView, api: ApiView) -> list[list[str]]:
    rows = [["field", "type", "may be left out"]]
    for field in entity.fields:
        kind = f"id of {api.by_name(field.references).a}" if field.references else _KINDS[field.type]
        once = ", each once only" if field.unique else ""
        rows.append([f"`{field.name}`", kind + once, "no" if field.required else "yes"])
    return rows
