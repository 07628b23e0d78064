"""A static web page that a small server in Go holds in itself, its sections taken from the description."""

from __future__ import annotations

from agents.plan import Commands, FileKind, Plan, PlannedFile, Requirements
from agents.providers.offline.blueprints.base import Brief
from agents.providers.offline.blueprints.go.names import go_environment, go_file, module_name
from agents.providers.offline.blueprints.web_page import PORT, probes
from agents.providers.offline.blueprints.web_page import requirements as promised
from agents.providers.offline.blueprints.web_page_view import PageView, page_view
from agents.providers.offline.rendering import environment
from agents.types import ProjectType, SourceFile

# Path, kind, purpose, interface, what it depends on.
_FILES: tuple[tuple[str, FileKind, str, str, tuple[str, ...]], ...] = (
    ("go.mod", "extra", "The module and its version of Go.", "", ()),
    ("site/index.html", "source", "The text of the page.", "", ()),
    ("site/style.css", "source", "The look, for phones and wide screens, light and dark.", "", ()),
    ("site/script.js", "source", "Checks the contact form.", "", ("site/index.html",)),
    ("handler.go", "source", "Answers with the files.", "newHandler(site fs.FS) http.Handler", ()),
    ("main.go", "source", "Starts the server.", "serves on HOST and PORT", ("handler.go", "site/index.html")),
    ("README.md", "extra", "How to look at it, change it and test it.", "", ()),
    ("page_test.go", "test", "The page is well formed and complete.", "", ("site/index.html",)),
    ("handler_test.go", "test", "The files are served and nothing else.", "", ("handler.go",)),
    ("main_test.go", "test", "The server starts and ends in order.", "", ("main.go",)),
)


class WebPage:
    """The blueprint; it holds no state."""

    project_type = ProjectType.WEB_PAGE
    language = "go"

    def requirements(self, brief: Brief) -> Requirements:
        """The sections, and what holds for any good page."""
        return promised(brief, stack=("HTML", "CSS", "Go", "net/http", "embed"), dependencies=())

    def plan(self, brief: Brief) -> Plan:
        """The page, its server, tests and README."""
        commands = Commands(
            install="go build ./...", start="go run .", test="go test ./...", port=PORT, probes=probes()
        )
        return Plan(files=tuple(_planned(page_view(brief))), commands=commands)

    def render(self, brief: Brief, path: str) -> SourceFile:
        """One planned file. Raises KeyError for a path that is not in the plan."""
        page = page_view(brief)
        planned = {file.path: file for file in _planned(page)}[path]
        shared = planned.path.startswith("site/")
        templates = environment("web_page") if shared else go_environment("web_page")
        template = templates.get_template(f"{path.rsplit('/', 1)[-1]}.j2")
        text = template.render(page=page, brief=brief, module=module_name(brief.slug))
        return SourceFile(path, (go_file(text) if path.endswith(".go") else text).encode())


def _planned(page: PageView) -> list[PlannedFile]:
    return [
        PlannedFile(path=path, kind=kind, purpose=purpose, interface=interface, depends_on=needs)
        for path, kind, purpose, interface, needs in _FILES
        if path != "site/script.js" or page.has_form
    ]


BLUEPRINT = WebPage()
