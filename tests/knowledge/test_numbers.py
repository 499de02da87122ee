"""Shares and calibration against scipy."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import isotonic_regression
from scipy.stats import binomtest

from sidecar.knowledge.calibration import BINS, PRIOR_WEIGHT, bin_of, probabilities, probability
from sidecar.knowledge.intervals import share

COUNTS = st.lists(st.tuples(st.integers(0, 5000), st.floats(0, 1)), min_size=BINS, max_size=BINS)


@given(st.integers(1, 5000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_shares_have_wilsons_interval(counts: tuple[int, int]) -> None:
    measured = share(*counts)
    expected = binomtest(*counts).proportion_ci(0.95, "wilson")
    assert measured is not None
    assert (measured.low, measured.high) == pytest.approx((expected.low, expected.high), abs=1e-9)
    assert measured.low <= measured.value <= measured.high
    assert share(0, 0) is None


@given(COUNTS)
def test_the_curve_is_the_isotonic_regression(rows: list[tuple[int, float]]) -> None:
    shown = [count for count, _ in rows]
    used = [int(count * part) for count, part in rows]
    weights = [count + PRIOR_WEIGHT for count in shown]
    prior = [(place + 0.5) / BINS for place in range(BINS)]
    raw = [(one + PRIOR_WEIGHT * p) / weight for one, p, weight in zip(used, prior, weights, strict=True)]
    curve = probabilities(shown, used)
    assert curve == pytest.approx(isotonic_regression(raw, weights=weights).x.tolist(), abs=1e-9)
    told = [probability(curve, step / 200) for step in range(201)]
    assert told == sorted(told)
    assert all(0.0 <= one <= 1.0 for one in told)


def test_a_new_store_tells_the_relevance() -> None:
    curve = probabilities([0] * BINS, [0] * BINS)
    for relevance in (0.1, 0.33, 0.5, 0.72):
        assert probability(curve, relevance) == pytest.approx(relevance)


@given(st.floats(0, 1))
def test_bins_cover_all(relevance: float) -> None:
    place = bin_of(relevance)
    assert place / BINS - 1e-9 <= relevance <= (place + 1) / BINS + 1e-9
