"""Descriptions of APIs are read as they were meant, or refused with a sentence."""

from __future__ import annotations

import keyword
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agents.errors import NotUnderstood
from agents.providers.offline.blueprints.base import Entity, EntityField
from agents.providers.offline.reading import read
from agents.types import ProjectType


def entities(description: str) -> dict[str, Entity]:
    """The things of a description by their names."""
    return {entity.name: entity for entity in read(description).entities}


def fields(description: str, name: str) -> dict[str, EntityField]:
    """The fields of one thing by their names."""
    return {field.name: field for field in entities(description)[name].fields}


def types(description: str, name: str) -> dict[str, str]:
    """The types of the fields of one thing."""
    return {field.name: field.type for field in fields(description, name).values()}


def test_todo_list_has_the_fields_and_the_filter_that_are_named() -> None:
    text = "A todo list REST API with title, due date and done flag, filter by done"
    found = fields(text, "todo")
    assert {name: field.type for name, field in found.items()} == {
        "title": "text",
        "due_date": "date",
        "done": "boolean",
    }
    assert found["title"].required
    assert not found["due_date"].required
    assert found["done"].default == "false"
    assert entities(text)["todo"].filters == ("done",)
    assert entities(text)["todo"].plural == "todos"


def test_bookmarks_have_an_address_tags_and_a_search() -> None:
    bookmark = entities("Bookmarks API with tags and full-text search")["bookmark"]
    assert {field.name: field.type for field in bookmark.fields} == {
        "url": "url",
        "title": "text",
        "description": "long_text",
        "tags": "tags",
    }
    assert bookmark.searchable
    assert bookmark.filters == ("tags",)


def test_current_weather_and_forecasts_are_told_apart() -> None:
    current = read("Create a web API that returns current weather data")
    assert [entity.name for entity in current.entities] == ["observation"]
    assert current.operations == {"current"}
    coming = read("Create a REST API for weather forecasts")
    assert [entity.name for entity in coming.entities] == ["forecast"]
    assert coming.operations == {"forecast"}
    assert coming.entities[0].filters == ("city", "date")
    both = read("Weather API with current weather and a 5 day forecast")
    assert both.operations == {"current", "forecast"}
    assert "sample data" in both.assumptions[0]


@pytest.mark.parametrize(
    ("description", "names"),
    [
        ("A REST API for authors and books", ["author", "book"]),
        ("REST API for customers, products and orders", ["customer", "product", "order"]),
        ("Build a blog API with posts and comments", ["post", "comment"]),
        ("A library API for books (title, isbn, year) and members (name, unique email)", ["book", "member"]),
        ("REST API for a library management system", ["book", "member", "loan"]),
        ("A bookstore REST API with books and authors", ["author", "book"]),
        ("A REST API for a car rental with cars, customers and rentals", ["car", "customer", "rental"]),
        ("Create a REST API for managing a zoo with animals and keepers", ["animal", "keeper"]),
        (
            "A REST API for projects and tasks. Each project has many tasks. Tasks have title and due date.",
            ["project", "task"],
        ),
        ("An inventory REST API with products, categories and suppliers", ["category", "supplier", "product"]),
        ("Build an API to store and retrieve user profiles", ["user_profile"]),
        ("an api for my stamp collection", ["stamp"]),
        ("Create a REST API for a library of books", ["book"]),
        ("I need an API for tracking habits, each with name and active flag", ["habit"]),
        ("a recipe api without authentication", ["recipe"]),
        (
            "A gym API: members (name, email, joined on), classes (title, capacity) and bookings",
            ["member", "class", "booking"],
        ),
    ],
)
def test_things_are_found(description: str, names: list[str]) -> None:
    assert list(entities(description)) == names


@pytest.mark.parametrize(
    ("description", "child", "parents"),
    [
        ("A REST API for authors and books", "book", ["author"]),
        ("REST API for customers, products and orders", "order", ["customer", "product"]),
        (
            "A REST API for employees and departments where each employee belongs to a department",
            "employee",
            ["department"],
        ),
        ("A REST API for knights and castles where a castle has many knights", "knight", ["castle"]),
    ],
)
def test_relations_are_held_by_ids(description: str, child: str, parents: list[str]) -> None:
    found = [field for field in fields(description, child).values() if field.references]
    assert [field.references for field in found] == parents
    assert [field.name for field in found] == [f"{name}_id" for name in parents]
    assert set(entities(description)[child].filters) >= {field.name for field in found}
    order = list(entities(description))
    assert all(order.index(name) < order.index(child) for name in parents)


def test_circle_of_relations_is_refused() -> None:
    with pytest.raises(NotUnderstood, match="circle"):
        read("An API for hens and eggs where hens belong to eggs and eggs belong to hens")


@pytest.mark.parametrize(
    ("words", "name", "kind"),
    [
        ("title", "title", "text"),
        ("a due date", "due_date", "date"),
        ("paid flag", "paid", "boolean"),
        ("is active", "is_active", "boolean"),
        ("price in euros (number)", "price_in_euros", "number"),
        ("price", "price", "number"),
        ("quantity: int", "quantity", "integer"),
        ("starts at", "starts_at", "datetime"),
        ("contact e-mail", "contact_e_mail", "email"),
        ("homepage", "homepage", "url"),
        ("ingredients", "ingredients", "tags"),
        ("description", "description", "long_text"),
        ("weight as integer", "weight", "integer"),
        ("class", "class_value", "text"),
        ("author's name", "author_name", "text"),
    ],
)
def test_field_gets_the_type_that_its_words_say(words: str, name: str, kind: str) -> None:
    assert types(f"A REST API for things with label and {words}", "thing") == {"label": "text", name: kind}


def test_marks_and_defaults_of_fields_are_read() -> None:
    found = fields(
        "A REST API for machines with name (unique), floor (integer, default 3), active (boolean, default true) "
        "and optional price",
        "machine",
    )
    assert found["name"].unique
    assert (found["floor"].type, found["floor"].default) == ("integer", "3")
    assert found["active"].default == "true"
    assert not found["price"].required


def test_list_with_bullets_is_read() -> None:
    text = "A products API with fields:\n- title\n- price (number)\n- in stock (boolean)"
    assert types(text, "product") == {"title": "text", "price": "number", "in_stock": "boolean"}


def test_each_thing_gets_its_own_fields() -> None:
    text = "A REST API for books with title and author, and reviews with rating and text"
    assert list(types(text, "book")) == ["title", "author"]
    assert list(types(text, "review")) == ["rating", "text", "book_id"]


def test_filters_search_and_order_are_read_from_sentences_too() -> None:
    brief = read(
        "A REST API for products. Each product has a name, a price and a category. "
        "Products can be filtered by category and searched by name. Lists are sorted by price."
    )
    product = brief.entities[0]
    assert [entity.name for entity in brief.entities] == ["product"]
    assert product.filters == ("category",)
    assert product.searchable
    assert brief.operations == {"sort"}
    assert brief.details == {"sort:product": "price"}


def test_filter_that_names_no_field_adds_one_and_says_so() -> None:
    brief = read("A REST API for notes with title, filter by mood")
    assert "mood" in [field.name for field in brief.entities[0].fields]
    assert any("mood" in text for text in brief.assumptions)


def test_fields_that_were_not_named_are_an_assumption() -> None:
    assert "name, description" in read("A REST API for gadgets").assumptions[0]


def test_given_name_and_language_win() -> None:
    brief = read("A todo API called Remember", name="My <b>Todos</b>", language="Python")
    assert brief.name == "My bTodosb"
    assert brief.language == "python"
    assert read("A todo API called Remember").name == "Remember"


@pytest.mark.parametrize(
    ("description", "word"),
    [
        ("An Android game", "android game"),
        ("A compiler for C", "compiler"),
        ("An iOS app with a REST API", "ios app"),
        ("hello", "which kind"),
        ("", "empty"),
        ("Write an API", "stores"),
        ("A REST API in Rust for todos", "'rust'"),
        ("A REST API for todos using Deno", "deno"),
        ("A todo API with Flask", "flask"),
        ("A todo API with login and JWT", "login"),
        ("A todo API with PostgreSQL", "postgresql"),
        ("A URL shortener API", "shortener"),
        ("Create an API that calculates mortgage payments", "calculates"),
        ("A web API that juggles numbers", "juggles"),
        ("A REST API for movie reviews with a rating from 1 to 5", "a rating from 1 to 5"),
        ("A CLI password generator", "password"),
        ("A todo API with real-time updates", "real-time"),
        ("An orders API that sends emails", "sends emails"),
    ],
)
def test_what_cannot_be_written_is_refused_by_name(description: str, word: str) -> None:
    with pytest.raises(NotUnderstood) as refused:
        read(description)
    assert word in str(refused.value)
    assert "The offline provider knows these kinds of application" in str(refused.value)
    assert str(refused.value).endswith("add a key for anything else.")


def test_other_language_of_the_form_is_refused() -> None:
    with pytest.raises(NotUnderstood, match="does not write 'rust'"):
        read("A todo API", language="rust")


PIECES = (
    "a an the rest api cli page report todo books authors with and , . ; : ( ) title date class import lambda None { } "
    "{{ }} {% %} \" ' \\ \n for of belongs to has many each where filter by search sort weather csv json id 3d it's é "
    "日"
)
WORDS = st.sampled_from(PIECES.split(" "))
SENTENCES = st.one_of(
    st.text(max_size=200),
    st.lists(WORDS, max_size=40).map(" ".join),
    st.lists(WORDS, max_size=30).map(lambda words: "A REST API for " + " ".join(words)),
    st.text(max_size=60).map(lambda text: f"A REST API for books with title and {text}"),
)


@settings(max_examples=600, deadline=None)
@given(SENTENCES, st.text(max_size=100))
def test_any_text_is_a_brief_or_not_understood(description: str, name: str) -> None:
    try:
        brief = read(description, name=name)
    except NotUnderstood:
        return
    assert 1 <= len(brief.name) <= 80
    assert brief.name.isprintable()
    if brief.project_type is ProjectType.REST_API:
        assert brief.entities
    for entity in brief.entities:
        names = [field.name for field in entity.fields]
        assert entity.name.isidentifier()
        assert entity.plural.isidentifier()
        assert not keyword.iskeyword(entity.plural)
        assert all(item.isidentifier() and item.isascii() and not keyword.iskeyword(item) for item in names)
        assert len(names) == len(set(names)) > 0
        assert any(field.required for field in entity.fields)
        assert set(entity.filters) <= set(names)


def seconds_to_refuse(text: str) -> float:
    """The least of three, of processor time."""
    times = []
    for _ in range(3):
        started = time.process_time()
        with pytest.raises(NotUnderstood):
            read(f"A REST API for {text}")
        times.append(time.process_time() - started)
    return min(times)


@pytest.mark.parametrize("text", ["a ", "and, ", "(", "filter by "])
def test_long_hostile_text_takes_time_in_proportion(text: str) -> None:
    short, long = (text * (length // len(text)) for length in (2_400, 19_200))
    # In proportion that is 8, by the square of the length 64.
    assert seconds_to_refuse(long) < 30 * seconds_to_refuse(short)


def test_a_long_chain_of_things_is_read() -> None:
    related = read(("A REST API for " + "x belongs to y " * 1_300)[:20_000])
    assert {entity.name for entity in related.entities} == {"x", "y"}
