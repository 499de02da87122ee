"""Vectors in Qdrant: embedded for real, and over HTTP against a local server; well, slow, down, back again."""

from __future__ import annotations

import logging
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from pytest_httpserver import HTTPServer

from sidecar.knowledge.semantic.qdrant_store import QdrantVectors
from sidecar.knowledge.semantic.word_llama import WordLlamaEmbedder
from sidecar.model.knowledge import Content, EntityKind, Semantic
from tests.knowledge.conftest import Organisation
from tests.knowledge.qdrant_server import QdrantServer
from tests.knowledge.test_hybrid import PATIENCE, settled

PATTERN = EntityKind.PATTERN
INTENT = "memcached for quick lookups"
Open = Callable[..., Organisation]
# So long that a busy machine does not fail a test; the tests of slowness set their own.
QDRANT: dict[str, Any] = {"embeddings": "wordllama", "vectors": "qdrant", "qdrant_timeout": 5.0}


@pytest.fixture
def server(httpserver: HTTPServer) -> Iterator[QdrantServer]:
    running = QdrantServer(httpserver)
    yield running
    running.mode = "well"


def cache(here: Organisation) -> None:
    here.add("cache", "In-memory cache in front of a slow store", triggers=["cache", "Redis"])
    here.add("mail", "Outgoing electronic post", triggers=["SMTP", "newsletter"])
    settled(here)


def first(here: Organisation) -> tuple[str, Semantic]:
    found = here.recommend(INTENT)
    return (found.patterns[0].entity.id if found.patterns else ""), found.semantic


def until(here: Organisation, state: Semantic) -> None:
    end = time.monotonic() + PATIENCE
    while first(here)[1] is not state:
        assert time.monotonic() < end, "it did not come to that"
        time.sleep(0.05)


def follows(here: Organisation) -> None:
    knowledge = here.rooms.knowledge
    assert first(here) == ("cache", Semantic.USED)
    here.follow(knowledge.update("cache", Content("Tape archive", ("tape",)), kind=PATTERN).result(10))
    settled(here)
    assert first(here) == ("", Semantic.USED)
    here.follow(knowledge.restore("cache", revision=1).result(10))
    settled(here)
    assert first(here) == ("cache", Semantic.USED)
    here.follow(knowledge.delete("cache").result(10))
    settled(here)
    assert first(here) == ("", Semantic.USED)
    semantic = here.rooms.knowledge_index.semantic
    assert semantic is not None
    assert semantic.kept == 1
    here.follow(knowledge.restore("cache").result(10))
    settled(here)
    assert first(here) == ("cache", Semantic.USED)


class TestEmbedded:
    def test_it_finds_and_follows(self, open_organisation: Open) -> None:
        here = settled(open_organisation(**QDRANT))
        cache(here)
        follows(here)

    def test_a_restart_embeds_only_what_changed(
        self, open_organisation: Open, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        here = settled(open_organisation(**QDRANT))
        cache(here)
        embedded: list[str] = []
        vectors = WordLlamaEmbedder.vectors

        def counting(self: WordLlamaEmbedder, texts: list[str]) -> Any:
            embedded.extend(texts)
            return vectors(self, texts)

        monkeypatch.setattr(WordLlamaEmbedder, "vectors", counting)
        here.restart()
        settled(here)
        assert embedded == []
        assert first(here) == ("cache", Semantic.USED)

        here.restart(embeddings="off")  # meanwhile, without vectors
        here.follow(here.rooms.knowledge.delete("mail").result(10))
        here.add("tape", "Tape archive")
        embedded.clear()
        here.restart(embeddings="wordllama")
        settled(here)
        assert embedded == ["Tape archive. "]
        semantic = here.rooms.knowledge_index.semantic
        assert semantic is not None
        assert semantic.kept == 2

    def test_a_folder_that_is_gone_or_taken(self, open_organisation: Open, tmp_path: Path) -> None:
        here = settled(open_organisation(**QDRANT))
        cache(here)
        folder = tmp_path / "data0" / "qdrant"
        assert folder.stat().st_mode & 0o777 == 0o700
        here.rooms.close()
        shutil.rmtree(folder)
        other = QdrantVectors("other", 256, folder=folder)  # holds the lock
        here.restart()
        assert first(here) == ("", Semantic.BUILDING)
        other.close()
        settled(here)
        assert first(here) == ("cache", Semantic.USED)


class TestServer:
    def test_it_finds_and_follows(self, open_organisation: Open, server: QdrantServer, tmp_path: Path) -> None:
        key = tmp_path / "key"
        key.write_text("s3cret-key\n")
        here = settled(open_organisation(**QDRANT, qdrant_url=server.url, qdrant_key_file=key))
        cache(here)
        follows(here)
        assert set(server.keys) == {"s3cret-key"}

    @pytest.mark.parametrize("mode", ["slow", "refusing", "nonsense"])
    def test_trouble_leaves_words_and_passes(
        self, open_organisation: Open, server: QdrantServer, mode: str, caplog: pytest.LogCaptureFixture, tmp_path: Path
    ) -> None:
        key = tmp_path / "key"
        key.write_text("s3cret-key\n")
        here = settled(open_organisation(**QDRANT, qdrant_url=server.url, qdrant_key_file=key))
        cache(here)
        index = here.rooms.knowledge_index.semantic
        assert index is not None
        if mode == "slow":
            index._seconds = 0.05
        server.mode = mode
        with caplog.at_level(logging.DEBUG):
            assert first(here) == ("", Semantic.UNAVAILABLE)
        asked = len(server.keys)
        for _ in range(20):  # nobody is asked for a while: nobody waits
            assert index.nearest(INTENT, PATTERN, 5, []).state is Semantic.UNAVAILABLE
        assert len(server.keys) <= asked + 1  # the index's own thread may look
        assert index.fallbacks > 20
        found = here.recommend("a Redis cache")
        assert found.patterns[0].match.relevance == found.patterns[0].match.lexical
        assert "s3cret" not in caplog.text
        server.mode = "well"
        index._seconds = 5.0
        until(here, Semantic.USED)
        assert first(here) == ("cache", Semantic.USED)

    def test_changes_while_it_is_down_are_made_up_for(self, open_organisation: Open, server: QdrantServer) -> None:
        here = settled(open_organisation(**QDRANT, qdrant_url=server.url))
        cache(here)
        server.mode = "refusing"
        here.follow(here.rooms.knowledge.delete("cache").result(10))
        here.add("tape", "Quick lookup of memcached keys", triggers=["memory"])
        server.mode = "well"
        until(here, Semantic.USED)
        assert first(settled(here)) == ("tape", Semantic.USED)

    def test_a_server_that_lost_everything_is_filled_again(self, open_organisation: Open, server: QdrantServer) -> None:
        here = settled(open_organisation(**QDRANT, qdrant_url=server.url))
        cache(here)
        server.lose_everything()
        assert first(here)[1] is Semantic.UNAVAILABLE
        until(here, Semantic.USED)
        assert first(settled(here)) == ("cache", Semantic.USED)

    def test_nobody_there_at_the_start(self, open_organisation: Open) -> None:
        here = open_organisation(**QDRANT, qdrant_url="http://127.0.0.1:9")
        here.add("web", "Web site")
        found = here.recommend("web site")
        assert found.semantic is Semantic.BUILDING
        assert found.patterns[0].entity.id == "web"
