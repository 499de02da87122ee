"""Cuts between numbers that fail and that work: where they are, how round, and that chance makes none."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.learning.cuts import FAILURES, MAX_MEASURED, SUCCESSES, best_cuts, moved, note

_VALUES = st.lists(st.one_of(st.integers(-50, 50).map(float), st.floats(-1e6, 1e6)), max_size=20)


@pytest.mark.parametrize(
    ("failures", "successes", "over", "under"),
    [
        ([105.0, 200.0, 900.0], [98.0, 50.0, 3.0, 7.0], 100.0, None),
        ([9.0, 10.0, 9.0], [8.0, 1.0, 4.0, 6.0], 8.0, None),
        ([-3.0, -9.5, -20.0], [1.0, 40.0, 30.0, 500.0], None, 0.0),
        ([1.0, 7.0, 3.0], [12.0, 90.0, 55.0], None, 10.0),
        ([0.31, 0.4, 0.9], [0.1, 0.2, 0.05], 0.3, None),
        ([1.0, 9.0], [], None, None),
        ([5.0] * 9, [5.0] * 9, None, None),
    ],
)
def test_a_cut_is_the_roundest_number_between(
    failures: list[float], successes: list[float], over: float | None, under: float | None
) -> None:
    assert best_cuts(failures, successes) == (over, under)


@given(_VALUES, _VALUES)
def test_a_cut_parts_calls_as_it_says(failures: list[float], successes: list[float]) -> None:
    over, under = best_cuts(failures, successes)
    if over is not None:
        above = sum(one > over for one in failures) / len(failures)
        assert above - sum(one > over for one in successes) / len(successes) > 0.2
    if under is not None:
        below = sum(one < under for one in failures) / len(failures)
        assert below - sum(one < under for one in successes) / len(successes) > 0.2


def test_chance_seldom_makes_a_cut() -> None:
    found = 0
    for seed in range(300):
        chance = random.Random(seed)
        over, under = best_cuts([chance.random() for _ in range(FAILURES)], [chance.random() for _ in range(SUCCESSES)])
        found += over is not None or under is not None
    assert found < 60


def test_values_of_before_go_and_what_is_kept_is_bounded() -> None:
    table = bytearray()
    for number in range(100):
        note(table, [(1, 2, float(number))], failed=False)
        note(table, [(1, 2, 1_000.0)], failed=True)
    assert moved(b"", table, [(1, 2, 0.0)]) == moved(b"", table, [(1, 2, 5.0)])
    for _ in range(100):
        note(table, [(1, 2, 5_000.0)], failed=False)
    # All that worked lately lies above: the cut from above stays, one from below is there.
    cuts = moved(moved(b"", table, [(1, 2, 0.0)]), table, [(1, 2, 0.0)])
    assert len(cuts) == 12
    size = len(table)
    for key in range(3, 100, 2):
        note(table, [(key, key + 1, 1.0)], failed=True)
    assert len(table) == size * MAX_MEASURED
