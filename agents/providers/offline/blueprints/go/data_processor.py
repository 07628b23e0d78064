"""A data processor in Go: statistics and groups of a CSV or JSON file as HTML, Markdown and JSON reports."""

from __future__ import annotations

from agents.plan import Commands, Plan, Requirements
from agents.providers.offline.blueprints.base import Brief
from agents.providers.offline.blueprints.data_processor import report_view
from agents.providers.offline.blueprints.data_processor import requirements as promised
from agents.providers.offline.blueprints.go.names import go_environment, go_file, go_string, module_name
from agents.providers.offline.blueprints.go.tables_files import report_files
from agents.types import ProjectType, SourceFile

_RENDERERS = {"html": "HTML", "md": "Markdown", "json": "JSON"}


class DataProcessor:
    """The blueprint; it holds no state."""

    project_type = ProjectType.DATA_PROCESSOR
    language = "go"

    def requirements(self, brief: Brief) -> Requirements:
        """What the reports hold, and one criterion for each format."""
        return promised(brief, stack=("Go", "flag", "encoding/csv", "html/template"), dependencies=())

    def plan(self, brief: Brief) -> Plan:
        """The command, its packages with their tests, sample data and README."""
        module = module_name(brief.slug)
        commands = Commands(
            install="go build ./...",
            start=f"go run ./cmd/{module} --help",
            test="go test ./...",
            examples=_examples(brief, module),
        )
        files = report_files(module, report_view(brief).formats)
        return Plan(files=tuple(file for file, _ in files), commands=commands)

    def render(self, brief: Brief, path: str) -> SourceFile:
        """One planned file. Raises KeyError for a path that is not in the plan."""
        view, module = report_view(brief), module_name(brief.slug)
        template = {file.path: name for file, name in report_files(module, view.formats)}[path]
        text = (
            go_environment("tables")
            .get_template(template)
            .render(
                view=view,
                brief=brief,
                module=module,
                ops=("group", "statistics"),
                examples=_examples(brief, module),
                renderers=[(go_string(name), _RENDERERS[name]) for name in view.formats],
                formats=", ".join(go_string(name) for name in view.formats),
            )
        )
        return SourceFile(path, (go_file(text) if path.endswith(".go") else text).encode())


def _examples(brief: Brief, module: str) -> tuple[str, ...]:
    view = report_view(brief)
    return tuple(line.replace(f"python -m {view.package} ", f"go run ./cmd/{module} ") for line in view.examples)


BLUEPRINT = DataProcessor()
