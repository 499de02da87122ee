"""Counts that fade and how sure they make us, against scipy."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from sidecar.learning.evidence import beta_cdf, beta_quantile, credible, logit, sigmoid, wilson
from sidecar.model.counted import EVIDENCE_CAP, Counted

counts = st.floats(0.0, 200.0)


@given(st.floats(0.0, 1.0), st.floats(0.5, 200.5), st.floats(0.5, 200.5))
def test_beta_cdf_is_scipys(x: float, a: float, b: float) -> None:
    # From the nearer side: at x = 1 − 1e-16, a = b = ½ scipy's own value is off by 3e-9, ours by 2e-17.
    expected = stats.beta.cdf(x, a, b) if x <= 0.5 else 1.0 - stats.beta.cdf(1.0 - x, b, a)
    assert beta_cdf(x, a, b) == pytest.approx(expected, abs=1e-9)


@given(st.floats(0.001, 0.999), st.floats(0.5, 200.5), st.floats(0.5, 200.5))
def test_quantiles_invert_the_cdf(q: float, a: float, b: float) -> None:
    assert stats.beta.cdf(beta_quantile(q, a, b), a, b) == pytest.approx(q, abs=1e-5)


@given(counts, counts)
def test_the_credible_interval_is_the_jeffreys_posteriors(successes: float, failures: float) -> None:
    low, high = stats.beta.ppf([0.05, 0.95], failures + 0.5, successes + 0.5)
    found = credible(successes, failures)
    assert found.low == pytest.approx(low, abs=1e-6)
    assert found.high == pytest.approx(high, abs=1e-6)


@given(st.integers(0, 60), st.integers(1, 60))
def test_the_score_interval_is_scipys(failures: int, extra: int) -> None:
    n = failures + extra
    expected = stats.binomtest(failures, n).proportion_ci(0.9, method="wilson")
    found = wilson(failures / n, n)
    assert found.low == pytest.approx(expected.low)
    assert found.high == pytest.approx(expected.high)


def test_without_observations_anything_is_possible() -> None:
    assert (wilson(0.5, 0.0).low, wilson(0.5, 0.0).high) == (0.0, 1.0)


@given(st.floats(-6.0, 6.0))
def test_logit_inverts_sigmoid(z: float) -> None:
    assert logit(sigmoid(z)) == pytest.approx(z, abs=1e-6)


def test_one_half_life_halves() -> None:
    record = Counted()
    record.add(failed=True, now=1000.0, half_life=60.0)
    assert record.faded(1060.0, 60.0) == (0.0, 0.5)
    record.add(failed=False, now=1060.0, half_life=60.0)
    assert (record.successes, record.failures) == (1.0, 0.5)


def test_a_late_record_counts_as_what_is_left_of_it() -> None:
    record = Counted()
    record.add(failed=False, now=1060.0, half_life=60.0)
    record.add(failed=True, now=1000.0, half_life=60.0)
    assert record.failures == pytest.approx(0.5)
    assert record.time == 1060.0


@given(st.lists(st.tuples(st.booleans(), st.floats(0.0, 1e6)), max_size=300))
def test_counts_stay_bounded_and_finite_whatever_the_order_of_time(outcomes: list[tuple[bool, float]]) -> None:
    record = Counted()
    for failed, now in outcomes:
        record.add(failed, now, 3600.0)
        assert min(record.successes, record.failures) >= 0.0
        assert record.total <= EVIDENCE_CAP + 1.0
        assert math.isfinite(record.total)
        assert 0.0 < record.mean(0.1, 2.0) < 1.0
