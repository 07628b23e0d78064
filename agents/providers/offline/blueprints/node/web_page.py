"""A static web page with a small server in JavaScript or TypeScript; the page is the same as with Python."""

from __future__ import annotations

from agents.plan import Commands, FileKind, Plan, PlannedFile, Requirements
from agents.providers.offline.blueprints import web_page
from agents.providers.offline.blueprints.base import Brief
from agents.providers.offline.blueprints.node.dialect import (
    JAVASCRIPT,
    TYPESCRIPT,
    Dialect,
    markdown_table,
    plain_file,
    script_file,
)
from agents.providers.offline.blueprints.node.rest_api_view import package_name
from agents.providers.offline.blueprints.web_page_view import PageView, page_view
from agents.providers.offline.rendering import environment
from agents.types import ProjectType, SourceFile

_PAGE = ("site/index.html", "site/style.css")
# Path, kind, purpose, what it depends on; '%' stands for the ending of the language's files.
_FILES: tuple[tuple[str, FileKind, str, tuple[str, ...]], ...] = (
    ("site/index.html", "source", "The text of the page.", ()),
    ("site/style.css", "source", "The look, for phones and wide screens, light and dark.", ()),
    ("site/script.js", "source", "Checks the contact form.", ("site/index.html",)),
    ("src/config.%", "source", "Where the server listens, from the environment.", ()),
    ("src/site.%", "source", "Serves the files of a folder.", ()),
    ("src/server.%", "source", "Starts the server.", ("src/config.%", "src/site.%")),
    ("package.json", "extra", "Scripts and packages.", ()),
    ("tsconfig.json", "extra", "How the compiler checks the types.", ()),
    ("README.md", "extra", "How to look at it, change it and test it.", ()),
    ("test/page.test.%", "test", "The page is well formed and complete.", ("site/index.html",)),
    ("test/site.test.%", "test", "The server answers with the page and nothing else.", ("src/config.%", "src/site.%")),
)
_OFFERS = {
    "src/config.%": "readConfig(environment) -> {host, port}; throws for a value that cannot be used",
    "src/site.%": "createSite(folder, onError) -> server without a port",
}


class NodeWebPage:
    """The blueprint in one of the two languages; it holds no other state."""

    project_type = ProjectType.WEB_PAGE

    def __init__(self, dialect: Dialect) -> None:
        self._dialect, self.language = dialect, dialect.key

    def requirements(self, brief: Brief) -> Requirements:
        """The sections, and what holds for any good page."""
        types = ("typescript", "@types/node") if self._dialect.typed else ()
        stack = ("HTML", "CSS", self._dialect.label, "node:http", "node:test")
        return web_page.requirements(brief, stack=stack, dependencies=types)

    def plan(self, brief: Brief) -> Plan:
        """The page, its server, tests, manifest and README."""
        commands = Commands(
            install="npm ci", start="npm start", test="npm test", port=web_page.PORT, probes=web_page.probes()
        )
        return Plan(files=tuple(self._planned(page_view(brief))), commands=commands)

    def render(self, brief: Brief, path: str) -> SourceFile:
        """One planned file. Raises KeyError for a path that is not in the plan."""
        page = page_view(brief)
        planned = {file.path: file for file in self._planned(page)}[path]
        if path in _PAGE:
            template = environment("web_page").get_template(f"{path.rpartition('/')[2]}.j2")
            return SourceFile(path, template.render(page=page, brief=brief).encode())
        ext = self._dialect.suffix
        stem = planned.path.rpartition("/")[2].removesuffix(f".{ext}") if path.startswith(("src/", "test/")) else ""
        name = f"test_{stem.removesuffix('.test')}" if planned.kind == "test" else stem or path.rpartition("/")[2]
        text = self._dialect.environment("web_page").get_template(f"{name}.j2").render(
            page=page, brief=brief, ext=ext, typed=self._dialect.typed, package=package_name(brief),
            layout=_layout(page, ext),
        )  # fmt: skip
        finish = script_file if path.endswith(f".{ext}") else plain_file
        return SourceFile(path, finish(text).encode())

    def _planned(self, page: PageView) -> list[PlannedFile]:
        ext = self._dialect.suffix
        left_out = {
            *(() if page.has_form else ("site/script.js",)),
            *(() if self._dialect.typed else ("tsconfig.json",)),
        }
        return [
            PlannedFile(
                path=path.replace("%", ext),
                kind=kind,
                purpose=purpose,
                interface=_OFFERS.get(path, ""),
                depends_on=tuple(need.replace("%", ext) for need in needs),
            )
            for path, kind, purpose, needs in _FILES
            if path not in left_out
        ]


def _layout(page: PageView, ext: str) -> str:
    """The README's table of files."""
    form = [["`site/script.js`", "checks the contact form and opens the mail program; put your address there"]]
    return markdown_table(
        [
            ["file", "job"],
            ["`site/index.html`", "the text"],
            ["`site/style.css`", "the look, for phones and wide screens, light and dark"],
            *(form if page.has_form else []),
            [f"`src/site.{ext}`", "the server"],
            [f"`src/server.{ext}`", "starts it"],
        ]
    )


BLUEPRINTS = (NodeWebPage(JAVASCRIPT), NodeWebPage(TYPESCRIPT))
