"""Descriptions of applications on Node.js, and the files that the blueprints write for them."""

from __future__ import annotations

from agents.providers.offline.blueprints import BLUEPRINTS
from agents.providers.offline.blueprints.base import Brief
from agents.types import ProjectType, SourceFile

LANGUAGES = ("javascript", "typescript")
SENTENCES = {
    ProjectType.REST_API: (
        "A todo list REST API with title, due date and done flag, filter by done",
        "Weather API with current weather and a 5 day forecast",
        "A REST API for transactions, groups and indexes where transactions belong to groups, filter by group",
        "A REST API for international freight shipments with departure warehouse code (unique), estimated arrival "
        "timestamp, insured value in euros, customs declaration number (unique), labels and fragile flag, filter by "
        "fragile, labels, insured value and departure warehouse code, search, sorted by customs declaration number",
    ),
    ProjectType.CLI_TOOL: (
        "A command line tool that filters, selects, sorts, groups, converts CSV files and shows statistics",
    ),
    ProjectType.DATA_PROCESSOR: ("An expense report as html, markdown and json",),
    ProjectType.WEB_PAGE: ("A landing page for a bakery with opening hours and a contact form",),
}
"""These are proved in a container."""
MORE = (
    "Create a REST API for weather forecasts",
    "Create a web API that returns current weather data",
    "A library API for books (title, isbn, year) and members (name, unique email)",
    "Bookmarks API with tags and full-text search",
    "A REST API for invoices with number, customer, amount, issued on and paid flag, filter by paid and amount, "
    "sorted by amount",
    "A REST API for things with order, group, date, class, type, list, limit, schema, copy, none, dt, int and path",
    "A REST API for machines with name (unique), floor (integer, default 3), active (boolean, default true) and notes",
    "A REST API for pages, tags, emails and classes",
    "Events API with title, starts at, homepage and contact email, search, sorting, filter by starts at",
    "A CLI that converts JSON to CSV and back",
    "A CLI that sorts JSON",
    "A CLI that shows statistics of CSV files",
    "A CLI that groups CSV rows by region and sums amounts",
    "A Markdown report of sales grouped by region",
    "A JSON report of survey data",
    "A static portfolio page",
)
"""These are looked at without running them."""


def written(brief: Brief) -> tuple[SourceFile, ...]:
    """Every planned file of the application."""
    blueprint = BLUEPRINTS[(brief.project_type, brief.language)]
    return tuple(blueprint.render(brief, planned.path) for planned in blueprint.plan(brief).files)
