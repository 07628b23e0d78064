"""A REST API in Python: FastAPI over SQLite, one table and one set of routes for each thing it stores."""

from __future__ import annotations

from agents.plan import Plan, Requirements
from agents.providers.offline.blueprints.base import Brief
from agents.providers.offline.blueprints.rest_api_files import entity_of, planned_files, template_of
from agents.providers.offline.blueprints.rest_api_promises import commands, requirements
from agents.providers.offline.blueprints.rest_api_view import api_view
from agents.providers.offline.rendering import environment, python_file
from agents.types import MODE_EXECUTABLE, MODE_FILE, ProjectType, SourceFile


class RestApi:
    """The blueprint; it holds no state."""

    project_type = ProjectType.REST_API
    language = "python"

    def requirements(self, brief: Brief) -> Requirements:
        """Features and numbered criteria for each thing that the API stores."""
        return requirements(brief, api_view(brief))

    def plan(self, brief: Brief) -> Plan:
        """Shared files, four files for each thing, tests, README, requirements and the start script."""
        api = api_view(brief)
        return Plan(files=planned_files(api), commands=commands(api))

    def render(self, brief: Brief, path: str) -> SourceFile:
        """One planned file. Raises KeyError for a path that is not in the plan."""
        api = api_view(brief)
        planned = {file.path: file for file in planned_files(api)}[path]
        template = environment("rest_api").get_template(template_of(path))
        text = template.render(api=api, brief=brief, entity=entity_of(path, api), purpose=planned.purpose)
        text = python_file(text) if path.endswith(".py") else text
        return SourceFile(path, text.encode(), MODE_EXECUTABLE if planned.executable else MODE_FILE)


BLUEPRINT = RestApi()
