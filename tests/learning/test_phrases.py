"""The tables of phrases: what doubling keeps, what steps do, what counts and bits never lose."""

from __future__ import annotations

from math import sqrt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.learning.phrases import FIRST_SLOTS, MOST_SLOTS, Phrases
from sidecar.learning.scopes import Scopes
from sidecar.learning.tables import MODELS
from sidecar.learning.tool_model import new_model
from sidecar.learning.wording import Wording

_WORDS = st.lists(st.binary(min_size=4, max_size=4), max_size=12, unique=True).map(b"".join)
_SCOPES = st.lists(st.tuples(st.just("key"), st.binary(min_size=8, max_size=8)), max_size=3).map(tuple)
_STEPS = st.lists(st.tuples(_WORDS, _SCOPES, _WORDS, st.floats(-1.0, 1.0)), max_size=8)


def _written(words: bytes, forms: bytes = b"") -> Wording:
    return Wording(b"", b"", words, forms)


def _taught(steps: list[tuple[bytes, Scopes, bytes, float]]) -> Phrases:
    phrases = Phrases()
    for words, scopes, forms, error in steps:
        phrases.descend(_written(words, forms), scopes, error)
        phrases.count(words, failed=error < 0.0)
        if error > 0.0:
            phrases.settle(words)
    return phrases


def _says(phrases: Phrases, steps: list[tuple[bytes, Scopes, bytes, float]]) -> list[object]:
    return [
        (
            phrases.weigh(_written(words, forms), scopes),
            phrases.weigh_each(_written(words), scopes),
            phrases.rate(words, 0.2, 2.0),
            phrases.newness(words),
            phrases.unseen(words),
        )
        for words, scopes, forms, _ in steps
    ]


@given(_STEPS, st.integers(0, 100_000))
def test_a_larger_table_says_the_same_of_every_mark(
    steps: list[tuple[bytes, Scopes, bytes, float]], slots: int
) -> None:
    phrases = _taught(steps)
    before = _says(phrases, steps)
    phrases.make_room(slots)
    assert _says(phrases, steps) == before
    assert min(slots, MOST_SLOTS) <= len(phrases.failed) <= MOST_SLOTS


def test_tables_are_bounded_and_small_while_little_is_known() -> None:
    phrases = Phrases()
    assert sum(map(len, _tables(phrases))) == 2.5 * FIRST_SLOTS
    phrases.descend(_written(b"word"), (), 0.5)
    assert sum(map(len, _tables(phrases))) == 10.5 * FIRST_SLOTS
    phrases.make_room(10**9)
    assert sum(map(len, _tables(phrases))) == 10.5 * MOST_SLOTS


def _tables(phrases: Phrases) -> list[bytearray]:
    return [phrases.weights, phrases.squares, phrases.failed, phrases.worked, phrases.words, phrases.pairs]


@given(st.lists(st.tuples(st.lists(st.integers(0, FIRST_SLOTS - 1), max_size=9), st.floats(-1.0, 1.0)), max_size=30))
def test_steps_are_those_of_adagrad(steps: list[tuple[list[int], float]]) -> None:
    phrases = Phrases()
    weights, squares = [0.0] * FIRST_SLOTS, [0.1] * FIRST_SLOTS
    for marks, error in steps:
        scale = 0.5 / sqrt(len(marks)) if marks else 0.0
        call = _written(b"", b"".join([mark.to_bytes(4) for mark in marks]))
        assert phrases.weigh(call, ()) == pytest.approx(scale * sum(weights[mark] for mark in marks), abs=1e-4)
        phrases.descend(call, (), error)
        for mark in marks:
            gradient = scale * error
            squares[mark] += gradient * gradient
            weights[mark] -= 0.5 * gradient / sqrt(squares[mark])


@given(st.lists(st.tuples(_WORDS, st.booleans()), max_size=50))
def test_what_was_seen_stays_seen(calls: list[tuple[bytes, bool]]) -> None:
    phrases = Phrases()
    for words, failed in calls * 12:
        phrases.count(words, failed=failed)
        if not failed:
            phrases.settle(words)
    for words, failed in calls:
        for at in range(0, len(words), 4):
            assert phrases.rate(words[at : at + 4], 0.5, 1.0) is not None
        if not failed:
            assert phrases.unseen(words) == []
            assert phrases.newness(words) == (0.0, 0.0)


def test_counts_keep_their_proportion_when_they_are_full() -> None:
    phrases = Phrases()
    for number in range(10_000):
        phrases.count(b"word", failed=number % 4 == 0)
    ((failed, worked),) = [pair for pair in zip(phrases.failed, phrases.worked, strict=True) if any(pair)]
    assert worked <= 255
    assert failed / (failed + worked) == pytest.approx(0.25, abs=0.03)


def test_a_model_with_phrases_comes_back_from_its_bytes() -> None:
    model = new_model([0.0])
    model.phrases = _taught([(b"someword", (("db", b"12345678"),), b"form", 0.9)])
    again = MODELS.decode(b"key", MODELS.encode(model))
    assert again == model
    assert again.phrases is not None
    again.phrases.descend(_written(b"some"), (), 0.5)  # what was decoded can be learned from
    assert again != model
