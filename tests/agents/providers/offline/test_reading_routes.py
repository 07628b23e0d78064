"""Routes, status codes, objects in braces and Markdown are read as what they are, never as things or fields."""

from __future__ import annotations

import json
import re

import pytest

from agents.errors import NotUnderstood
from agents.providers.offline.reading import read

ROUTES = (
    "A todo REST API with title and done flag. Routes: POST /todos creates a todo and answers 201; "
    "GET /todos?done=true lists; GET /todos/{id}; DELETE /todos/{id} answers 204"
)
TODO = {"todo": {"title": "text", "done": "boolean"}}


def things(description: str) -> dict[str, dict[str, str]]:
    """The types of all fields by the names of things and fields."""
    return {entity.name: {item.name: item.type for item in entity.fields} for entity in read(description).entities}


@pytest.mark.parametrize(
    "description",
    [
        ROUTES,
        "A todo REST API with title and done (boolean). POST /api/v1/todos creates (201), GET /api/v1/todos lists "
        "(?done=true), PUT /api/v1/todos/{id} updates, DELETE /api/v1/todos/{id} deletes (200).",
        "A todo REST API with title and done flag supporting GET, POST, PUT and DELETE.",
        "A todo REST API with title and done flag. It must return 400 for invalid input and 404 for unknown ids.",
        "A todo API with title, done. All routes are under /api/v1.",
        "A todo API with title, done. PUT instead of PATCH for updates.",
        "GET /todos, POST /todos and DELETE /todos/{id} with title and done",
        'A todo API with title and done. PATCH /todos/{id} {"done": true}. Errors are JSON {"error": "message"}.',
        'Build an API:\n1. POST /todos with body {"title": "string", "done": false} returns 201\n2. GET /todos',
        "## Todo API\n\n### Todo\n- id: integer\n- title: string, required\n- done: boolean, default false\n\n"
        "### Endpoints\nPOST /todos\nGET /todos",
        "REST API for todo items.\n\n- Create a todo\n- List todos\n- Delete a todo\n\n"
        "Each todo has a title and a done flag.",
        "# Todo API\n\n| Field | Type |\n|---|---|\n| title | string |\n| done | boolean |\n\n"
        "| Method | Path | Status |\n|---|---|---|\n| GET | /todos | 200 |\n| POST | /todos | 201 |",
        "A REST API. The API must store todos. Each todo must have a title and a done flag.",
        "A todo API with title (max 200 characters) and done. Title must not be empty.",
    ],
)
def test_only_the_todo_is_a_thing(description: str) -> None:
    assert things(description) == TODO


def test_query_string_is_a_filter_a_search_and_an_order() -> None:
    brief = read("A todo API with title and done. GET /todos?done=true&q=milk&limit=10&sort=title")
    assert brief.entities[0].filters == ("done",)
    assert brief.entities[0].searchable
    assert brief.operations == {"sort"}
    assert read(ROUTES).entities[0].filters == ("done",)


@pytest.mark.parametrize(
    ("words", "note"),
    [
        ("POST /api/v1/todos", "begin with /api/v1"),
        ("DELETE /todos/{id} answers 200", "DELETE answers 204, not 200"),
        ("POST /todos -> 200", "POST answers 201, not 200"),
        ("Invalid input answers 400", "422, not 400"),
        ("PUT instead of PATCH", "both PUT"),
        ("GET /todos and POST /todos", "PUT, PATCH, DELETE"),
        ("POST /items and GET /items", "below /todos, not /items"),
        ("PATCH /todos/{id} marks it done", "marks it done"),
        ('Errors are {"error": "text"}', "detail"),
    ],
)
def test_what_is_written_otherwise_is_an_assumption(words: str, note: str) -> None:
    brief = read(f"A todo API with title. {words}.")
    assert [entity.name for entity in brief.entities] == ["todo"]
    assert any(note in text for text in brief.assumptions)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("POST /todos/{id}/complete marks it done", "POST /todos/{id}/complete"),
        ("GET /stats returns the number of todos", "GET /stats"),
        ("DELETE /todos deletes all", "DELETE /todos"),
        ("HEAD /todos", "HEAD /todos"),
        ("GET /todos answers 401 without a key", "authentication"),
        ("GET /todos answers 418", "418"),
        ('POST /todos {"title": "x", "owner": {"name": "y"}}', "object within an object"),
    ],
)
def test_route_that_is_not_written_is_refused(words: str, said: str) -> None:
    with pytest.raises(NotUnderstood, match=re.escape(said)):
        read(f"A todo API with title. {words}.")


def test_paths_name_things_and_nested_paths_relations() -> None:
    found = things("A movie API. GET /movies, POST /movies, GET /movies/{movie_id}/reviews, POST /movies/{id}/reviews")
    assert list(found) == ["movie", "review"]
    assert "movie_id" in found["review"]
    text = 'An API:\n* POST /users {"name": "Ada", "age": 36}\n* GET /posts?user_id=1\n* POST /posts {"user_id": 1}'
    assert list(things(text)) == ["user", "post"]
    assert read(text).entities[1].filters == ("user_id",)


def test_object_in_braces_gives_fields_and_types() -> None:
    text = 'An API for contacts {"fullName": string, "age": 3, "rate": 1.5, "phone": string | null, "tags": ["a"]}'
    assert things(text) == {
        "contact": {"full_name": "text", "age": "integer", "rate": "number", "phone": "text", "tags": "tags"}
    }


def test_sentences_mark_fields() -> None:
    text = "A REST API for products. Each product must have a name. The name must be unique. The note is optional."
    name, note = read(text).entities[0].fields
    assert (name.unique, note.name, note.required) == (True, "note", False)


def test_field_named_status_code_or_path_stays_a_field() -> None:
    found = things("A REST API for calls with url, method, path, status code (integer) and duration")
    assert list(found["call"]) == ["url", "method", "path", "status_code", "duration"]


def test_table_and_bullets_keep_things_apart() -> None:
    table = "| Field | Type | Required |\n|---|---|---|\n| title | string | yes |\n| isbn | string | no, unique |"
    title, isbn = read(f"# Bookstore API\n\nA REST API for books.\n\n## Fields\n\n{table}").entities[0].fields
    assert (title.required, isbn.required, isbn.unique) == (True, False, True)
    models = "Models:\n1. Post: title, content\n2. Comment: author, text\n\nA comment belongs to a post."
    assert {name: list(fields) for name, fields in things(f"A blog REST API.\n\n{models}").items()} == {
        "post": ["title", "content"],
        "comment": ["author", "text", "post_id"],
    }


@pytest.mark.parametrize(
    ("description", "name", "sections"),
    [
        ('A page called "Crumb and Crust" with menu', "Crumb and Crust", ["Menu"]),
        ("A page called Crumb and Crust with menu", "Crumb and Crust", ["Menu"]),
        ("A page named 'Crumb & Crust, Berlin'. It must have a menu and prices.", "Crumb & Crust, Berlin",
         ["Menu", "Prices"]),
        ("# Landing page\n\nA page for a zoo.\n\n## Sections\n\n1. Story\n2. Menu", "Zoo", ["Story", "Menu"]),
        ("A page for a club\n\n| Section | Content |\n|---|---|\n| Schedule | dates |", "Club", ["Schedule"]),
        ("A page for a dentist. The page should show prices and must include directions. It answers 200 at GET /.",
         "Dentist", ["Prices", "Directions"]),
    ],
)  # fmt: skip
def test_pages_keep_whole_names_and_listed_sections(description: str, name: str, sections: list[str]) -> None:
    brief = read(description)
    assert (brief.name, json.loads(brief.details["sections"])) == (name, sections)


def test_programs_over_files_may_be_told_with_must() -> None:
    assert read("A CLI that must read CSV and should filter rows").operations == {"filter"}
    report = read("# Sales report\n\n1. Read a CSV\n2. Total amount per region\n3. Must write Markdown")
    assert (report.name, report.formats, report.details["by"]) == ("Sales report", ("md",), "region")


@pytest.mark.parametrize("kind", ["A landing page for a gym", "A CLI for CSV", "A data processor for CSV"])
def test_only_an_api_has_routes(kind: str) -> None:
    with pytest.raises(NotUnderstood, match="POST /contact"):
        read(f"{kind}. POST /contact sends a row")
