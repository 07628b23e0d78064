"""What picky descriptions of APIs say about things, fields, relations and order is read, refused or named."""

from __future__ import annotations

import pytest

from agents.errors import NotUnderstood
from agents.providers.base import Request
from agents.providers.offline.blueprints.base import Entity
from agents.providers.offline.provider import OfflineProvider
from agents.providers.offline.reading import read
from agents.types import Purpose, Role


def entities(description: str) -> dict[str, Entity]:
    """The things of a description by their names."""
    return {entity.name: entity for entity in read(description).entities}


def types(description: str, name: str) -> dict[str, str]:
    """The types of the fields of one thing."""
    return {field.name: field.type for field in entities(description)[name].fields}


def parents(description: str, name: str) -> list[str]:
    """The things that one thing belongs to."""
    return [field.references for field in entities(description)[name].fields if field.references]


@pytest.mark.parametrize(
    ("words", "name", "kind"),
    [
        ("watering interval (days)", "watering_interval", "integer"),
        ("cooking time in minutes", "cooking_time_in_minutes", "integer"),
        ("weight (kg)", "weight", "number"),
        ("price (eur, decimal)", "price", "number"),
        ("distance in km", "distance_in_km", "number"),
        ("age (years, text)", "age", "text"),
        ("year minted", "year_minted", "integer"),
        ("warehouse code", "warehouse_code", "text"),
        ("code", "code", "long_text"),
        ("ip address", "ip_address", "text"),
        ("payment status", "payment_status", "text"),
        ("grape varieties", "grape_varieties", "tags"),
        ("price per night", "price_per_night", "number"),
    ],
)
def test_field_gets_the_type_that_its_words_say(words: str, name: str, kind: str) -> None:
    assert types(f"A REST API for things with label and {words}", "thing") == {"label": "text", name: kind}


def test_each_after_a_colon_begins_a_sentence() -> None:
    found = types("An API for recipes: each recipe has a name, ingredients and a difficulty (text)", "recipe")
    assert found == {"name": "text", "ingredients": "tags", "difficulty": "text"}


def test_short_name_means_the_thing_that_ends_with_it() -> None:
    text = (
        "REST API for parking lots and parking spots; a parking lot has many parking spots, "
        "each spot has number, floor (integer) and occupied flag"
    )
    assert list(entities(text)) == ["parking_lot", "parking_spot"]
    assert list(types(text, "parking_spot")) == ["number", "floor", "occupied", "parking_lot_id"]


@pytest.mark.parametrize(
    ("description", "child", "names"),
    [
        ("A REST API for users, groups and memberships; a membership belongs to a user and a group", "membership",
         ["user", "group"]),
        ("A cinema API: screenings and tickets. Tickets belong to screenings and have seat and price.", "ticket",
         ["screening"]),
        ("A REST API for species and sightings where each sighting has a species and a date", "sighting", ["species"]),
        ("A REST API for indexes and groups where an index belongs to a group", "index_record", ["group"]),
    ],
)  # fmt: skip
def test_relations_are_found(description: str, child: str, names: list[str]) -> None:
    assert parents(description, child) == names


def test_search_by_several_words_takes_them_all() -> None:
    text = "A REST API for tickets with internal reference number and labels, search by internal reference number"
    assert list(types(text, "ticket")) == ["internal_reference_number", "labels"]
    assert entities(text)["ticket"].searchable
    people = entities("A REST API with people and their pets, search pets by name")
    assert list(people) == ["person", "pet"]


@pytest.mark.parametrize(
    ("order", "details", "note"),
    [
        ("weight descending", {"sort:mouse": "weight"}, "?sort=-weight"),
        ("weight and name", {"sort:mouse": "weight"}, "first of the fields"),
        ("charisma", {}, "Nothing has a field 'charisma'"),
    ],
)
def test_order_that_is_not_kept_whole_is_an_assumption(order: str, details: dict[str, str], note: str) -> None:
    brief = read(f"A REST API for mice with name and weight, sorted by {order}")
    assert brief.details == details
    assert any(note in text for text in brief.assumptions)


@pytest.mark.parametrize(
    ("description", "words"),
    [
        ("A REST API for courses per semester", "courses per semester"),
        ("An API for orders by customers with quantity", "orders by customers"),
        ("An API for voters with name and age at least 18", "age at least 18"),
        ("A REST API for wines with name and rating out of 100", "rating out of 100"),
        ("A REST API for tickets with status one of open, closed", "status one of open"),
        ("A REST API for cars with make and average mileage per year", "average mileage per year"),
        ("A REST API for bands, their albums and the tracks on each album", "tracks on each album"),
        ("An API that stores temperature readings and returns the average per day", "returns the average"),
    ],
)
def test_what_would_be_dropped_is_refused_by_its_words(description: str, words: str) -> None:
    with pytest.raises(NotUnderstood, match=words):
        read(description)


def test_names_leave_room_in_lines_of_code() -> None:
    text = "A REST API for extraordinarily longwindedcharacterization nomenclatures with name"
    assert [len(name) <= 30 for name in entities(text)] == [True]


@pytest.mark.parametrize("purpose", [Purpose.CHANGE, Purpose.EDIT])
def test_edits_need_a_model(purpose: Purpose) -> None:
    data = {"description": "A todo API", "nonce": "0a1b2c3d", "change": "Add a colour"}
    request = Request(Role.CODER, purpose, "blueprints", (), 1000, data=data)
    with pytest.raises(NotUnderstood, match="cannot change an application by edits"):
        OfflineProvider().complete(request, stop=lambda: False)
