"""A real Chroma server and the real embedding model."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from agents.errors import MemoryUnavailable
from agents.memory import default_embedder
from agents.memory.chroma import ChromaIndex
from agents.memory.embedding import MiniLMEmbedder
from agents.memory.embedding_openai import OpenAIEmbedder
from tests.chroma_server import ChromaServer


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ChromaServer]:
    """A server for all tests of this file."""
    started = ChromaServer(tmp_path_factory.mktemp("chroma"))
    yield started
    started.kill()


@pytest.fixture(scope="module")
def embedder(tmp_path_factory: pytest.TempPathFactory) -> MiniLMEmbedder:
    """The real model."""
    return MiniLMEmbedder(tmp_path_factory.mktemp("model"))


def cosine(left: list[float], right: list[float]) -> float:
    """The cosine of two unit vectors."""
    return sum(a * b for a, b in zip(left, right, strict=True))


def test_the_model_gives_its_published_similarities(embedder: MiniLMEmbedder) -> None:
    person, dog, very, day = embedder.embed(
        ["That is a happy person", "That is a happy dog", "That is a very happy person", "Today is a sunny day"]
    )
    # The figures of the model's own card.
    assert cosine(person, dog) == pytest.approx(0.695, abs=0.001)
    assert cosine(person, very) == pytest.approx(0.943, abs=0.001)
    assert cosine(person, day) == pytest.approx(0.257, abs=0.001)
    assert cosine(dog, dog) == pytest.approx(1.0, abs=1e-5)


def test_a_text_has_the_same_vector_alone_and_among_longer_ones(embedder: MiniLMEmbedder) -> None:
    texts = ["a todo list", "word " * 3000, ""]
    together = embedder.embed(texts * 6)
    assert cosine(together[0], embedder.embed(["a todo list"])[0]) == pytest.approx(1.0, abs=1e-5)
    assert {len(vector) for vector in together} == {embedder.dimensions}


def test_two_that_build_the_graph_at_once_both_get_it(tmp_path: Path) -> None:
    with ThreadPoolExecutor(2) as pool:
        vectors = list(pool.map(lambda _: MiniLMEmbedder(tmp_path).embed(["x"])[0], range(2)))
    assert vectors[0] == vectors[1]
    assert [p.name for p in tmp_path.iterdir()] == ["minilm-l6-v2.onnx"]


def test_the_nearest_text_comes_first(server: ChromaServer, embedder: MiniLMEmbedder) -> None:
    texts = {"w": "REST API for weather forecasts", "c": "convert CSV files to JSON", "b": "a bakery's landing page"}
    vectors = dict(zip(texts, embedder.embed(list(texts.values())), strict=True))
    index = ChromaIndex(server.url)
    index.upsert("first", vectors)
    hits = index.query("first", embedder.embed(["current weather service"])[0], 2)
    assert hits[0].entry == "w"
    assert len(hits) == 2
    assert hits[0].similarity == pytest.approx(
        cosine(embedder.embed(["current weather service"])[0], vectors["w"]), abs=1e-3
    )


def test_a_scope_never_shows_entries_of_another(server: ChromaServer) -> None:
    index = ChromaIndex(server.url)
    index.upsert("owner-a", {"secret": [1.0, 0.0]})
    assert index.query("owner-b", [1.0, 0.0], 5) == []
    index.upsert("owner-b", {"own": [1.0, 0.0]})
    assert [hit.entry for hit in index.query("owner-b", [1.0, 0.0], 5)] == ["own"]


def test_forgotten_entries_and_dropped_scopes_are_gone(server: ChromaServer) -> None:
    index = ChromaIndex(server.url)
    index.upsert("gone", {"a": [1.0, 0.0], "b": [0.0, 1.0]})
    index.delete("gone", ["a"])
    assert [hit.entry for hit in index.query("gone", [1.0, 0.0], 5)] == ["b"]
    index.drop("gone")
    index.drop("gone")
    assert index.query("gone", [1.0, 0.0], 5) == []


def test_without_a_server_memory_is_unavailable_and_says_what_to_check() -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{closed.getsockname()[1]}"
    with pytest.raises(MemoryUnavailable, match="Check the 'vectors' process"):
        ChromaIndex(url).query("any", [1.0], 1)


def test_what_was_stored_survives_a_kill_and_the_index_connects_again(tmp_path: Path) -> None:
    server = ChromaServer(tmp_path)
    try:
        index = ChromaIndex(server.url)
        index.upsert("kept", {"a": [1.0, 0.0]})
        server.kill()
        with pytest.raises(MemoryUnavailable):
            index.query("kept", [1.0, 0.0], 1)
        server.start()
        assert [hit.entry for hit in index.query("kept", [1.0, 0.0], 1)] == ["a"]
    finally:
        server.kill()


def test_a_key_for_openai_chooses_its_embeddings_and_their_own_scope(tmp_path: Path) -> None:
    assert isinstance(default_embedder(tmp_path, "sk-test"), OpenAIEmbedder)
    assert default_embedder(tmp_path, "sk-test").name != default_embedder(tmp_path).name
