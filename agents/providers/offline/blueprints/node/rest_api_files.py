"""The files of the REST API on Node.js: which template writes each, what it offers and what it needs."""

from __future__ import annotations

from agents.plan import PlannedFile
from agents.providers.offline.blueprints.node.dialect import Dialect, kebab
from agents.providers.offline.blueprints.rest_api_view import ApiView, EntityView

_TEMPLATES = {
    "src/config": "config",
    "src/logger": "logger",
    "src/errors": "errors",
    "src/validation": "validation",
    "src/database": "database",
    "src/search": "search",
    "src/sample-data": "sample_data",
    "src/openapi": "openapi",
    "src/app": "app",
    "src/server": "server",
    "src/schemas/fields": "fields",
    "src/repositories/weather": "weather_repository",
    "src/routes/health": "health",
    "src/routes/docs": "docs",
    "src/routes/weather": "weather_routes",
    "test/support": "test_support",
    "test/config.test": "test_config",
    "test/health.test": "test_health",
    "test/weather.test": "test_weather",
}
_BY_FOLDER = {
    "src/schemas/": "entity_schema",
    "src/repositories/": "entity_repository",
    "src/routes/": "entity_routes",
    "test/": "test_entity",
}
WHOLE = ("package.json", "tsconfig.json", "README.md")


def template_of(path: str, dialect: Dialect) -> str:
    """The template that writes a planned file."""
    if path in WHOLE:
        return f"{path}.j2"
    stem = path.removesuffix(f".{dialect.suffix}")
    if stem in _TEMPLATES:
        return f"{_TEMPLATES[stem]}.j2"
    return f"{next(template for folder, template in _BY_FOLDER.items() if path.startswith(folder))}.j2"


def entity_of(path: str, api: ApiView, dialect: Dialect) -> EntityView | None:
    """The thing that a file is about; None for a shared file."""
    stem = path.removesuffix(f".{dialect.suffix}")
    name = stem.rsplit("/", 1)[-1].removesuffix(".test")
    if stem in _TEMPLATES:
        return None
    return next((entity for entity in api.entities if kebab(entity.plural) == name), None)


def planned_files(api: ApiView, dialect: Dialect) -> tuple[PlannedFile, ...]:
    """Every file, each after those it depends on."""
    made = _Files(api, dialect)
    about = [file for entity in api.entities for file in made.about(entity)]
    return (*made.shared(), *about, *made.weather(), *made.last(), *made.extras(), *made.tests())


class _Files:
    """Plans the files of one API in one language."""

    def __init__(self, api: ApiView, dialect: Dialect) -> None:
        self._api, self._dialect = api, dialect

    def _source(self, stem: str, purpose: str, interface: str = "", *needs: str) -> PlannedFile:
        return PlannedFile(
            path=self._named(stem),
            kind="source",
            purpose=purpose,
            interface=interface,
            depends_on=tuple(self._named(need) for need in needs),
        )

    def _named(self, stem: str) -> str:
        return stem if "." in stem else f"{stem}.{self._dialect.suffix}"

    def shared(self) -> list[PlannedFile]:
        """What every thing needs."""
        api = self._api
        names = ["ApiError", "NotFound", *(["Conflict"] if api.has_unique or api.has_references else [])]
        names += ["UnknownReference"] if api.has_references else []
        settings = f"host, port, databasePath, logLevel{', sampleData' if api.sampled else ''}"
        return [
            self._source(
                "src/config",
                "Settings from environment variables.",
                f"readConfig(environment) -> {{{settings}}}; throws for a value that cannot be used",
            ),
            self._source(
                "src/logger",
                "Writes what happens, as lines of JSON.",
                "createLog(lowest, write) -> log(level, message, values)",
                "src/config",
            ),
            self._source(
                "src/errors",
                "Errors with their HTTP status, and how they are answered.",
                f"{', '.join(names)}, InvalidInput; answerErrors(log) is a handler of Express",
                "src/logger",
            ),
            self._source(
                "src/validation",
                "Checks what clients send.",
                "check(schema, input, place) -> the input as the schema makes it; throws InvalidInput",
                "src/errors",
            ),
            *self._storing(),
        ]

    def _storing(self) -> list[PlannedFile]:
        """The database, and what all things that are stored have in common."""
        tables = ", ".join(entity.plural for entity in self._api.entities)
        files = [
            self._source("src/schema.sql", "The tables of the database.", f"tables {tables}"),
            self._source(
                "src/database",
                "Opens the SQLite database, reads it and writes to it.",
                "openDatabase(path) -> DatabaseSync with its tables; all(database, query, values) -> rows; "
                "first(database, query, values) -> row; store(database, statement, values); "
                "erase(database, statement, id) -> number of rows",
                "src/schema.sql",
                "src/errors",
            ),
            self._source(
                "src/schemas/fields",
                "Types of fields with their limits.",
                "listParameters, rowPath, wholeNumber(least, most) and the types of fields",
            ),
            self._source(
                "src/routes/health",
                "Tells whether the service and its database answer.",
                "healthRouter(database): GET /health -> {status: 'ok'}",
                "src/database",
            ),
        ]
        if self._api.searchable:
            purpose = "Turns a person's words into a safe full-text query."
            files.append(self._source("src/search", purpose, "ftsQuery(text) -> text"))
        return files

    def about(self, entity: EntityView) -> list[PlannedFile]:
        """Schema, repository and routes of one thing."""
        name, plural = kebab(entity.plural), entity.plural
        schema, repository = f"src/schemas/{name}", f"src/repositories/{name}"
        fields = ", ".join(f"{f.name}{'' if f.required else ' (may be left out)'}" for f in entity.fields)
        more = ["src/search"] if entity.searchable else []
        return [
            self._source(
                schema,
                f"What {entity.a} looks like in requests and answers.",
                f"new{entity.cls}: {fields}; its changes, and the parameters of its list",
                "src/schemas/fields",
            ),
            self._source(
                repository,
                f"Stores {entity.spoken_plural} in SQLite.",
                "list(database, query) -> page; read(database, id); create(database, item); replace(database, id, "
                "item); change(database, id, changes); remove(database, id); throw NotFound for an unknown id",
                schema,
                "src/database",
                "src/errors",
                *more,
            ),
            self._source(
                f"src/routes/{name}",
                f"The routes below /{plural}.",
                f"GET|POST /{plural}, GET|PUT|PATCH|DELETE /{plural}/:id; 404 for an unknown id, 422 for invalid input",
                repository,
                schema,
                "src/validation",
            ),
        ]

    def weather(self) -> list[PlannedFile]:
        """Sample data and the questions about a city."""
        if not self._api.sampled:
            return []
        schemas = [f"src/schemas/{kebab(entity.plural)}" for entity in self._api.entities]
        routes = ["GET /weather/cities", *(["GET /weather/current?city="] if self._api.current else [])]
        routes += ["GET /forecasts/:city?days=&start="] if self._api.forecast else []
        return [
            self._source(
                "src/sample-data",
                "Sample weather for a start without a network; each row says that it is a sample.",
                "fillWithSamples(database, now); does nothing when rows are there",
                "src/database",
            ),
            self._source(
                "src/repositories/weather",
                "Questions about the weather of a city.",
                "cities(database); current(database, city); coming(database, city, {start, days}), where they are",
                "src/database",
                "src/errors",
                *schemas,
            ),
            self._source(
                "src/routes/weather",
                "The weather of a city.",
                ", ".join(routes),
                "src/repositories/weather",
                "src/schemas/fields",
                "src/validation",
            ),
        ]

    def last(self) -> list[PlannedFile]:
        """What puts the parts together."""
        names = [kebab(entity.plural) for entity in self._api.entities]
        sampled = self._api.sampled
        return [
            self._source(
                "src/openapi",
                "Describes the API from its schemas.",
                "describeApi() -> description in the OpenAPI format",
                *(f"src/schemas/{name}" for name in names),
            ),
            self._source(
                "src/routes/docs", "The description of the API.", "GET /openapi.json, GET /docs", "src/openapi"
            ),
            self._source(
                "src/app",
                "Builds the application from its parts.",
                "createApp(database, log) -> application of Express",
                "src/errors",
                "src/logger",
                "src/routes/health",
                "src/routes/docs",
                *(f"src/routes/{name}" for name in names),
                *(["src/routes/weather"] if sampled else []),
            ),
            self._source(
                "src/server",
                "Starts the server with the settings of the environment.",
                "",
                "src/app",
                "src/config",
                "src/database",
                "src/logger",
                *(["src/sample-data"] if sampled else []),
            ),
        ]

    def extras(self) -> list[PlannedFile]:
        """Manifest, configuration of the compiler, README."""
        files = {"package.json": "Scripts and pinned packages."}
        files |= {"tsconfig.json": "How the compiler checks the types."} if self._dialect.typed else {}
        files |= {"README.md": "How to install, start, use and test it."}
        return [PlannedFile(path=path, kind="extra", purpose=purpose) for path, purpose in files.items()]

    def tests(self) -> list[PlannedFile]:
        """Tests of each thing, and what they share."""
        ext = self._dialect.suffix
        support = f"test/support.{ext}"
        purposes = {"config": "Settings and log.", "health": "Health, description and unforeseen errors."}
        purposes |= {kebab(entity.plural): f"The routes below /{entity.plural}." for entity in self._api.entities}
        purposes |= {"weather": "The weather of a city and the sample data."} if self._api.sampled else {}
        shared = PlannedFile(
            path=support,
            kind="test",
            purpose="A server on an empty database, and things to send to it.",
            depends_on=(f"src/app.{ext}", f"src/database.{ext}"),
        )
        tests = [
            PlannedFile(path=f"test/{name}.test.{ext}", kind="test", purpose=purpose, depends_on=(support,))
            for name, purpose in purposes.items()
        ]
        return [shared, *tests]
