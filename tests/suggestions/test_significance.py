"""The statistics against scipy's, and against what must hold of any."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from sidecar.model.suggestion import KindTotals, SuggestionState
from sidecar.suggestions.confidence import HALF_LIFE, confidence, count_decision
from sidecar.suggestions.significance import association, benjamini_hochberg, fisher_greater, less_than, more_than

counts = st.integers(1, 400).flatmap(
    lambda total: st.tuples(st.integers(1, total), st.integers(1, total)).flatmap(
        lambda sides: st.tuples(
            st.integers(max(0, sum(sides) - total), min(sides)), st.just(sides[0]), st.just(sides[1]), st.just(total)
        )
    )
)


@given(counts)
def test_fisher_is_scipys(table: tuple[int, int, int, int]) -> None:
    both, left, right, total = table
    cells = [[both, left - both], [right - both, total - left - right + both]]
    assert fisher_greater(*table) == pytest.approx(stats.fisher_exact(cells, alternative="greater").pvalue, rel=1e-7)


@given(st.lists(st.floats(0, 1), max_size=40), st.integers(0, 60))
def test_correction_is_scipys(p_values: list[float], more: int) -> None:
    padded = p_values + [1.0] * more
    expected = stats.false_discovery_control(padded)[: len(p_values)] if padded else []
    assert benjamini_hochberg(p_values, len(padded)) == pytest.approx(list(expected))


@given(st.integers(0, 200), st.integers(0, 200), st.floats(0.01, 0.99))
def test_shares_are_scipys(part: int, rest: int, share: float) -> None:
    posterior = stats.beta(part + 1, rest + 1)
    assert more_than(part, part + rest, share) == pytest.approx(posterior.sf(share), abs=1e-9)
    assert less_than(part, part + rest, share) == pytest.approx(posterior.cdf(share), abs=1e-9)


def test_eight_of_ten_is_probably_most() -> None:
    assert more_than(8, 10, 0.5) == pytest.approx(0.967, abs=0.001)


def test_what_has_nothing_to_do_with_each_other() -> None:
    found = association(25, 50, 50, 100)
    assert (found.support, found.lift, found.leverage) == (0.25, 1.0, 0.0)
    assert found.p_value > 0.5


NOW = 1_800_000_000.0


@given(st.lists(st.tuples(st.floats(0, 1), st.booleans(), st.floats(0, 1e7)), max_size=60))
def test_confidence_rises_with_strength(decisions: list[tuple[float, bool, float]]) -> None:
    totals = KindTotals()
    now = NOW
    for strength, taken, passed in decisions:
        now += passed
        count_decision(totals, strength, SuggestionState.APPROVED if taken else SuggestionState.REJECTED, now)
    told = [confidence(totals, place / 50, now) for place in range(51)]
    assert told == sorted(told)
    assert all(0.0 < one < 1.0 for one in told)


def test_without_decisions_it_is_the_strength() -> None:
    assert confidence(KindTotals(), 0.7, NOW) == pytest.approx(0.7)


def test_confidence_learns_what_reviewers_do() -> None:
    totals = KindTotals()
    for _ in range(20):
        count_decision(totals, 0.95, SuggestionState.REJECTED, NOW)
    assert confidence(totals, 0.95, NOW) < 0.3
    assert confidence(totals, 0.95, NOW + 5 * HALF_LIFE) > 0.85  # and gives another chance
    for _ in range(20):
        count_decision(totals, 0.95, SuggestionState.REJECTED, NOW, -1)
    assert confidence(totals, 0.95, NOW) == pytest.approx(0.95)


def test_confidence_becomes_the_share_that_is_taken() -> None:
    totals = KindTotals()
    for number in range(1_000):
        state = SuggestionState.MODIFIED if number % 2 else SuggestionState.DISMISSED
        count_decision(totals, 0.9, state, NOW)
    assert confidence(totals, 0.9, NOW) == pytest.approx(0.5, abs=0.01)


def test_states_without_a_decision_do_not_count() -> None:
    totals = KindTotals()
    for state in (SuggestionState.EXPIRED, SuggestionState.SUPERSEDED, SuggestionState.PENDING):
        count_decision(totals, 0.5, state, NOW)
    assert totals == KindTotals()
