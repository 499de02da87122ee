"""Numbers that are kept of calls, and what tells them apart, against plain Python."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sidecar.native import cuts

from . import plain_learning as plain

_NUMBERS = st.one_of(st.integers(-9, 9).map(float), st.floats(-1e15, 1e15))
_VALUES = st.lists(_NUMBERS, max_size=40)
_KEYS = st.one_of(st.integers(0, 3), st.integers(0, 2**32 - 1))
_CALLS = st.lists(
    st.tuples(st.lists(st.tuples(_KEYS, st.just(7), _NUMBERS), max_size=8), st.booleans(), st.integers(1, 40)),
    max_size=12,
)


@settings(max_examples=300)
@given(_VALUES, _VALUES)
def test_numbers_are_told_apart(failures: list[float], successes: list[float]) -> None:
    assert cuts.between(failures, successes) == plain.between(failures, successes)


@given(_CALLS)
def test_numbers_are_kept_and_the_oldest_go(calls: list[tuple[list[tuple[int, int, float]], bool, int]]) -> None:
    table, same = bytearray(), bytearray()
    for measured, failed, times in calls:
        for _ in range(times):
            cuts.note(table, measured, failed=failed)
            plain.note(same, measured, failed=failed)
    assert table == same
    for key in {0, 9, *[key for measured, _, _ in calls for key, _, _ in measured]}:
        assert cuts.between_kept(table, key) == plain.between(*plain.kept_of(same, key))


def test_too_many_numbers_are_refused() -> None:
    with pytest.raises(ValueError, match="too many"):
        cuts.between([1.0] * 200, [2.0] * 57)
    assert cuts.between([1.0] * 200, [2.0] * 56) == (None, (1.0, 2.0))


def test_parts_of_rows_are_none() -> None:
    table = bytearray()
    cuts.note(table, [(5, 6, 1.0)], failed=True)
    cuts.note(table, [(5, 6, 2.0)], failed=False)
    del table[-1:]
    assert cuts.between_kept(table, 5) is None
