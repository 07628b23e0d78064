"""What the page's templates need to know: title, sections and placeholder texts for each."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Literal

from agents.providers.offline.blueprints.base import Brief
from agents.providers.offline.rendering import one_line

Kind = Literal["text", "table", "cards", "form"]
Pairs = tuple[tuple[str, str], ...]

# Ids that the page itself uses.
_OWN_IDS = frozenset({"main", "name", "email", "message", "message-form", "form-status"})
_NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
# Words of a heading, the kind of section, and its placeholder texts: 'name: value' between bars.
_KNOWN: tuple[tuple[str, Kind, str], ...] = (
    ("opening|hours", "table", "Monday to Friday: 7:00 - 18:00 | Saturday: 8:00 - 14:00 | Sunday: closed"),
    ("menu|price|pricing", "table", "Small: 3.50 | Medium: 4.50 | Large: 5.50"),
    ("schedule|program|agenda|timetable", "table", "Morning: Welcome | Noon: First session | Evening: Dinner"),
    (".*\\bform$|message", "form", ""),
    ("contact", "table", "E-mail: hello@example.org | Telephone: +00 000 000 000 | Address: 1 Example Street"),
    ("location|address|directions", "table", "Address: 1 Example Street | Nearest stop: Example Square"),
    ("project|portfolio|work|case stud", "cards", "First project: What you did in it. | Second project: Another one."),
    (
        "speaker|teacher|trainer|artist|doctor|team|staff|people|member",
        "cards",
        "First name: What this person does. | Second name: Another person.",
    ),
    ("feature|service|product|offer", "cards", "First: What it gives to people. | Second: Another one."),
    ("testimonial|review|quote", "cards", "A customer: What they said. | Another customer: What they said."),
    ("faq|question", "cards", "A first question: Its answer. | A second question: Its answer."),
    ("about", "text", "About us: Who we are, since when, and what matters to us."),
)


@dataclass(frozen=True, slots=True)
class Section:
    """One section: its id, heading, kind, and pairs of texts."""

    id: str
    heading: str
    kind: Kind
    rows: Pairs


@dataclass(frozen=True, slots=True)
class PageView:
    """The page."""

    title: str
    tagline: str
    sections: tuple[Section, ...]

    @property
    def headings(self) -> list[str]:
        """The headings of the sections, in their order."""
        return [section.heading for section in self.sections]

    @property
    def has_form(self) -> bool:
        """Whether there is a contact form."""
        return any(section.kind == "form" for section in self.sections)


def page_view(brief: Brief) -> PageView:
    """The view of a brief."""
    headings: list[str] = json.loads(brief.details["sections"])
    sections: list[Section] = []
    for heading in headings:
        sections.append(_section(heading, sections))
    return PageView(one_line(brief.name), brief.details["tagline"], tuple(sections))


def _section(heading: str, before: list[Section]) -> Section:
    """A section whose id is its own; only the first form of a page is one, as its fields have ids."""
    section_id = _section_id(heading, {section.id for section in before})
    for words, kind, texts in _KNOWN:
        if re.search(rf"\b(?:{words})", heading.lower()) and not (
            kind == "form" and "form" in {s.kind for s in before}
        ):
            rows = _pairs(texts)
            return Section(section_id, heading, kind, _as_many(heading, rows) if kind == "cards" else rows)
    return Section(section_id, heading, "text", (("", f"Write here about: {heading.lower()}."),))


def _section_id(heading: str, taken: set[str]) -> str:
    slug = re.sub(r"[^a-z0-9]+", "-", heading.lower()).strip("-") or "section"
    slug = f"{slug}-section" if slug in _OWN_IDS or slug.endswith("-heading") else slug
    return slug if slug not in taken else f"{slug}-{len(taken) + 1}"


def _as_many(heading: str, rows: Pairs) -> Pairs:
    """As many cards as the heading says ('three features'), else those there are."""
    first = heading.split()[0].lower()
    wanted = _NUMBERS.index(first) if first in _NUMBERS else int(first) if re.fullmatch(r"[1-9]", first) else len(rows)
    return tuple(rows[n] if n < len(rows) else (f"Number {n + 1}", rows[-1][1]) for n in range(wanted))


def _pairs(texts: str) -> Pairs:
    found = (text.strip().partition(": ") for text in texts.split("|") if text.strip())
    return tuple((name, value) for name, _, value in found)
