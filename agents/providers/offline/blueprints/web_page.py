"""A static web page with a small server in Python, its sections taken from the description."""

from __future__ import annotations

from agents.plan import Commands, Criterion, FileKind, Plan, PlannedFile, Probe, Requirements
from agents.providers.offline.blueprints.base import Brief
from agents.providers.offline.blueprints.web_page_view import PageView, page_view
from agents.providers.offline.rendering import environment, one_line, python_file
from agents.types import MODE_EXECUTABLE, MODE_FILE, ProjectType, SourceFile

PORT = 8000
_PROBES = (("/", 200), ("/style.css", 200), ("/missing", 404))
# Path, kind, purpose, what it depends on.
_FILES: tuple[tuple[str, FileKind, str, tuple[str, ...]], ...] = (
    ("site/index.html", "source", "The text of the page.", ()),
    ("site/style.css", "source", "The look, for phones and wide screens, light and dark.", ()),
    ("site/script.js", "source", "Checks the contact form.", ("site/index.html",)),
    ("serve.py", "source", "Serves the folder 'site'.", ("site/index.html",)),
    ("start.sh", "extra", "Starts the server.", ("serve.py",)),
    ("requirements.txt", "extra", "Pinned packages to test it.", ()),
    ("README.md", "extra", "How to look at it, change it and test it.", ()),
    ("tests/conftest.py", "test", "Lets the tests import serve.py.", ("serve.py",)),
    ("tests/test_page.py", "test", "The page is well formed and complete.", ("tests/conftest.py", "site/index.html")),
    ("tests/test_serve.py", "test", "The server answers with the page and nothing else.", ("tests/conftest.py",)),
)


class WebPage:
    """The blueprint; it holds no state."""

    project_type = ProjectType.WEB_PAGE
    language = "python"

    def requirements(self, brief: Brief) -> Requirements:
        """The sections, and what holds for any good page."""
        return requirements(brief, stack=("HTML", "CSS", "Python http.server", "pytest"), dependencies=("pytest",))

    def plan(self, brief: Brief) -> Plan:
        """The page, its server, tests and README."""
        commands = Commands(
            install="pip install -r requirements.txt",
            start="./start.sh",
            test="python -m pytest",
            port=PORT,
            probes=probes(),
        )
        return Plan(files=tuple(_planned(page_view(brief))), commands=commands)

    def render(self, brief: Brief, path: str) -> SourceFile:
        """One planned file. Raises KeyError for a path that is not in the plan."""
        page = page_view(brief)
        planned = {file.path: file for file in _planned(page)}[path]
        template = environment("web_page").get_template(f"{path.rsplit('/', 1)[-1]}.j2")
        text = template.render(page=page, brief=brief)
        text = python_file(text) if path.endswith(".py") else text
        return SourceFile(path, text.encode(), MODE_EXECUTABLE if planned.executable else MODE_FILE)


def requirements(brief: Brief, *, stack: tuple[str, ...], dependencies: tuple[str, ...]) -> Requirements:
    """What a page in any language promises: the sections, and what holds for any good page."""
    page = page_view(brief)
    texts = [
        f"The page has the heading '{page.title}' and the sections {', '.join(page.headings)} in this order.",
        "Its HTML is well formed, ids are unique, and every link leads to a file or section that is there.",
        "It is laid out for phones and wide screens, and follows the reader's choice of light or dark.",
        "The server answers 200 with the page and its style, and 404 for anything else; no folder is listed.",
    ]
    if page.has_form:
        texts.append("Each field of the contact form has a label, and the form says what is missing.")
    return Requirements(
        name=brief.name,
        summary=f"A static web page. Asked for: {one_line(brief.description)}"[:1000],
        project_type=ProjectType.WEB_PAGE,
        language=brief.language,
        stack=stack,
        features=(*page.headings, "works on phones", "light and dark"),
        criteria=tuple(Criterion(id=f"AC-{number}", text=text[:500]) for number, text in enumerate(texts, 1)),
        dependencies=dependencies,
        assumptions=brief.assumptions,
    )


def probes() -> tuple[Probe, ...]:
    """The page, its style, and what is not there."""
    return tuple(Probe(path=path, expect=status) for path, status in _PROBES)


def _planned(page: PageView) -> list[PlannedFile]:
    return [
        PlannedFile(path=path, kind=kind, purpose=purpose, depends_on=needs, executable=path == "start.sh")
        for path, kind, purpose, needs in _FILES
        if path != "site/script.js" or page.has_form
    ]


BLUEPRINT = WebPage()
