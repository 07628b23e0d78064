"""A REST API in Go: net/http, things in memory and in a JSON file; nothing but the standard library."""

from __future__ import annotations

from agents.plan import Commands, Plan, Requirements
from agents.providers.offline.blueprints.base import Brief
from agents.providers.offline.blueprints.go.names import go_environment, go_file
from agents.providers.offline.blueprints.go.rest_api_files import planned_files
from agents.providers.offline.blueprints.go.rest_api_openapi import open_api
from agents.providers.offline.blueprints.go.rest_api_view import GoApi, go_api
from agents.providers.offline.blueprints.rest_api_promises import PORT, Made, probes, requirements
from agents.types import ProjectType, SourceFile

MADE = Made(
    stack=("Go", "net/http", "log/slog", "encoding/json"),
    storage="kept in memory and in a JSON file, with nothing but the standard library",
    assumptions=(
        "Go's standard library has no database: everything is kept in memory and in one JSON file (DATA_FILE), which "
        "is written anew with each change. That suits some ten thousand things and one process.",
    ),
)
_OBSERVATION = (
    ("City", "of.city"),
    ("TemperatureC", "of.temperature"),
    ("HumidityPercent", "of.humidity"),
    ("WindKph", "of.wind"),
    ("Conditions", "of.conditions"),
    ("ObservedAt", "now.UTC().Truncate(time.Second)"),
    ("Source", "Source"),
)
_FORECAST = (
    ("City", "of.city"),
    ("Date", "now.UTC().AddDate(0, 0, day).Format(time.DateOnly)"),
    ("TemperatureMinC", "middle - 4"),
    ("TemperatureMaxC", "middle + 4"),
    ("PrecipitationMm", "rains[turn]"),
    ("Conditions", "conditions"),
    ("Source", "Source"),
)

# Kind of field, its reader, and JSON values that it takes and refuses, as Go.
_VALUE_CASES = (
    ("text", "ShortText", '`"a"`, long(200)', '`""`, `" "`, long(201), `7`'),
    ("long_text", "LongText", '`""`, long(20_000)', "long(20_001), `7`"),
    ("integer", "Integer", "`0`, `-7`, `9007199254740992`", '`1.5`, `"1"`, `9007199254740993`, `1e400`, `true`'),
    ("reference", "ID", "`1`, `9223372036854775807`", '`0`, `-1`, `1.5`, `"1"`'),
    ("number", "Number", "`1`, `-2.5`, `1e3`", '`"1"`, `1e999`'),
    ("boolean", "Boolean", "`true`, `false`", '`1`, `"true"`'),
    ("date", "Date", '`"2024-02-29"`', '`"2023-02-29"`, `"31.12.2026"`, `"2026-1-1"`, `7`'),
    ("datetime", "Moment", '`"2026-05-17T09:30:00Z"`, `"2026-05-17"`', '`"yesterday"`, `7`'),
    ("email", "Email", '`"a@example.com"`', '`"a"`, `"a b@example.com"`, `"a@b"`'),
    ("url", "WebAddress", '`"https://example.com/a"`', '`"ftp://example.com"`, `"https://"`, `"a"`'),
    ("tags", "ShortTexts", '`[]`, `["a", "b"]`', '`"a"`, `[""]`, `[1]`, `[null]`'),
)


class RestApi:
    """The blueprint; it holds no state."""

    project_type = ProjectType.REST_API
    language = "go"

    def requirements(self, brief: Brief) -> Requirements:
        """Features and numbered criteria for each thing that the API stores."""
        return requirements(brief, go_api(brief).view, MADE)

    def plan(self, brief: Brief) -> Plan:
        """The command, its packages with their tests, README and ignore files."""
        api = go_api(brief)
        return Plan(files=tuple(one.file for one in planned_files(api)), commands=_commands(api))

    def render(self, brief: Brief, path: str) -> SourceFile:
        """One planned file. Raises KeyError for a path that is not in the plan."""
        api = go_api(brief)
        planned = {one.file.path: one for one in planned_files(api)}[path]
        if not planned.template:
            return SourceFile(path, open_api(api.view).encode())
        text = (
            go_environment("rest_api")
            .get_template(planned.template)
            .render(
                api=api,
                brief=brief,
                module=api.module,
                entity=planned.entity,
                assumptions=(*MADE.assumptions, *brief.assumptions),
                observation=_OBSERVATION,
                forecast=_FORECAST,
                value_cases=_VALUE_CASES,
            )
        )
        return SourceFile(path, (go_file(text) if path.endswith(".go") else text).encode())


def _commands(api: GoApi) -> Commands:
    return Commands(
        install="go build ./...",
        start=f"go run ./cmd/{api.module}",
        test="go test ./...",
        port=PORT,
        probes=probes(api.view),
    )


BLUEPRINT = RestApi()
