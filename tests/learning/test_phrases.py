"""The tables of phrases: what doubling keeps, what steps do, what counts and bits never lose."""

from __future__ import annotations

from math import sqrt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.learning.phrases import FIRST_SLOTS, MOST_SLOTS, Group, Phrases, note, unseen
from sidecar.learning.tables import MODELS
from sidecar.learning.tool_model import new_model

_MARKS = st.lists(st.integers(0, 2**48), max_size=20)
_GROUPS = st.lists(st.tuples(st.floats(0.1, 1.0), _MARKS), max_size=4)
_STEPS = st.lists(st.tuples(_GROUPS, st.floats(-1.0, 1.0)), max_size=8)


def _taught(steps: list[tuple[list[Group], float]]) -> Phrases:
    phrases = Phrases()
    for groups, error in steps:
        phrases.descend(groups, error)
    return phrases


@given(_STEPS, _MARKS, st.integers(0, 100_000))
def test_a_larger_table_says_the_same_of_every_mark(
    steps: list[tuple[list[Group], float]], marks: list[int], slots: int
) -> None:
    phrases = _taught(steps)
    phrases.count(marks, failed=True)
    note(phrases.words, marks)
    every = [(1.0, marks), *[group for groups, _ in steps for group in groups]]
    before = phrases.weigh(every), phrases.counts(marks), unseen(phrases.words, marks)
    phrases.make_room(slots)
    assert (phrases.weigh(every), phrases.counts(marks), unseen(phrases.words, marks)) == before
    assert min(slots, MOST_SLOTS) <= len(phrases.failed) <= MOST_SLOTS


def test_tables_are_bounded_and_small_while_little_is_known() -> None:
    phrases = Phrases()
    assert sum(map(len, _tables(phrases))) == 2.5 * FIRST_SLOTS
    phrases.descend([(1.0, [1])], 0.5)
    assert sum(map(len, _tables(phrases))) == 10.5 * FIRST_SLOTS
    phrases.make_room(10**9)
    assert sum(map(len, _tables(phrases))) == 10.5 * MOST_SLOTS


def _tables(phrases: Phrases) -> list[bytearray]:
    return [phrases.weights, phrases.squares, phrases.failed, phrases.worked, phrases.words, phrases.pairs]


@given(st.lists(st.tuples(st.lists(st.integers(0, FIRST_SLOTS - 1), unique=True), st.floats(-1.0, 1.0)), max_size=30))
def test_steps_are_those_of_adagrad(steps: list[tuple[list[int], float]]) -> None:
    phrases = Phrases()
    weights, squares = [0.0] * FIRST_SLOTS, [0.1] * FIRST_SLOTS
    for marks, error in steps:
        scale = 0.7
        assert phrases.weigh([(scale, marks)]) == pytest.approx(scale * sum(weights[mark] for mark in marks), abs=1e-4)
        phrases.descend([(scale, marks)], error)
        for mark in marks:
            gradient = scale * error
            squares[mark] += gradient * gradient
            weights[mark] -= 0.5 * gradient / sqrt(squares[mark])


@given(st.lists(st.tuples(st.lists(st.integers(0, 2**40), min_size=1, max_size=5), st.booleans()), max_size=50))
def test_what_was_seen_stays_seen(calls: list[tuple[list[int], bool]]) -> None:
    phrases = Phrases()
    for marks, failed in calls * 12:
        phrases.count(marks, failed=failed)
        if not failed:
            note(phrases.words, marks)
            note(phrases.pairs, marks)
    for marks, failed in calls:
        assert len(phrases.counts(marks)) == len(marks)
        for one in phrases.counts(marks):
            assert one[not failed] >= 1
        if not failed:
            assert unseen(phrases.words, marks) == unseen(phrases.pairs, marks) == []


def test_counts_keep_their_proportion_when_they_are_full() -> None:
    phrases = Phrases()
    for number in range(10_000):
        phrases.count([7], failed=number % 4 == 0)
    ((failed, worked),) = phrases.counts([7, 8])
    assert worked <= 255
    assert failed / (failed + worked) == pytest.approx(0.25, abs=0.03)


def test_a_model_with_phrases_comes_back_from_its_bytes() -> None:
    model = new_model([0.0])
    model.phrases = _taught([([(0.5, [1, 2, 3])], 0.9)])
    model.phrases.count([4], failed=True)
    again = MODELS.decode(b"key", MODELS.encode(model))
    assert again == model
    assert again.phrases is not None
    again.phrases.descend([(1.0, [1])], 0.5)  # what was decoded can be learned from
    assert again != model
