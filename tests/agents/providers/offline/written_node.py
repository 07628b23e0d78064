"""Descriptions of applications on Node.js, and the files that the blueprints write for them."""

from __future__ import annotations

from agents.providers.offline.blueprints import BLUEPRINTS
from agents.providers.offline.blueprints.base import Brief
from agents.types import ProjectType, SourceFile

LANGUAGES = ("javascript", "typescript")
SENTENCES = {
    ProjectType.REST_API: (
        "A todo list REST API with title, due date and done flag, filter by done",
        "Create a REST API for weather forecasts",
        "Weather API with current weather and a 5 day forecast",
        "Create a web API that returns current weather data",
        "Bookmarks API with tags and full-text search",
        "A REST API for transactions, groups and indexes where transactions belong to groups, filter by group",
        "A REST API for machines with name (unique), floor (integer, default 3), active (boolean, default true) "
        "and notes",
        "Events API with title, starts at, homepage and contact email, search, sorting, filter by starts at",
        "A REST API for international freight shipments with departure warehouse code (unique), estimated arrival "
        "timestamp, insured value in euros, customs declaration number (unique) and fragile flag, filter by fragile, "
        "customs declaration number and departure warehouse code, search, sorted by customs declaration number",
    ),
}


MORE = (
    "A library API for books (title, isbn, year) and members (name, unique email)",
    "A REST API for invoices with number, customer, amount, issued on and paid flag, filter by paid and amount, "
    "sorted by amount",
    "A REST API for things with order, group, date, class, type, list, limit, schema, copy, none, dt, int and path",
    "A REST API for pages, tags, emails and classes",
)
"""These are looked at without running them."""


def written(brief: Brief) -> tuple[SourceFile, ...]:
    """Every planned file of the application."""
    blueprint = BLUEPRINTS[(brief.project_type, brief.language)]
    return tuple(blueprint.render(brief, planned.path) for planned in blueprint.plan(brief).files)
