"""The combiner, against plain Python."""

from __future__ import annotations

from itertools import accumulate
from math import sqrt
from struct import pack, unpack
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.native import weights

from . import plain

_FEATURES = st.one_of(st.just(0.0), st.floats(-6.0, 6.0))
_SIZES = st.lists(st.integers(1, 5), min_size=2, max_size=12)


@given(_SIZES, st.data())
def test_what_all_features_say(sizes: list[int], data: st.DataObject) -> None:
    ends = tuple(accumulate(sizes))
    of_size = st.lists(_FEATURES, min_size=ends[-1], max_size=ends[-1])
    overall, x = data.draw(of_size), data.draw(of_size)
    own = data.draw(st.one_of(st.none(), of_size))
    assert weights.combine(overall, own, x, ends) == plain.combine(overall, own, x, ends)


@given(st.integers(1, 40), st.integers(0, 40), st.floats(-4.0, 4.0), st.data())
def test_steps_of_weights(size: int, together: int, error: float, data: st.DataObject) -> None:
    of_size = st.lists(_FEATURES, min_size=size, max_size=size)
    sums = st.lists(st.floats(1.0, 400.0), min_size=size, max_size=size)
    state = data.draw(of_size), data.draw(sums), data.draw(of_size), data.draw(sums)
    same = state[0][:], state[1][:], state[2][:], state[3][:]
    x = data.draw(of_size)
    together = min(together, size)
    covariance = None
    changed = False
    if together:
        # Its own steps are put to the test below.
        doubles = data.draw(st.lists(st.floats(0.0, 0.2), min_size=together**2, max_size=together**2))
        covariance, other = (bytearray(pack(f"{together**2}d", *doubles)) for _ in range(2))
        changed = weights.descend_together(other, same[0], x, error, 0.2)
    assert weights.descend(*state, x, error, covariance, 0.2) == changed
    plain.descend_weights(*same, x, error, together)
    assert state == same
    assert covariance is None or covariance == other


@given(st.integers(1, 24), st.lists(st.tuples(st.floats(-1.0, 1.0), st.floats(0.0, 0.25)), max_size=6), st.data())
def test_steps_by_the_covariance(size: int, steps: list[tuple[float, float]], data: st.DataObject) -> None:
    rows = [[0.1 if i == j else 0.0 for j in range(size)] for i in range(size)]
    packed = bytearray(pack(f"{size * size}d", *[one for row in rows for one in row]))
    of_size = st.lists(_FEATURES, min_size=size + 3, max_size=size + 3)
    values = data.draw(of_size)
    same = list(values)
    for error, information in steps:
        x = data.draw(of_size)
        changed = weights.descend_together(packed, values, x, error, information)
        assert changed == plain.descend_together(rows, same, x, error, information)
        assert values == pytest.approx(same, abs=1e-9)
        assert [*unpack(f"{size * size}d", packed)] == pytest.approx([one for row in rows for one in row], abs=1e-9)


@given(st.binary(max_size=5_000), st.integers(0, 70))
def test_a_covariance_that_is_none_is_refused(content: bytes, features: int) -> None:
    size = round(sqrt(len(content) / 8))
    values = [0.0] * features
    if size * size * 8 == len(content) and size <= min(features, 64):
        weights.descend_together(bytearray(content), values, values, 0.5, 0.2)
        return
    with pytest.raises(ValueError, match=r"as many rows|for each feature"):
        weights.descend_together(bytearray(content), values, values, 0.5, 0.2)


def test_weights_that_are_missing_are_refused() -> None:
    short: Any = [0.0]
    two = [1.0, 1.0]
    for call in (
        lambda: weights.combine(short, None, two, (1, 2)),
        lambda: weights.combine(two, short, two, (1, 2)),
        lambda: weights.combine(two, None, two, (1, 3)),
        lambda: weights.descend(two, two, short, two, two, 0.5),
    ):
        with pytest.raises(ValueError, match=r"for each feature|where there are none"):
            call()


@given(
    st.one_of(
        st.floats(-1e12, 1e12),
        st.floats(-9.0, 9.0),
        st.integers(-20_000, 20_000).map(lambda n: n / 2_000),  # the middle of two
        st.integers(-20_000, 20_000).map(lambda n: n / 2_000 + 1e-16),
        st.sampled_from((0.0, -0.0, 2.675, 1.0005, -0.0004, 5e-324)),
    ),
    st.integers(0, 9),
)
def test_numbers_are_rounded_as_python_does(number: float, digits: int) -> None:
    assert repr(weights.rounded(number, digits)) == repr(round(number, digits))


@pytest.mark.parametrize("digits", [-1, 10])
def test_more_digits_are_refused(digits: int) -> None:
    with pytest.raises(ValueError, match="nine"):
        weights.rounded(1.0, digits)


@given(st.lists(st.one_of(_FEATURES, st.sampled_from((1.0, -1.0, 0.01))), max_size=64), st.sampled_from((0.0, 0.01)))
def test_the_strongest_parts_come_first(parts: list[float], least: float) -> None:
    told = [at for at, part in enumerate(parts) if abs(part) >= least]
    assert weights.strongest(parts, least) == sorted(told, key=lambda at: -abs(parts[at]))


def test_too_many_parts_are_refused() -> None:
    with pytest.raises(ValueError, match="64"):
        weights.strongest([1.0] * 65, 0.0)


@given(st.floats(0.0, 1.0), st.one_of(st.floats(-1.0, 0.0), st.floats(1e-6, 1e6)))
def test_bounds_of_a_rate(p: float, n: float) -> None:
    z = 1.6448536269514722
    low, high = 0.0, 1.0
    if n > 0.0:
        share = z * z / n
        centre = (p + share / 2.0) / (1.0 + share)
        half = z * sqrt((p * (1.0 - p) + share / 4.0) / n) / (1.0 + share)
        low, high = max(0.0, centre - half), min(1.0, centre + half)
    assert weights.wilson(p, n) == (low, high)
