"""The description of an API's routes in the form of OpenAPI 3.1."""

from __future__ import annotations

import json
from typing import Any

from agents.providers.offline.blueprints.rest_api_view import ApiView, EntityView, FieldView, FilterView

_SCHEMAS: dict[str, dict[str, Any]] = {
    "text": {"type": "string", "minLength": 1, "maxLength": 200},
    "long_text": {"type": "string", "maxLength": 20_000},
    "integer": {"type": "integer"},
    "number": {"type": "number"},
    "boolean": {"type": "boolean"},
    "date": {"type": "string", "format": "date"},
    "datetime": {"type": "string", "format": "date-time"},
    "email": {"type": "string", "format": "email", "maxLength": 254},
    "url": {"type": "string", "format": "uri", "maxLength": 2_000},
    "tags": {"type": "array", "items": {"type": "string"}, "maxItems": 50},
}
_ID = {"name": "id", "in": "path", "required": True, "schema": {"type": "integer"}}


def open_api(api: ApiView) -> str:
    """The document as JSON text."""
    paths: dict[str, Any] = {"/health": {"get": _answered("Tells that the service answers.", {"type": "object"})}}
    schemas: dict[str, Any] = {}
    for entity in api.entities:
        schemas |= {f"{entity.cls}In": _given(entity), entity.cls: _stored(entity)}
        paths |= _paths(entity)
    paths |= _weather(api)
    document = {
        "openapi": "3.1.0",
        "info": {"title": api.name, "version": "1.0.0"},
        "paths": paths,
        "components": {"schemas": schemas},
    }
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def _schema(field: FieldView) -> dict[str, Any]:
    found = {"type": "integer", "minimum": 1} if field.references else dict(_SCHEMAS[field.type])
    if field.nullable:
        found["type"] = [found["type"], "null"]
    if not field.required and not field.nullable:
        found["default"] = field.default
    return found


def _given(entity: EntityView) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": {field.name: _schema(field) for field in entity.fields},
        "required": [field.name for field in entity.required],
        "additionalProperties": False,
    }


def _stored(entity: EntityView) -> dict[str, Any]:
    own = {
        "id": {"type": "integer"},
        "created_at": {"type": "string", "format": "date-time"},
        "updated_at": {"type": "string", "format": "date-time"},
    }
    fields = {field.name: _schema(field) for field in entity.fields}
    return {"type": "object", "properties": {**own, **fields}}


def _paths(entity: EntityView) -> dict[str, Any]:
    one = {"$ref": f"#/components/schemas/{entity.cls}"}
    given = {"required": True, "content": {"application/json": {"schema": {"$ref": f"{one['$ref']}In"}}}}
    page = {"type": "object", "properties": {"items": {"type": "array", "items": one}, "total": {"type": "integer"}}}
    path, spoken = f"/{entity.plural}", entity.spoken
    listed = _answered(f"Lists {entity.spoken_plural}, page by page.", page)
    part = {"required": True, "content": {"application/json": {"schema": {"type": "object"}}}}
    return {
        path: {
            "get": {**listed, "parameters": _parameters(entity)},
            "post": {**_answered(f"Stores a new {spoken}.", one, "201"), "requestBody": given},
        },
        f"{path}/{{id}}": {
            "parameters": [_ID],
            "get": _answered(f"Reads one {spoken}.", one),
            "put": {**_answered(f"Replaces all fields of one {spoken}.", one), "requestBody": given},
            "patch": {**_answered(f"Changes some fields of one {spoken}.", one), "requestBody": part},
            "delete": {"summary": f"Deletes one {spoken}.", "responses": {"204": {"description": "It is deleted."}}},
        },
    }


def _answered(summary: str, schema: dict[str, Any], status: str = "200") -> dict[str, Any]:
    content = {"application/json": {"schema": schema}}
    return {"summary": summary, "responses": {status: {"description": "Done.", "content": content}}}


def _parameters(entity: EntityView) -> list[dict[str, Any]]:
    found = [
        _parameter("limit", {"type": "integer", "minimum": 1, "maximum": 100, "default": 20}),
        _parameter("offset", {"type": "integer", "minimum": 0, "default": 0}),
        *(_parameter(one.name, _filtered(one)) for one in entity.filters),
    ]
    if entity.searchable:
        found.append(_parameter("q", {"type": "string"}))
    if entity.sortable:
        names = [sign + name for name in ("id", *entity.sortable) for sign in ("", "-")]
        found.append(_parameter("sort", {"type": "string", "enum": names, "default": entity.order}))
    return found


def _filtered(one: FilterView) -> dict[str, Any]:
    return {"type": "string"} if one.field.type == "tags" else _SCHEMAS[one.field.type]


def _parameter(name: str, schema: dict[str, Any], *, required: bool = False) -> dict[str, Any]:
    return {"name": name, "in": "query", "required": required, "schema": schema}


def _weather(api: ApiView) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if api.sampled:
        names = {"type": "array", "items": {"type": "string"}}
        found["/weather/cities"] = {"get": _answered("Lists the cities that something is known about.", names)}
    if api.current:
        one = {"$ref": "#/components/schemas/Observation"}
        newest = _answered("Reads the newest observation of a city.", one)
        city = _parameter("city", {"type": "string"}, required=True)
        found["/weather/current"] = {"get": {**newest, "parameters": [city]}}
    if api.forecast:
        days = _parameter("days", {"type": "integer", "minimum": 1, "maximum": 14, "default": 5})
        start = _parameter("start", {"type": "string", "format": "date"})
        city = {"name": "city", "in": "path", "required": True, "schema": {"type": "string"}}
        many = {"type": "array", "items": {"$ref": "#/components/schemas/Forecast"}}
        coming = _answered("Reads the forecasts of a city's next days.", many)
        found["/forecasts/{city}"] = {"get": {**coming, "parameters": [city, days, start]}}
    return found
