"""Counts that fade and scopes, against plain Python."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.model.counted import Counted
from sidecar.native import counts

from . import plain

_TIMES = st.sampled_from((0.0, 1e9, 1e9 + 3_600.0, 1e9 + 5e6, 2e9))
_COUNTED = st.builds(Counted, st.floats(0.0, 250.0), st.floats(0.0, 250.0), _TIMES)
_VALUES = tuple(bytes([number] * 8) for number in range(9))
_SCOPES = st.lists(st.integers(0, 8), unique=True, max_size=8).map(
    lambda some: tuple((f"key{number}", _VALUES[number]) for number in some)
)
_RECORDS = st.dictionaries(st.sampled_from(_VALUES), _COUNTED, max_size=9)


@given(_COUNTED, st.booleans(), _TIMES, st.sampled_from((60.0, 2.6e6)), st.floats(0.0, 4.0))
def test_one_is_counted(record: Counted, failed: bool, now: float, half_life: float, weight: float) -> None:
    same = deepcopy(record)
    counts.add(record, failed, now, half_life, weight)
    plain.add(same, failed, now, half_life, weight)
    assert record == same


@given(_RECORDS, _SCOPES, st.booleans(), _TIMES, st.integers(1, 9))
def test_scopes_are_counted_and_the_oldest_forgotten(
    records: dict[bytes, Counted], scopes: Any, failed: bool, now: float, most: int
) -> None:
    same = deepcopy(records)
    counts.add_to_scopes(records, scopes, Counted, most, failed, now, 1e6, 0.5)
    for _, value in scopes:
        same[value] = same.pop(value, Counted())
        plain.add(same[value], failed, now, 1e6, 0.5)
    while len(same) > most:
        del same[next(iter(same))]
    assert list(records.items()) == list(same.items())


@given(_COUNTED, _RECORDS, _SCOPES, st.floats(0.01, 0.99), st.floats(0.5, 5.0))
def test_rates_in_scopes(
    everywhere: Counted, records: dict[bytes, Counted], scopes: Any, p: float, strength: float
) -> None:
    assert counts.here(everywhere, p, strength, records, scopes) == plain.here(everywhere, p, strength, records, scopes)
    for record in records.values():
        assert counts.inside(everywhere, record, p) == pytest.approx(plain.inside(everywhere, record, p), abs=1e-12)


@given(_COUNTED, _RECORDS, st.lists(st.tuples(_SCOPES, st.booleans()), max_size=5), st.integers(0, 6))
def test_merits(rate: Counted, records: dict[bytes, Counted], calls: Any, most: int) -> None:
    merits: dict[str, list[float]] = {}
    same: dict[str, list[float]] = {}
    for scopes, failed in calls:
        counts.judge_scopes(merits, most, rate, records, scopes, failed)
        plain.judge_scopes(same, most, rate, records, scopes, failed)
    assert list(merits) == list(same)
    for key, merit in merits.items():
        assert merit == pytest.approx(same[key], abs=1e-9)


_MERITS = st.dictionaries(
    st.sampled_from([f"key{number}" for number in range(9)]),
    st.one_of(st.just([]), st.lists(st.sampled_from((-2.0, -1.0, -0.0, 0.0, 0.5, 3.0)), min_size=2, max_size=2)),
)


@given(_MERITS, _MERITS, _SCOPES.filter(lambda scopes: len(scopes) > 1))
def test_the_two_scopes_that_tell_most(first: Any, second: Any, scopes: Any) -> None:
    assert counts.two_most_telling(first, second, scopes) == plain.two_most_telling(first, second, scopes)
    with pytest.raises(ValueError, match="less than two"):
        counts.two_most_telling(first, second, scopes[:1])


@pytest.mark.parametrize("record", [None, 7, Counted(), "text"])
def test_what_has_no_counts_is_refused(record: Any) -> None:
    if record == Counted():
        record.successes = "many"
    with pytest.raises((AttributeError, TypeError)):
        counts.add(record, True, 1.0, 1.0)
