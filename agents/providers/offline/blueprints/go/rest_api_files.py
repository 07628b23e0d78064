"""The files of the REST API in Go: which template writes each, what it offers and what it needs."""

from __future__ import annotations

from typing import NamedTuple

from agents.plan import FileKind, PlannedFile
from agents.providers.offline.blueprints.go.rest_api_view import GoApi, GoEntity


class Planned(NamedTuple):
    """A planned file, its template ('' for the description of the routes) and the thing that it is about."""

    file: PlannedFile
    template: str
    entity: GoEntity | None = None


def planned_files(api: GoApi) -> list[Planned]:
    """Every file, each after those it depends on."""
    return [*_base(api), *_store(api), *_input(), *_routes(api), *_command(api), *_extras(), *_tests(api)]


def _source(path: str, purpose: str, interface: str, *needs: str, template: str = "") -> Planned:
    file = PlannedFile(path=path, kind="source", purpose=purpose, interface=interface, depends_on=needs)
    return Planned(file, template or f"{path.rsplit('/', 1)[-1]}.j2")


def _base(api: GoApi) -> list[Planned]:
    return [
        _other("go.mod", "extra", "The module and its version of Go."),
        _source(
            "internal/config/config.go",
            "Settings from environment variables.",
            "config.FromEnvironment(lookup Lookup) (Settings, error); Settings{Host, Port, DataFile, LogLevel}",
        ),
        _source(
            "internal/table/table.go",
            "Rows in memory in the order of their ids.",
            "table.Table[T, P] with All, Get, Add, Set, Remove; rows embed table.Meta{ID, CreatedAt, UpdatedAt}",
        ),
        _source("internal/model/doc.go", "What the package holds.", "package model", template="model_doc.go.j2"),
        *(_model(entity) for entity in api.entities),
    ]


def _model(entity: GoEntity) -> Planned:
    fields = ", ".join(f"{name} {kind}" for name, kind, _tag in entity.struct_rows)
    path = f"internal/model/{entity.stem}.go"
    made = _source(path, f"What {entity.view.a} is.", f"model.{entity.go}{{{fields}}}", "internal/table/table.go")
    return Planned(made.file, "model.go.j2", entity)


def _store(api: GoApi) -> list[Planned]:
    models = [f"internal/model/{entity.stem}.go" for entity in api.entities]
    base = ["internal/store/store.go", "internal/store/collection.go"]
    found = [
        _source(
            base[0],
            "Keeps everything in memory, and in a JSON file.",
            "store.Open(path string) (*Store, error); a change is done whole or not at all",
            "internal/table/table.go",
            *models,
        ),
        _source(
            base[1],
            "Access to the things of one kind.",
            "Collection[T, P] with List, Get, Create, Update, Delete; Error{Kind, Text} with NotFound, Conflict, "
            "UnknownReference",
            base[0],
        ),
    ]
    for entity in api.entities:
        offers = f"(*Store) {entity.go_plural}() Collection[model.{entity.go}, *model.{entity.go}]"
        made = _source(f"internal/store/{entity.stem}.go", f"Stores {entity.view.spoken_plural}.", offers, *base)
        found.append(Planned(made.file, "store_entity.go.j2", entity))
    if api.view.sampled:
        offers = "(*Store) AddSamples(now time.Time) error; does nothing when rows are there"
        found.append(_source("internal/store/samples.go", "Made-up weather, marked as such.", offers, base[0]))
    return found


def _input() -> list[Planned]:
    return [
        _source(
            "internal/input/body.go",
            "Reads the fields of a JSON body.",
            "input.Parse(content []byte, partial bool) (*Body, error), Required, Defaulted, Nullable, Invalid",
        ),
        _source(
            "internal/input/values.go",
            "Kinds of values with their limits.",
            "readers of JSON values such as ShortText and parsers of queries such as ParseDate",
            "internal/input/body.go",
        ),
        _source(
            "internal/input/query.go",
            "Reads the parameters of a query.",
            "input.NewQuery(url.Values) *Query with Text, Number, Refuse, Err",
            "internal/input/body.go",
        ),
    ]


def _routes(api: GoApi) -> list[Planned]:
    inputs = [f"internal/input/{name}.go" for name in ("body", "values", "query")]
    lists, resource, answers = (f"internal/api/{name}.go" for name in ("lists", "resource", "answers"))
    found = [
        _other("internal/api/openapi.json", "source", "Describes every route in the form of OpenAPI."),
        _source(lists, "Filters, search and order of lists.", "listing[T] with filters; page[P]", *inputs),
        _source(answers, "Answers and errors.", "(s *server) write, fail, unrouted", "internal/api/openapi.json"),
        _source(resource, "The routes of one kind of thing.", "register(s, path, resource[T, P])", lists, answers),
    ]
    if api.view.sampled:
        offers = "GET /weather/cities" + (", GET /weather/current?city=" if api.view.current else "")
        offers += ", GET /forecasts/{city}?days=&start=" if api.view.forecast else ""
        found.append(_source("internal/api/weather.go", "The weather of a city.", offers, answers))
    for entity in api.entities:
        path = f"/{entity.view.plural}"
        offers = f"GET|POST {path}, GET|PUT|PATCH|DELETE {path}/{{id}}; 404 for an unknown id, 422 for invalid input"
        needs = (resource, f"internal/store/{entity.stem}.go")
        made = _source(f"internal/api/{entity.stem}.go", f"The routes below {path}.", offers, *needs)
        found.append(Planned(made.file, "entity.go.j2", entity))
    entities = [f"internal/api/{entity.stem}.go" for entity in api.entities]
    offers = "api.New(data *store.Store, logger *slog.Logger) http.Handler"
    return [*found, _source("internal/api/server.go", "Brings the routes together.", offers, *entities)]


def _command(api: GoApi) -> list[Planned]:
    needs = ["internal/api/server.go", "internal/config/config.go", "internal/store/store.go"]
    needs += ["internal/store/samples.go"] if api.view.sampled else []
    offers = "serves until it is interrupted; then requests that run are finished"
    return [_source(f"cmd/{api.module}/main.go", "Starts the server.", offers, *needs)]


def _other(path: str, kind: FileKind, purpose: str, *needs: str, template: str = "") -> Planned:
    name = path.rsplit("/", 1)[-1].removeprefix(".")
    file = PlannedFile(path=path, kind=kind, purpose=purpose, depends_on=needs)
    return Planned(file, template or ("" if name == "openapi.json" else f"{name}.j2"))


def _extras() -> list[Planned]:
    return [
        _other("README.md", "extra", "How to start, use and test it."),
        _other(".gitignore", "extra", "What does not belong into the repository."),
        _other(".dockerignore", "extra", "What does not belong into the image."),
    ]


def _tests(api: GoApi) -> list[Planned]:
    folder, server = "internal/api", "internal/api/server.go"
    things, client = f"{folder}/things_test.go", f"{folder}/client_test.go"
    found = [
        _other("internal/config/config_test.go", "test", "Settings.", "internal/config/config.go"),
        _other("internal/table/table_test.go", "test", "Rows.", "internal/table/table.go"),
        _other("internal/store/store_test.go", "test", "The data file.", "internal/store/store.go"),
        _other("internal/input/values_test.go", "test", "Values at their limits.", "internal/input/values.go"),
        _other(things, "test", "Every kind of thing with values to test with.", server),
        _other(client, "test", "A client of a server with an empty store.", server, things),
        _other(f"{folder}/resource_test.go", "test", "The routes of every kind of thing.", client),
        _other(f"{folder}/server_test.go", "test", "Health, description and errors.", client),
        _other(f"cmd/{api.module}/main_test.go", "test", "Start and end of the server.", f"cmd/{api.module}/main.go"),
    ]
    if api.view.sampled:
        found.append(_other(f"{folder}/weather_test.go", "test", "The weather of a city.", client))
    return found
