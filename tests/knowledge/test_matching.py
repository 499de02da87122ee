"""BM25 against a naive one: every score, for every entity, by the formula."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sidecar.knowledge.matching import K1, B, TextIndex, best_score, idf, indexed_text, split_names
from sidecar.model.knowledge import WEAK, Entity, EntityKind

from .conftest import Organisation

WORDS = ["web", "public", "queue", "kafka", "storage", "volume", "secure", "cache", "batch", "grid"]
PHRASES = st.lists(st.sampled_from(WORDS), min_size=1, max_size=6).map(" ".join)


def entity(number: int, description: str, triggers: tuple[str, ...] = (), rationale: str = "") -> Entity:
    return Entity(f"e{number}", EntityKind.PATTERN, description, triggers, rationale, (), "", 0, "", "", 1, 0, "")


def naive(index: TextIndex, entities: list[Entity], query: str) -> dict[str, float]:
    """Lucene's and tantivy's BM25: lengths up to 40 words are exact there, longer ones are rounded."""
    documents = {one.id: Counter(index._analyzer.analyze(indexed_text(one))) for one in entities}
    mean = sum(document.total() for document in documents.values()) / len(documents)
    scores: dict[str, float] = {}
    for word in dict.fromkeys(index._analyzer.analyze(query)):
        having = sum(word in document for document in documents.values())
        for name, document in documents.items():
            if times := document[word]:
                rarity = math.log(1 + (len(documents) - having + 0.5) / (having + 0.5))
                length = 1 - B + B * document.total() / mean
                scores[name] = scores.get(name, 0.0) + rarity * times * (K1 + 1) / (times + K1 * length)
    return scores


@settings(max_examples=60, deadline=None)
@given(descriptions=st.lists(PHRASES, min_size=1, max_size=12), triggers=st.lists(PHRASES, max_size=12), query=PHRASES)
def test_scores_are_bm25(descriptions: list[str], triggers: list[str], query: str) -> None:
    entities = [
        entity(number, text, (triggers[number],) if number < len(triggers) else ())
        for number, text in enumerate(descriptions)
    ]
    index = TextIndex(EntityKind.PATTERN)
    for one in entities:
        index.add(one)
    index.commit()
    expected = naive(index, entities, query)
    found = index.search(query, 100)
    assert {match.id: match.score for match in found} == pytest.approx(expected, rel=1e-4)
    assert [match.score for match in found] == sorted((match.score for match in found), reverse=True)
    assert all(0.0 < match.relevance < 1.0 for match in found)


@given(st.integers(1, 100_000), st.lists(st.integers(0, 100_000), min_size=1, max_size=9))
def test_no_score_exceeds_the_best(size: int, counts: list[int]) -> None:
    counts = [min(size, count) for count in counts]
    if any(counts):
        reachable = sum(idf(size, count) for count in counts if count) * (K1 + 1)
        assert best_score(size, counts) >= reachable * (1 - 1e-9)


def test_stems_stop_words_and_compound_names() -> None:
    index = TextIndex(EntityKind.PATTERN)
    index.add(entity(1, "Deploys StatefulSets with PVCs"))
    index.commit()
    assert split_names("HTTPRoute for PVCs") == "HTTPRoute for PVC HTTP Route"
    for text in ("deploying", "stateful sets", "a PVC", "pvc", "statefulset"):
        assert index.search(text, 5), text
    for text in ("with the", "I want to", "", "!!", "unheard", "with our"):
        assert index.search(text, 5) == [], text


def test_matching_follows_every_change(organisation: Organisation) -> None:
    search = organisation.rooms.knowledge_index.search

    def found(text: str) -> list[str]:
        return [match.id for match in search(text, EntityKind.PATTERN, 9)]

    first = organisation.add("one", "Kafka cluster")
    organisation.add("two", "Kafka topics", kind=EntityKind.POLICY)
    assert found("kafka") == ["one"]
    from sidecar.model.knowledge import Content

    repository = organisation.rooms.knowledge
    organisation.follow(repository.update("one", Content("Redis cache")).result(10))
    assert (found("kafka"), found("redis")) == ([], ["one"])
    organisation.follow(repository.delete("one").result(10))
    assert found("redis") == []
    organisation.follow(repository.restore("one", revision=first.revision).result(10))
    assert found("kafka") == ["one"]
    organisation.restart()
    assert organisation.rooms.knowledge_index.wait(timeout=10)
    assert [match.id for match in organisation.rooms.knowledge_index.search("kafka", EntityKind.PATTERN, 9)] == ["one"]
    assert organisation.rooms.knowledge_index.size == 2


def test_the_first_build_goes_over_all_pieces(open_organisation: Callable[..., Organisation]) -> None:
    organisation = open_organisation()
    documents = ", ".join(f'{{"id": "p{n}", "description": "word{n} shared"}}' for n in range(150))
    from sidecar.knowledge.interchange import import_entities

    rooms = organisation.rooms
    text = f'{{"forewarn": "knowledge", "patterns": [{documents}]}}'.encode()
    done = import_entities(rooms.store, rooms.knowledge, text, "", rooms.clock).result(30)
    assert (done.created, done.updated, done.unchanged) == (150, 0, 0)
    organisation.restart()
    index = organisation.rooms.knowledge_index
    assert index.wait(timeout=20)
    assert index.complete
    assert index.size == 150
    assert all(index.search(f"word{n}", EntityKind.PATTERN, 2)[0].id == f"p{n}" for n in range(150))


def test_weak_matches_are_seen_and_kept(organisation: Organisation) -> None:
    organisation.add("web", "Public web application", triggers=["web", "public"])
    organisation.add("queue", "Work queue", triggers=["background jobs"])
    good = organisation.recommend("a public web application")
    assert good.patterns[0].match.relevance > WEAK
    assert not good.without_match
    weak = organisation.recommend("web scraping of foreign catalogues with headless browsers")
    assert [one.entity.id for one in weak.patterns] == ["web"]
    assert weak.patterns[0].match.relevance < WEAK
    assert weak.without_match
    with organisation.rooms.store.read() as reader:
        kept = organisation.rooms.workflows.get(reader, weak.workflow_id)
    assert kept.without_match
    assert kept.recommended[0].score == weak.patterns[0].match.score
