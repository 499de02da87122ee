"""Matching by words and meaning: its quality on held-out intents, vectors in memory, and the index that follows."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.knowledge.semantic.circuit import Circuit
from sidecar.knowledge.semantic.combining import joined
from sidecar.knowledge.semantic.in_memory import EXACT, MemoryVectors
from sidecar.knowledge.semantic.vectors import Item
from sidecar.knowledge.semantic.word_llama import DIMENSIONS, WordLlamaEmbedder
from sidecar.model.errors import InvalidArgumentError
from sidecar.model.knowledge import WEAK, Content, EntityKind, Semantic
from tests.knowledge.conftest import Organisation
from tests.knowledge.measure_matching import SCORES, pairs, quality

PATTERN = EntityKind.PATTERN
PATIENCE = 60.0
Open = Callable[..., Organisation]


def settled(here: Organisation) -> Organisation:
    """Once vectors are as the store is."""
    semantic = here.rooms.knowledge_index.semantic
    assert semantic is not None
    assert semantic.wait(PATIENCE)
    return here


@pytest.fixture(scope="module")
def model() -> WordLlamaEmbedder:
    return WordLlamaEmbedder()


class TestQuality:
    def test_held_out_intents_find_their_pattern_more_often(self) -> None:
        found = pairs()
        words, both = (quality(found, SCORES[name], held_out=True) for name in ("words", "both"))
        assert both[0] > words[0] + 0.05  # 0.637 against 0.538
        assert both[2] > words[2] + 0.1  # 0.750 against 0.615

    def test_what_is_told_is_about_what_holds(self) -> None:
        some = [pair for asked, few in pairs().items() if asked.held_out for pair in few]
        said = [joined(pair.words, pair.cosine) for pair in some]
        assert sum(said) == pytest.approx(sum(pair.meant for pair in some), rel=0.5)
        weak = [pair.meant for pair, p in zip(some, said, strict=True) if p < WEAK]
        good = [pair.meant for pair, p in zip(some, said, strict=True) if p >= WEAK]
        assert sum(weak) / len(weak) < 0.05
        assert sum(good) / len(good) > WEAK

    @given(st.floats(0, 1), st.floats(0, 1), st.floats(-1, 1), st.floats(-1, 1))
    def test_both_raise_it(self, words: float, more: float, cosine: float, nearer: float) -> None:
        low, high = sorted((words, more))
        far, near = sorted((cosine, nearer))
        assert 0 <= joined(low, far) <= joined(high, far) <= joined(high, near) <= 1


class TestWordLlama:
    def test_it_leaves_logging_alone(self) -> None:
        code = (
            "import logging; root = logging.getLogger(); root.setLevel(35)\n"
            "from sidecar.knowledge.semantic.word_llama import WordLlamaEmbedder\n"
            "model = WordLlamaEmbedder(); print(root.handlers, root.level, model.vectors(['web']).shape)"
        )
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        assert done.stdout == f"[] 35 (1, {DIMENSIONS})\n"

    def test_vectors_have_length_one(self, model: WordLlamaEmbedder) -> None:
        made = model.vectors(["a web site", "", "x" * 100_000, "日本語", "\x00"])
        lengths = np.linalg.norm(made, axis=1)
        assert all(length == pytest.approx(1, abs=1e-5) or length == 0 for length in lengths)


def _some(count: int, seed: int = 1) -> np.ndarray:
    rows = np.random.default_rng(seed).standard_normal((count, DIMENSIONS)).astype(np.float32)
    made: np.ndarray = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    return made


def _kept(store: MemoryVectors, rows: np.ndarray) -> None:
    for start in range(0, len(rows), 32):
        store.put([Item(PATTERN, f"p{at}", "", rows[at]) for at in range(start, min(start + 32, len(rows)))])


class TestInMemory:
    def test_few_are_searched_exactly(self) -> None:
        rows, store = _some(500), MemoryVectors(DIMENSIONS)
        _kept(store, rows)
        query = _some(1, seed=2)[0]
        found = store.nearest(query, PATTERN, 10, ["p3", "gone"])
        cosines = rows @ query
        best = {f"p{at}" for at in np.argsort(-cosines)[:10]}
        assert set(found) == best | {"p3"}
        assert all(found[name] == pytest.approx(float(cosines[int(name[1:])]), abs=1e-5) for name in found)
        assert store.nearest(query, EntityKind.POLICY, 10, []) == {}

    def test_many_are_searched_by_their_signs_first(self) -> None:
        rows, store = _some(EXACT + 4_000), MemoryVectors(DIMENSIONS)
        _kept(store, rows)
        noise = _some(50, seed=3)
        hits = 0
        for at in range(50):
            query = rows[at] + noise[at]  # a cosine of 0.7
            query /= np.linalg.norm(query)
            hits += f"p{at}" in store.nearest(query, PATTERN, 10, [])
        assert hits == 50

    def test_many_equal_ones_do_not_make_it_slow(self) -> None:
        rows, store = np.repeat(_some(1), EXACT + 4_000, axis=0), MemoryVectors(DIMENSIONS)
        _kept(store, rows)
        found = store.nearest(rows[0], PATTERN, 10, [])
        assert len(found) == 10
        assert all(cosine == pytest.approx(1, abs=1e-4) for cosine in found.values())

    def test_it_follows_changes(self) -> None:
        rows, store = _some(40), MemoryVectors(DIMENSIONS)
        _kept(store, rows)
        for _ in range(2_000):  # rewritten many times: rows of old vectors make way
            store.put([Item(PATTERN, "p1", "", rows[2])])
        assert store.nearest(rows[2], PATTERN, 2, []).keys() == {"p1", "p2"}
        store.remove([(PATTERN, "p1"), (PATTERN, "never")])
        assert "p1" not in store.nearest(rows[2], PATTERN, 40, ["p1"])
        assert len(store.nearest(rows[2], PATTERN, 40, [])) >= 1


class TestCircuit:
    def test_pauses_double_up_to_thirty_seconds(self) -> None:
        now = 100.0
        circuit = Circuit(lambda: now)
        pauses = []
        for _ in range(7):
            assert circuit.admits()
            circuit.failed()
            began = now
            while not circuit.admits():
                now += 0.5
            pauses.append(now - began)
            circuit.failed()
            now += 60
        assert pauses[0] == 1.0
        assert all(a <= b for a, b in pairwise(pauses))
        assert pauses[-1] == 30.0

    def test_one_tries_and_its_answer_closes_it(self) -> None:
        now = 0.0
        circuit = Circuit(lambda: now)
        circuit.failed()
        assert not circuit.admits()
        now = 1.0
        assert circuit.admits()
        assert not circuit.admits()  # another one meanwhile
        circuit.worked()
        assert circuit.admits()
        assert circuit.closed


class TestRecommending:
    def test_meaning_finds_what_shares_no_word(self, open_organisation: Open) -> None:
        here = settled(open_organisation(embeddings="wordllama"))
        here.add("redis-cache", "In-memory cache in front of a slow store", triggers=["cache", "Redis"])
        here.add("mail", "Outgoing electronic post", triggers=["SMTP", "newsletter"])
        found = settled(here).recommend("memcached for quick lookups")
        assert found.semantic is Semantic.USED
        first = found.patterns[0]
        assert first.entity.id == "redis-cache"
        assert first.match.lexical == 0
        assert first.match.semantic is not None
        assert first.match.relevance == pytest.approx(joined(0.0, first.match.semantic))
        with here.rooms.store.read() as reader:
            kept = here.rooms.workflows.get(reader, found.workflow_id).recommended[0]
        assert (kept.lexical, kept.semantic) == (first.match.lexical, first.match.semantic)

    def test_a_match_by_words_keeps_both_parts(self, open_organisation: Open) -> None:
        here = settled(open_organisation(embeddings="wordllama"))
        here.add("redis-cache", "In-memory cache in front of a slow store", triggers=["cache", "Redis"])
        match = settled(here).recommend("a Redis cache").patterns[0].match
        assert match.lexical > 0.3
        assert match.score > 0
        assert match.semantic is not None
        assert match.relevance == pytest.approx(joined(match.lexical, match.semantic))

    def test_what_nothing_speaks_for_is_no_match(self, open_organisation: Open) -> None:
        here = settled(open_organisation(embeddings="wordllama"))
        here.add("redis-cache", "In-memory cache in front of a slow store", triggers=["cache", "Redis"])
        for text in ("who won the chess tournament", "", "日本語", "\x00", "x" * 8_000):
            assert settled(here).recommend(text or " ").patterns == (), text

    def test_it_follows_update_delete_restore_and_restart(self, open_organisation: Open) -> None:
        here = settled(open_organisation(embeddings="wordllama"))

        def finds(text: str) -> bool:
            matches = settled(here).rooms.knowledge_index.search(text, PATTERN, 5)
            return any(match.id == "one" and match.relevance > 0.2 for match in matches)

        here.add("one", "In-memory cache", triggers=["Redis"])
        assert finds("memcached for quick lookups")
        knowledge = here.rooms.knowledge
        here.follow(knowledge.update("one", Content("Outgoing mail", ("newsletter",)), kind=PATTERN).result(10))
        assert not finds("memcached for quick lookups")
        assert finds("deliver email messages")
        here.follow(knowledge.delete("one").result(10))
        assert not finds("deliver email messages")
        here.follow(knowledge.restore("one").result(10))
        assert finds("deliver email messages")
        here.restart()
        assert finds("deliver email messages")

    def test_without_embeddings_words_decide(self, organisation: Organisation) -> None:
        organisation.add("web", "Web site")
        assert organisation.rooms.knowledge_index.semantic is None
        found = organisation.recommend("web site")
        assert found.semantic is Semantic.OFF
        match = found.patterns[0].match
        assert match.semantic is None
        assert match.relevance == match.lexical

    def test_a_model_that_cannot_be_loaded_leaves_words(
        self, open_organisation: Open, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def broken(_: object) -> None:
            raise OSError("no such file")

        monkeypatch.setattr(WordLlamaEmbedder, "__init__", broken)
        here = open_organisation(embeddings="wordllama")
        here.add("web", "Web site")
        found = here.recommend("web site")
        assert found.semantic is Semantic.BUILDING
        assert found.patterns[0].match.relevance == found.patterns[0].match.lexical


def test_settings_that_cannot_be_used_stop_the_start(open_organisation: Open, tmp_path: Path) -> None:
    key = tmp_path / "key"
    key.write_text("two words")
    bad: dict[str, dict[str, Any]] = {
        "qdrant_url": {"qdrant_url": "ftp://somewhere"},
        "qdrant_key_file": {"qdrant_url": "http://localhost:1", "qdrant_key_file": key},
    }
    for field, settings in bad.items():
        with pytest.raises(InvalidArgumentError) as refused:
            open_organisation(embeddings="wordllama", vectors="qdrant", **settings)
        assert refused.value.field == field
    key.write_text("s3cret")
    with pytest.raises(InvalidArgumentError, match="https"):
        open_organisation(
            embeddings="wordllama", vectors="qdrant", qdrant_url="http://far.example:6333", qdrant_key_file=key
        )
