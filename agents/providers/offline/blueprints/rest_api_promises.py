"""What the REST API promises: features, numbered criteria, commands, and the requests that prove a started server."""

from __future__ import annotations

from dataclasses import dataclass

from agents.plan import Commands, Criterion, Probe, Requirements
from agents.providers.offline.blueprints.base import Brief
from agents.providers.offline.blueprints.rest_api_view import ApiView, EntityView
from agents.providers.offline.rendering import one_line
from agents.providers.offline.words import spoken
from agents.types import ProjectType

PORT = 8000
MAX_PROBES = 30
DEPENDENCIES = ("fastapi", "uvicorn", "pydantic", "httpx2", "pytest")


@dataclass(frozen=True, slots=True)
class Made:
    """What an API is made of, for the words of its requirements."""

    stack: tuple[str, ...]
    storage: str
    dependencies: tuple[str, ...] = ()
    assumptions: tuple[str, ...] = ()
    """What holds for every API of the language."""


PYTHON = Made(("FastAPI", "SQLite", "Pydantic", "pytest"), "stored in SQLite", DEPENDENCIES)


def requirements(brief: Brief, api: ApiView, made: Made = PYTHON) -> Requirements:
    """The requirements of an API, with one criterion for each thing that its tests check."""
    texts = [*_weather_criteria(api), *(text for entity in api.entities for text in _criteria(entity))]
    texts.append("GET /health answers 200 with status 'ok' while what is stored can be read.")
    names = " and ".join(entity.spoken_plural for entity in api.entities)
    return Requirements(
        name=brief.name,
        summary=f"A REST API for {names}, {made.storage}. Asked for: {one_line(brief.description)}"[:1000],
        project_type=ProjectType.REST_API,
        language=brief.language,
        stack=made.stack,
        features=_features(api),
        criteria=tuple(Criterion(id=f"AC-{number}", text=text[:500]) for number, text in enumerate(texts, 1)),
        dependencies=made.dependencies,
        assumptions=tuple(text[:500] for text in (*made.assumptions, *brief.assumptions)),
    )


def _features(api: ApiView) -> tuple[str, ...]:
    found: list[str] = []
    for entity in api.entities:
        found.append(f"create, list, read, replace, change and delete {entity.spoken_plural}")
        if entity.filters:
            found.append(f"filter {entity.spoken_plural} by {', '.join(spoken(item.name) for item in entity.filters)}")
        if entity.searchable:
            found.append(f"full-text search in {entity.spoken_plural}")
        if entity.sortable:
            found.append(f"sort {entity.spoken_plural}")
    found += ["current weather of a city"] if api.current else []
    found += ["forecast of a city's next days"] if api.forecast else []
    return (*found, "pages with limit, offset and total", "health route")


def _weather_criteria(api: ApiView) -> list[str]:
    texts: list[str] = []
    if api.current:
        texts.append(
            "GET /weather/current?city=… answers 200 with the newest observation of that city, which "
            "names its source, "
            "and 404 for a city without observations."
        )
    if api.forecast:
        texts.append(
            "GET /forecasts/{city}?days=… answers 200 with the forecasts of the next days in order of date, "
            "and 404 for a city without forecasts."
        )
    if api.sampled:
        texts.append("A new database holds sample data, and every row of it has the source 'sample data'.")
    return texts


def _criteria(entity: EntityView) -> list[str]:
    path, what = f"/{entity.plural}", entity.spoken_plural
    texts = [
        f"POST {path} with valid fields answers 201 with the stored {entity.spoken}; invalid, missing or unknown "
        "fields answer 422 and store nothing.",
        f"GET {path} answers a page of {what} with items, total, limit and offset; limit outside 1 to 100 "
        f"or a negative "
        "offset answers 422.",
        f"GET, PUT, PATCH and DELETE {path}/{{id}} read, replace, change and delete one {entity.spoken} "
        f"(200 and 204), "
        "and answer 404 for an unknown id.",
    ]
    if entity.filters:
        names = ", ".join(item.name for item in entity.filters)
        texts.append(f"GET {path} answers only matching {what} for each of the filters {names}.")
    if entity.searchable:
        names = ", ".join(field.name for field in entity.texts)
        texts.append(
            f"GET {path}?q=… finds {what} by whole words or beginnings of words in {names}; any signs are safe."
        )
    if entity.sortable:
        texts.append(
            f"GET {path}?sort=… orders {what} by {', '.join(entity.sortable)}, with '-' in front from the end; "
            f"without it by {entity.order}."
        )
    if entity.unique or entity.references or entity.children:
        texts.append(_integrity(entity))
    return texts


def _integrity(entity: EntityView) -> str:
    parts = [f"a {field.spoken} that is taken answers 409" for field in entity.unique]
    parts += [f"an unknown {field.name} answers 422" for field in entity.references]
    if entity.children:
        children = ", ".join(spoken(name) for name in entity.children)
        parts.append(f"deleting {entity.a} that still has {children} answers 409")
    return f"For {entity.spoken_plural}: {'; '.join(parts)}."


def commands(api: ApiView) -> Commands:
    """Install, start, test, and requests to every route that reads, in an order that works on a new database."""
    return Commands(
        install="pip install -r requirements.txt",
        start="./start.sh",
        test="python -m pytest",
        port=PORT,
        probes=probes(api),
    )


def probes(api: ApiView) -> tuple[Probe, ...]:
    """Requests to every route that reads, and what must be refused, in an order that works on a new store."""
    found = [Probe(path="/health"), Probe(path="/openapi.json")]
    found += [Probe(path="/weather/cities")] if api.sampled else []
    found += [Probe(path="/weather/current?city=Berlin")] if api.current else []
    found += [Probe(path="/forecasts/Berlin?days=3")] if api.forecast else []
    for entity in api.entities:
        body = {field.name: field.sample for field in entity.fields}
        found += [
            Probe(method="POST", path=f"/{entity.plural}", body=body, expect=201),
            Probe(path=f"/{entity.plural}"),
            Probe(path=f"/{entity.plural}/1"),
        ]
    for entity in api.entities:
        found += [
            Probe(method="POST", path=f"/{entity.plural}", body={}, expect=422 if entity.required else 201),
            Probe(path=f"/{entity.plural}/999999", expect=404),
        ]
    return tuple(found[:MAX_PROBES])
