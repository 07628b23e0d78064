"""A REST API in JavaScript or TypeScript: Express over Node's own SQLite, Zod for what clients send."""

from __future__ import annotations

from agents.plan import Plan, Requirements
from agents.providers.offline.blueprints.base import Brief
from agents.providers.offline.blueprints.node.dialect import JAVASCRIPT, TYPESCRIPT, Dialect, plain_file, script_file
from agents.providers.offline.blueprints.node.rest_api_files import entity_of, planned_files, template_of
from agents.providers.offline.blueprints.node.rest_api_view import (
    has_number_filter,
    imported_fields,
    package_name,
    readme_tables,
    zod,
    zod_filter,
)
from agents.providers.offline.blueprints.rest_api_promises import commands, requirements
from agents.providers.offline.blueprints.rest_api_view import ApiView, api_view
from agents.providers.offline.rendering import environment
from agents.types import ProjectType, SourceFile


class NodeRestApi:
    """The blueprint in one of the two languages; it holds no other state."""

    project_type = ProjectType.REST_API

    def __init__(self, dialect: Dialect) -> None:
        self._dialect, self.language = dialect, dialect.key

    def requirements(self, brief: Brief) -> Requirements:
        """Features and numbered criteria for each thing that the API stores."""
        types = ("typescript", "@types/node", "@types/express") if self._dialect.typed else ()
        stack = ("Node.js", "Express", "Zod", "SQLite (node:sqlite)", "node:test")
        return requirements(brief, api_view(brief)).model_copy(
            update={"stack": (self._dialect.label, *stack), "dependencies": ("express", "zod", *types)}
        )

    def plan(self, brief: Brief) -> Plan:
        """Shared files, three files for each thing, tests, manifest and README."""
        api = api_view(brief)
        lines = {"install": "npm ci", "start": "npm start", "test": "npm test"}
        return Plan(files=planned_files(api, self._dialect), commands=commands(api).model_copy(update=lines))

    def render(self, brief: Brief, path: str) -> SourceFile:
        """One planned file. Raises KeyError for a path that is not in the plan."""
        api = api_view(brief)
        planned = {file.path: file for file in planned_files(api, self._dialect)}[path]
        if path.endswith(".sql"):
            # The tables are the same in every language.
            text = environment("rest_api").get_template("schema.sql.j2").render(api=api)
        else:
            text = self._text(brief, api, planned.path)
        return SourceFile(path, text.encode())

    def _text(self, brief: Brief, api: ApiView, path: str) -> str:
        ext, entity = self._dialect.suffix, entity_of(path, api, self._dialect)
        template = self._dialect.environment("rest_api").get_template(template_of(path, self._dialect))
        text = template.render(
            api=api,
            brief=brief,
            entity=entity,
            ext=ext,
            typed=self._dialect.typed,
            package=package_name(brief),
            used=api.types,
            types=imported_fields(entity) if entity is not None else (),
            zod=zod,
            zod_filter=zod_filter,
            number_filters=has_number_filter(api),
            tables=readme_tables(api, self._dialect),
        )
        return script_file(text) if path.endswith(f".{ext}") else plain_file(text)


BLUEPRINTS = (NodeRestApi(JAVASCRIPT), NodeRestApi(TYPESCRIPT))
