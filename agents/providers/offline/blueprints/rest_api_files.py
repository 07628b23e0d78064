"""The files of the REST API: which template writes each, what it offers and what it needs."""

from __future__ import annotations

from agents.plan import PlannedFile
from agents.providers.offline.blueprints.rest_api_view import ApiView, EntityView

TEMPLATES = {
    "app/__init__.py": "package.py.j2",
    "app/config.py": "config.py.j2",
    "app/errors.py": "errors.py.j2",
    "app/database.py": "database.py.j2",
    "app/schema.sql": "schema.sql.j2",
    "app/field_types.py": "field_types.py.j2",
    "app/search.py": "search.py.j2",
    "app/sample_data.py": "sample_data.py.j2",
    "app/main.py": "main.py.j2",
    "app/schemas/__init__.py": "package.py.j2",
    "app/repositories/__init__.py": "package.py.j2",
    "app/repositories/weather.py": "weather_repository.py.j2",
    "app/routes/__init__.py": "package.py.j2",
    "app/routes/health.py": "health.py.j2",
    "app/routes/weather.py": "weather_routes.py.j2",
    "tests/conftest.py": "conftest.py.j2",
    "tests/test_health.py": "test_health.py.j2",
    "tests/test_config.py": "test_config.py.j2",
    "tests/test_weather.py": "test_weather.py.j2",
    "requirements.txt": "requirements.txt.j2",
    "start.sh": "start.sh.j2",
    "README.md": "README.md.j2",
}
_BY_FOLDER = {
    "app/schemas/": "entity_schema.py.j2",
    "app/repositories/": "entity_repository.py.j2",
    "app/routes/": "entity_routes.py.j2",
    "tests/test_": "test_entity.py.j2",
}


def template_of(path: str) -> str:
    """The template that writes a planned file."""
    if path in TEMPLATES:
        return TEMPLATES[path]
    return next(template for folder, template in _BY_FOLDER.items() if path.startswith(folder))


def entity_of(path: str, api: ApiView) -> EntityView | None:
    """The thing that a file is about; None for a shared file."""
    if path in TEMPLATES:
        return None
    stem = path.rsplit("/", 1)[-1].removesuffix(".py")
    plural = stem.removeprefix("test_") if path.startswith("tests/") else stem
    return next((entity for entity in api.entities if entity.plural == plural), None)


def planned_files(api: ApiView) -> tuple[PlannedFile, ...]:
    """Every file, each after those it depends on."""
    files = [*_shared(api), *(file for entity in api.entities for file in _about(entity, api)), *_last(api)]
    return tuple(files)


def _source(path: str, purpose: str, interface: str = "", *needs: str) -> PlannedFile:
    return PlannedFile(path=path, kind="source", purpose=purpose, interface=interface, depends_on=needs)


def _shared(api: ApiView) -> list[PlannedFile]:
    names = ["ApiError", "NotFound", *(["Conflict"] if api.has_unique or api.has_references else [])]
    names += ["UnknownReference"] if api.has_references else []
    files = [
        _source("app/__init__.py", f"The package of the application: {api.name}."),
        _source(
            "app/config.py",
            "Settings from environment variables.",
            "class Settings(database_path: Path, log_level: str"
            + (", sample_data: bool" if api.sampled else "")
            + "); Settings.from_environment() -> Settings, raises ValueError for a value that cannot be used",
        ),
        _source(
            "app/errors.py",
            "Errors with their HTTP status, and how they are answered.",
            f"exceptions {', '.join(names)}(message: str); register(app: FastAPI) -> None",
        ),
        _source("app/schema.sql", "The tables of the database.", f"tables {', '.join(e.plural for e in api.entities)}"),
        _source(
            "app/database.py",
            "Opens the SQLite database, and writes to it.",
            "connect(path: Path) -> sqlite3.Connection; prepare(path: Path) -> None creates the tables; "
            "Connection: the annotated dependency of routes; store(connection, statement, values) -> sqlite3.Cursor; "
            "remove(connection, statement, row_id: int) -> int rows removed",
            "app/schema.sql",
            "app/errors.py",
        ),
        _source(
            "app/field_types.py",
            "Types of fields with their limits.",
            f"RowId, ListParameters(limit: int, offset: int){', ' if api.types else ''}{', '.join(api.types)}",
        ),
        _source("app/schemas/__init__.py", "What requests and answers look like."),
        _source("app/repositories/__init__.py", "How things are stored: all SQL stands here."),
        _source("app/routes/__init__.py", "The routes of the API."),
        _source(
            "app/routes/health.py",
            "Tells whether the service and its database answer.",
            "GET /health -> {status: 'ok'}",
            "app/database.py",
        ),
    ]
    if api.searchable:
        files.append(
            _source(
                "app/search.py", "Turns a person's words into a safe full-text query.", "fts_query(text: str) -> str"
            )
        )
    return files


def _about(entity: EntityView, api: ApiView) -> list[PlannedFile]:
    cls, plural = entity.cls, entity.plural
    schema, repository = f"app/schemas/{plural}.py", f"app/repositories/{plural}.py"
    fields = ", ".join(f"{f.name}: {f.python_type}{'' if f.required else ' (may be left out)'}" for f in entity.fields)
    parameters = ", ".join(item.name for item in entity.filters)
    more = ["app/search.py"] if entity.searchable else []
    return [
        _source(
            schema,
            f"What {entity.a} looks like in requests and answers.",
            f"{cls}In({fields}); {cls}Patch (the same, all may be left out); {cls} ({cls}In with id, created_at, "
            f"updated_at); {cls}Query(limit, offset{', ' + parameters if parameters else ''}); "
            f"{cls}Page(items: list[{cls}], total, limit, offset)",
            "app/field_types.py",
        ),
        _source(
            repository,
            f"Stores {entity.spoken_plural} in SQLite.",
            f"page(connection, query: {cls}Query) -> {cls}Page; read(connection, row_id: int) -> {cls}; "
            f"create(connection, item: {cls}In) -> {cls}; replace(connection, row_id, item: {cls}In) -> {cls}; "
            f"change(connection, row_id, changes: {cls}Patch) -> {cls}; delete(connection, row_id) -> None; "
            "all raise NotFound for an unknown id",
            schema,
            "app/database.py",
            "app/errors.py",
            *more,
        ),
        _source(
            f"app/routes/{plural}.py",
            f"The routes below /{plural}.",
            f"router: GET /{plural} -> {cls}Page, POST /{plural} -> 201 {cls}, GET|PUT|PATCH "
            f"/{plural}/{{id}} -> {cls}, "
            f"DELETE /{plural}/{{id}} -> 204; 404 for an unknown id, 422 for invalid input",
            repository,
            schema,
            "app/database.py",
        ),
    ]


def _weather(api: ApiView) -> list[PlannedFile]:
    plurals = [entity.plural for entity in api.entities]
    needs = [f"app/schemas/{plural}.py" for plural in plurals]
    routes = ["GET /weather/cities -> list[str]"]
    routes += ["GET /weather/current?city= -> Observation"] if api.current else []
    routes += ["GET /forecasts/{city}?days=&start= -> list[Forecast]"] if api.forecast else []
    functions = ["cities(connection) -> list[str]"]
    functions += ["current(connection, city: str) -> Observation"] if api.current else []
    functions += ["coming(connection, city: str, start: date, days: int) -> list[Forecast]"] if api.forecast else []
    repositories = [f"app/repositories/{plural}.py" for plural in plurals]
    return [
        _source(
            "app/sample_data.py",
            "Sample weather for a start without a network; each row says that it is a sample.",
            "fill(connection: sqlite3.Connection) -> None; does nothing when rows are there",
            "app/schema.sql",
        ),
        _source(
            "app/repositories/weather.py",
            "Questions about the weather of a city.",
            "; ".join(functions),
            *repositories,
            *needs,
        ),
        _source("app/routes/weather.py", "The weather of a city.", ", ".join(routes), "app/repositories/weather.py"),
    ]


def _last(api: ApiView) -> list[PlannedFile]:
    weather = _weather(api) if api.sampled else []
    routes = ["app/routes/health.py", *(f"app/routes/{entity.plural}.py" for entity in api.entities)]
    more = ["app/routes/weather.py", "app/sample_data.py"] if weather else []
    main = _source(
        "app/main.py",
        "Builds the application from its parts.",
        "create_app(settings: Settings | None = None) -> FastAPI; app: FastAPI",
        "app/config.py",
        "app/database.py",
        "app/errors.py",
        *routes,
        *more,
    )
    return [*weather, main, *_extras(api), *_tests(api)]


def _extras(api: ApiView) -> list[PlannedFile]:
    return [
        PlannedFile(path="requirements.txt", kind="extra", purpose="Pinned packages to run and to test it."),
        PlannedFile(
            path="start.sh", kind="extra", purpose="Starts the server on 127.0.0.1 and $PORT.", executable=True
        ),
        PlannedFile(path="README.md", kind="extra", purpose="How to install, start, use and test it."),
    ]


def _test(path: str, purpose: str, *needs: str) -> PlannedFile:
    return PlannedFile(path=path, kind="test", purpose=purpose, depends_on=needs)


def _tests(api: ApiView) -> list[PlannedFile]:
    conftest = "tests/conftest.py"
    files = [
        _test(
            conftest, "A client on a fresh database, and stored things to test with.", "app/main.py", "app/config.py"
        ),
        _test("tests/test_config.py", "Settings from the environment.", "app/config.py"),
        _test("tests/test_health.py", "The health route and the API's description.", conftest),
    ]
    files += [_test(f"tests/test_{e.plural}.py", f"The routes below /{e.plural}.", conftest) for e in api.entities]
    if api.sampled:
        files.append(_test("tests/test_weather.py", "The weather of a city and the sample data.", conftest))
    return files
