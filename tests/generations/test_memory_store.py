"""Memory belongs to one owner; the index may be lost at any time."""

from __future__ import annotations

import math
from collections.abc import Sequence
from io import StringIO

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command

from agents.errors import MemoryUnavailable
from agents.memory.base import Hit, MemoryKind, Note
from generations.memory_store import OwnerMemory
from generations.models import MemoryEntry
from tests.factories import make_run, make_user

NOTE = Note(MemoryKind.APPLICATION, "Weather API", "FastAPI with SQLite for weather forecasts", "python")
FIX = Note(MemoryKind.SOLVED_ERROR, "No module", "ModuleNotFoundError: add the package to requirements", "python")


class Words:
    """Embeds texts by the letters of their words: alike texts come out alike, and no model is needed."""

    name = "letters"
    dimensions = 64

    def embed(self, texts: Sequence[str]) -> list[list[float]]:
        return [self._one(text) for text in texts]

    def _one(self, text: str) -> list[float]:
        vector = [0.0] * self.dimensions
        for word in text.lower().split():
            vector[sum(word.encode()) % self.dimensions] += 1.0
        length = math.sqrt(sum(x * x for x in vector)) or 1.0
        return [x / length for x in vector]


class Shelf:
    """An index in memory that can be away, emptied, and asked what it holds."""

    def __init__(self) -> None:
        self.scopes: dict[str, dict[str, list[float]]] = {}
        self.away = False

    def _here(self) -> None:
        if self.away:
            raise MemoryUnavailable("The vector store does not answer.")

    def upsert(self, scope: str, vectors: dict[str, list[float]]) -> None:
        self._here()
        self.scopes.setdefault(scope, {}).update(vectors)

    def query(self, scope: str, vector: list[float], limit: int) -> list[Hit]:
        self._here()
        known = self.scopes.get(scope, {})
        hits = [Hit(pk, sum(a * b for a, b in zip(vector, v, strict=True))) for pk, v in known.items()]
        return sorted(hits, key=lambda hit: -hit.similarity)[:limit]

    def delete(self, scope: str, entries: Sequence[str]) -> None:
        self._here()
        for entry in entries:
            self.scopes.get(scope, {}).pop(entry, None)

    def drop(self, scope: str) -> None:
        self._here()
        self.scopes.pop(scope, None)


@pytest.fixture
def shelf() -> Shelf:
    return Shelf()


def memory_of(user: User, shelf: Shelf) -> OwnerMemory:
    return OwnerMemory(user, index=shelf, embedder=Words())


@pytest.mark.django_db
def test_what_was_learned_is_recalled_with_its_source(user: User, shelf: Shelf) -> None:
    run = make_run()
    OwnerMemory(user, run, index=shelf, embedder=Words()).learn(NOTE)
    found = memory_of(user, shelf).recall("weather forecasts with FastAPI")
    assert [(entry.title, entry.text, entry.kind) for entry in found] == [(NOTE.title, NOTE.text, "application")]
    assert found[0].source == "Weather, run 1"
    assert 0.3 < found[0].similarity <= 1


@pytest.mark.django_db
def test_a_kind_can_be_asked_for(user: User, shelf: Shelf) -> None:
    memory = memory_of(user, shelf)
    memory.learn(NOTE)
    memory.learn(FIX)
    found = memory.recall(f"{NOTE.text} {FIX.text}", kind=MemoryKind.SOLVED_ERROR)
    assert [entry.title for entry in found] == [FIX.title]


@pytest.mark.django_db
def test_the_same_note_twice_is_one_entry(user: User, shelf: Shelf) -> None:
    memory_of(user, shelf).learn(NOTE)
    memory_of(user, shelf).learn(NOTE)
    assert MemoryEntry.objects.count() == 1


@pytest.mark.django_db
def test_entries_of_another_owner_are_not_recalled(user: User, shelf: Shelf) -> None:
    memory_of(make_user(), shelf).learn(NOTE)
    memory_of(user, shelf).learn(FIX)
    for _ in range(3):
        assert NOTE.title not in [entry.title for entry in memory_of(user, shelf).recall(NOTE.text)]


@pytest.mark.django_db
def test_a_foreign_vector_in_the_own_scope_finds_nothing(user: User, shelf: Shelf) -> None:
    other = make_user()
    memory_of(other, shelf).learn(NOTE)
    memory_of(user, shelf).learn(FIX)
    theirs, mine = f"owner-{other.pk}-letters", f"owner-{user.pk}-letters"
    shelf.scopes[mine].update(shelf.scopes[theirs])
    assert NOTE.title not in [entry.title for entry in memory_of(user, shelf).recall(NOTE.text)]


@pytest.mark.django_db
def test_secrets_are_not_learned(user: User, shelf: Shelf) -> None:
    memory_of(user, shelf).learn(Note(MemoryKind.PRACTICE, "Key", "use sk-abcdefghijklmnop1234 here"))
    assert MemoryEntry.objects.get().text == "use ***1234 here"


@pytest.mark.django_db
def test_learning_works_while_the_index_is_away_and_it_catches_up(user: User, shelf: Shelf) -> None:
    memory = memory_of(user, shelf)
    shelf.away = True
    memory.learn(NOTE)
    with pytest.raises(MemoryUnavailable):
        memory.recall(NOTE.text)
    shelf.away = False
    assert [entry.title for entry in memory.recall(NOTE.text)] == [NOTE.title]
    assert MemoryEntry.objects.get().indexed_by == "letters"


@pytest.mark.django_db
def test_another_embedder_gets_all_entries_anew(user: User, shelf: Shelf) -> None:
    class Others(Words):
        name = "others"

    memory_of(user, shelf).learn(NOTE)
    found = OwnerMemory(user, index=shelf, embedder=Others()).recall(NOTE.text)
    assert [entry.title for entry in found] == [NOTE.title]
    assert set(shelf.scopes) == {f"owner-{user.pk}-letters", f"owner-{user.pk}-others"}


@pytest.mark.django_db
def test_a_lost_index_is_made_again_and_finds_the_same(user: User, shelf: Shelf) -> None:
    memory = memory_of(user, shelf)
    for note in (NOTE, FIX):
        memory.learn(note)
    before = memory.recall("weather forecasts package")
    shelf.scopes.clear()
    assert memory.rebuild() == 2
    assert memory.recall("weather forecasts package") == before


@pytest.mark.django_db
def test_a_forgotten_entry_is_not_recalled_even_if_its_vector_stays(user: User, shelf: Shelf) -> None:
    memory = memory_of(user, shelf)
    memory.learn(NOTE)
    shelf.away = True
    memory.forget(list(MemoryEntry.objects.all()))
    shelf.away = False
    memory.learn(FIX)
    assert NOTE.title not in [entry.title for entry in memory.recall(NOTE.text)]


@pytest.mark.django_db
def test_an_empty_memory_needs_no_index(user: User, shelf: Shelf) -> None:
    shelf.away = True
    assert memory_of(user, shelf).recall("anything") == []


@pytest.mark.django_db
def test_the_rebuild_command_says_when_the_store_is_away(user: User) -> None:
    call_command("rebuild_memory", stdout=StringIO())
    MemoryEntry.objects.create(owner=user, kind="practice", title="a", text="a", fingerprint="1")
    with pytest.raises(CommandError, match="Start the vector store"):
        call_command("rebuild_memory")
