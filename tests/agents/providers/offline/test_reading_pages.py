"""Descriptions of web pages are read as they were meant, or refused with a sentence."""

from __future__ import annotations

import json

import pytest

from agents.errors import NotUnderstood
from agents.providers.offline.blueprints.web_page_view import page_view
from agents.providers.offline.reading import read
from agents.types import ProjectType


def sections(description: str) -> list[str]:
    """The headings of the page."""
    found: list[str] = json.loads(read(description).details["sections"])
    return found


@pytest.mark.parametrize(
    ("description", "title", "headings"),
    [
        ("A page for a bakery with opening hours and a contact form", "Bakery", ["Opening hours", "Contact form"]),
        ("A static portfolio page", "Portfolio", ["About", "Contact"]),
        ("A web page about volcanoes", "Volcanoes", ["About", "Contact"]),
        ("A web page for an event with schedule, location and faq", "Event", ["Schedule", "Location", "FAQ"]),
        ("A website for my dog walking business called Pawsome with prices and testimonials", "Pawsome",
         ["Prices", "Testimonials"]),
        ('A page for "Blue & Co." with About us, Team and Imprint', "Blue & Co.", ["About us", "Team", "Imprint"]),
        ("A personal page with my CV and links to GitHub", "Home page", ["CV", "Links to GitHub"]),
        ("A page with a table of prices for haircuts", "Haircuts", ["Prices for haircuts"]),
        ("A dark landing page with a hero, three features and a footer", "Home page", ["Three features"]),
        ("A one-page site for a wedding with the date, dress code and RSVP form", "Wedding",
         ["Date", "Dress code", "RSVP form"]),
        ("A landing page for a coffee shop with menu and opening hours", "Coffee shop", ["Menu", "Opening hours"]),
        ("A page for a clock maker with services plus directions", "Clock maker", ["Services", "Directions"]),
        ("A home page including: our story, and the team. It should look modern.", "Home page", ["Story", "Team"]),
    ],
)  # fmt: skip
def test_subject_and_sections_are_found(description: str, title: str, headings: list[str]) -> None:
    brief = read(description)
    assert brief.project_type is ProjectType.WEB_PAGE
    assert (brief.name, sections(description)) == (title, headings)


@pytest.mark.parametrize(
    ("description", "tagline"),
    [
        ("A page for a bakery", "Welcome to our bakery."),
        ("A page for my restaurant", "Welcome to our restaurant."),
        ("A page for a photographer", "Welcome."),
        ("A page about volcanoes", "Welcome."),
        ("A static portfolio page", "Welcome."),
    ],
)
def test_page_welcomes_to_places_only(description: str, tagline: str) -> None:
    assert read(description).details["tagline"] == tagline


@pytest.mark.parametrize(
    ("description", "words"),
    [
        ("A landing page for a bakery", "names no sections"),
        ("A page for a bakery with a booking form", "name, e-mail address and message"),
        ("A portfolio for a photographer with a gallery", "No pictures"),
        ("A dark page for a club with prices", "as the reader's system is"),
        ("A page for a club with prices", "placeholders"),
    ],
)
def test_what_is_decided_or_left_out_is_an_assumption(description: str, words: str) -> None:
    assert any(words in text for text in read(description).assumptions)


@pytest.mark.parametrize(
    ("description", "word"),
    [
        ("A page that shows the current time", "current time"),
        ("A landing page with a countdown", "countdown"),
        ("A landing page with a newsletter signup", "newsletter"),
        ("A page for a festival with line-up and a map", "map"),
        ("A multi-page website for a club", "multi-page"),
        ("A static page in German for a florist", "German"),
        ("A page for login", "login"),
        ("A website with an online shop", "online shop"),
        ("A landing page with Tailwind", "tailwind"),
        ("A page with a, b, c, d, e, f, g, h, i, j, k, l, m sections", "13 sections"),
    ],
)
def test_what_a_static_page_cannot_do_is_refused_by_name(description: str, word: str) -> None:
    with pytest.raises(NotUnderstood, match=word):
        read(description)


def test_kinds_of_sections_follow_their_headings() -> None:
    page = page_view(read("A page for a club with prices, teachers, a contact form, a message form, faq and history"))
    assert [section.kind for section in page.sections] == ["table", "cards", "form", "text", "cards", "text"]


def test_as_many_cards_as_the_heading_says() -> None:
    page = page_view(read("A page for a lamp with three features, 5 testimonials and services"))
    assert [len(section.rows) for section in page.sections] == [3, 5, 2]


def test_ids_are_their_own() -> None:
    page = page_view(
        read("A page for a club with opening hours, opening-hours, main, opening-heading and message form")
    )
    ids = [section.id for section in page.sections]
    assert len(ids) == len(set(ids))
    assert not {"main", "message-form"} & set(ids)
