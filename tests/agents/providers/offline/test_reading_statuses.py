"""Descriptions that list routes with status codes: each gives its things, fields and routes, and says the rest."""

from __future__ import annotations

import re

import pytest

from agents.errors import NotUnderstood
from agents.providers.offline.reading import read
from agents.providers.offline.routes import take_routes

ASKED_TODO = "title:text description:long_text? due_date:date? done:boolean?"
USUAL = "usual routes, also those not described"
# Description; things with their fields ('' for those of the table of nouns); the routes read; words of the notes.
CASES: list[tuple[str, dict[str, str], str, tuple[str, ...]]] = [
    (
        "Todo API: POST /todos creates a todo and answers 201, GET /todos lists them, DELETE /todos/{id} answers 204",
        {"todo": ASKED_TODO},
        "POST /todos, GET /todos, DELETE /todos/{id}",
        (USUAL, "gets title, description"),
    ),
    (
        "Create a todo REST API. POST /todos creates a todo (title, done) and returns 201, GET /todos lists all todos, "
        "DELETE /todos/{id} deletes it with 204.",
        {"todo": "title:text done:boolean?"},
        "POST /todos, GET /todos, DELETE /todos/{id}",
        (USUAL,),
    ),
    (
        "Todo API: you can POST /todos to create a todo (answers 201), GET /todos to list them and DELETE /todos/{id} "
        "to delete one (answers 204)",
        {"todo": ASKED_TODO},
        "POST /todos, GET /todos, DELETE /todos/{id}",
        (USUAL, "gets title"),
    ),
    (
        "Simple API.\n\nPOST /todos\n  Creates a todo.\n  Answers 201.\n\nGET /todos\n  Lists todos.\n  Answers 200.",
        {"todo": ASKED_TODO},
        "POST /todos, GET /todos",
        (USUAL, "gets title"),
    ),
    (
        "A REST API where POST /orders creates an order with customer and total and answers 201 and "
        "GET /orders/{id} answers 200 or 404",
        {"order": "customer:text total_value:number"},
        "POST /orders, GET /orders/{id}",
        (USUAL,),
    ),
    (
        "Bookmarks API: POST /bookmarks saves a url with a title and tags, answers 201; GET /bookmarks lists them, "
        "newest first; DELETE /bookmarks/{id} answers 204",
        {"bookmark": "url:url title:text tags:tags?"},
        "POST /bookmarks, GET /bookmarks, DELETE /bookmarks/{id}",
        (USUAL, "newest first"),
    ),
    (
        "Contacts API: create a contact with POST /contacts (name, email, phone) answering 201 and 422 for an invalid "
        "email, list them with GET /contacts",
        {"contact": "name:text email:email phone:text?"},
        "POST /contacts, GET /contacts",
        (USUAL,),
    ),
    (
        "A task API in Python: POST /tasks creates a task from title, priority and due date, answering 201; GET /tasks "
        "lists tasks and filters by priority; DELETE /tasks/{id} answers 204, or 404 for an unknown id",
        {"task": "title:text priority:text due_date:date?"},
        "POST /tasks, GET /tasks, DELETE /tasks/{id}",
        (USUAL,),
    ),
    (
        "REST API. /products supports GET and POST (201), /products/{id} supports GET (200/404), PUT and DELETE (204). "
        "A product has a name, a price and a stock count.",
        {"product": "name:text price:number stock_count:integer"},
        "GET /products, POST /products, GET /products/{id}, PUT /products/{id}, DELETE /products/{id}",
        ("not described (PATCH)",),
    ),
    (
        "Inventory API: POST /items creates an item with name and quantity (integer) and answers 201, PATCH "
        "/items/{id} changes the quantity and answers 200, DELETE /items/{id} removes the item and answers 204",
        {"item": "name:text quantity:integer"},
        "POST /items, PATCH /items/{id}, DELETE /items/{id}",
        (USUAL,),
    ),
    (
        "A car rental API: POST /cars registers a car and answers 201, GET /cars lists cars, POST /rentals rents a car "
        "and answers 201",
        {"car": "", "rental": ""},
        "POST /cars, GET /cars, POST /rentals",
        (USUAL, "belongs to one car", "for car;", "for rental;", "rents a car", "'car rental', as no route"),
    ),
    (
        "Library API: GET /books?author=... filters by author, POST /books answers 201, POST /members answers 201",
        {"book": "", "member": ""},
        "GET /books, POST /books, POST /members",
        (USUAL, "for book;", "for member;", "'loan', as no route names it"),
    ),
    (
        "Quiz API: POST /questions stores a question with text, category and difficulty and answers 201, "
        "GET /questions?category= answers 200",
        {"question": "text:long_text? category:text? difficulty:text"},
        "POST /questions, GET /questions",
        (USUAL, "'quiz', as no route names it"),
    ),
    (
        "User API: POST /users (name, nickname) answers 201 with the new user or 409 when the nickname already exists, "
        "GET /users/{id} answers 404 for unknown users",
        {"user": "name:text nickname:text?!"},
        "POST /users, GET /users/{id}",
        (USUAL,),
    ),
    (
        "Wallet API: POST /wallets creates a wallet with owner and balance and returns 201, POST /wallets returns 422 "
        "when the balance is negative",
        {"wallet": "owner:text balance:number"},
        "POST /wallets",
        (USUAL, "balance is negative"),
    ),
    (
        "Todo API: POST /todos creates a todo with title and status and answers 201 with a Location header",
        {"todo": "title:text status:text"},
        "POST /todos",
        (USUAL, "Location header"),
    ),
    (
        "Blog API: POST /posts answers 201, POST /posts/{id}/comments adds a comment and answers 201 or 404, "
        "GET /posts/{id}/comments lists its comments",
        {"post": "", "comment": ""},
        "POST /posts, POST /posts/{id}/comments, GET /posts/{id}/comments",
        (USUAL, "for post;", "for comment;", "/comments?post_id", "POST answers 422, not 404"),
    ),
    (
        "Feedback API: visitors send feedback with POST /feedback which answers 201, staff read it with GET /feedback",
        {"feedback": ""},
        "POST /feedback, GET /feedback",
        (USUAL, "for feedback;", "visitors send feedback", "staff read it"),
    ),
    (
        "Todo API: POST /todos creates a todo with title and answers 200, DELETE /todos/{id} answers 200, invalid "
        "input answers 400",
        {"todo": "title:text"},
        "POST /todos, DELETE /todos/{id}",
        (USUAL, "POST answers 201, not 200", "DELETE answers 204, not 200", "422, not 400"),
    ),
    (
        "An employee API: POST /employees -> 201 (name, email); GET /employees?department=sales -> 200",
        {"employee": "name:text email:email department:text?"},
        "POST /employees, GET /employees",
        (USUAL, "has department"),
    ),
    (
        "Song API: GET /songs answers 200 and lists songs by artist, POST /songs (title, artist) answers 201",
        {"song": "title:text artist:text"},
        "GET /songs, POST /songs",
        (USUAL,),
    ),
]  # fmt: skip
FILTERS = {"task": ["priority"], "book": ["author"], "question": ["category"], "song": ["artist"],
           "employee": ["department"]}  # fmt: skip


@pytest.mark.parametrize(("description", "things", "routes", "notes"), CASES, ids=[case[0][:40] for case in CASES])
def test_routes_with_statuses_are_read(
    description: str, things: dict[str, str], routes: str, notes: tuple[str, ...]
) -> None:
    brief = read(description)
    found = {
        entity.name: " ".join(
            f"{item.name}:{item.type}{'' if item.required else '?'}{'!' if item.unique else ''}"
            for item in entity.fields
            if not item.references
        )
        for entity in brief.entities
    }
    assert list(found) == list(things)
    assert {name: text for name, text in found.items() if things[name]} == {n: t for n, t in things.items() if t}
    read_routes = dict.fromkeys(f"{route.method} {route.path}" for route in take_routes(description).routes)
    assert ", ".join(read_routes) == routes
    for note in notes:
        assert any(note in text for text in brief.assumptions), (note, brief.assumptions)
    assert len(brief.assumptions) == len(notes), brief.assumptions
    for entity in brief.entities:
        assert set(FILTERS.get(entity.name, ())) <= set(entity.filters)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("POST /todos creates a todo and answers 202", "status 202"),
        ("POST /todos answers 201, POST /todos/{id}/archive answers 200", "POST /todos/{id}/archive"),
        ("POST /todos answers 201 or 401", "authentication"),
    ],
)
def test_what_no_api_answers_is_refused_by_name(words: str, said: str) -> None:
    with pytest.raises(NotUnderstood, match=re.escape(said)):
        read(f"Todo API: {words}")
