"""The estimate of false prevention and its anytime-valid interval, against scipy and exact enumeration."""

from __future__ import annotations

import random
from collections.abc import Callable
from math import comb, exp

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from sidecar.learning.evidence import wilson
from sidecar.learning.false_prevention import (
    CONFIDENCE,
    _log_ratio,
    exceeds,
    false_prevention,
    note,
    refutes,
    wrong_allowed,
    wrong_share,
)
from sidecar.model.trial import Standing, Trial

RATES = (0.01, 0.05, 0.2, 0.5, 0.9)
CALLS = 200


def ever(rate: float, excludes: Callable[[int, int], bool], calls: int = CALLS) -> float:
    """The exact probability that a rule excludes the true rate at some point of a history: states (n, wrong)."""
    alive, gone = {0: 1.0}, 0.0
    for n in range(1, calls + 1):
        grown: dict[int, float] = {}
        for wrong, chance in alive.items():
            grown[wrong + 1] = grown.get(wrong + 1, 0.0) + chance * rate
            grown[wrong] = grown.get(wrong, 0.0) + chance * (1.0 - rate)
        alive = {}
        for wrong, chance in grown.items():
            if excludes(wrong, n):
                gone += chance
            else:
                alive[wrong] = chance
    return gone


def of(wrong: float, n: float) -> Trial:
    return Trial(right=n - wrong, wrong=wrong)


@pytest.mark.parametrize("rate", RATES)
def test_the_true_rate_is_refuted_at_any_time_in_at_most_one_of_twenty_histories(rate: float) -> None:
    assert ever(rate, lambda wrong, n: refutes(of(wrong, n), rate)) <= 1.0 - CONFIDENCE


def test_an_interval_for_one_look_is_wrong_far_more_often() -> None:
    # 90 % at one look; looked at after each call it excludes the true rate in more than a third of the histories.
    assert ever(0.5, lambda wrong, n: not wilson(wrong / n, n).low <= 0.5 <= wilson(wrong / n, n).high) > 1 / 3


@given(st.integers(0, 60), st.integers(0, 60), st.floats(0.01, 0.99))
def test_the_ratio_is_that_of_a_beta_binomial_to_a_binomial(wrong: int, right: int, rate: float) -> None:
    n = wrong + right
    expected = stats.betabinom(n, 0.5, 0.5).pmf(wrong) / (comb(n, wrong) * rate**wrong * (1.0 - rate) ** right)
    assert exp(_log_ratio(of(wrong, n), rate)) == pytest.approx(expected, rel=1e-6)


@given(st.floats(0.0, 500.0), st.floats(0.0, 500.0))
def test_the_interval_holds_the_estimate_and_ends_where_rates_are_refuted(right: float, wrong: float) -> None:
    trial = Trial(right, wrong)
    share, interval = wrong_share(trial)
    assert 0.0 <= interval.low <= share <= interval.high <= 1.0
    if right + wrong > 1.0:
        assert interval.low < 1e-8 or not refutes(trial, min(0.999999, interval.low * 1.001 + 1e-9))
        assert interval.low < 1e-6 or refutes(trial, interval.low * 0.99)
        assert interval.high > 1.0 - 1e-6 or refutes(trial, 1.0 - (1.0 - interval.high) * 0.99)


def test_nothing_observed_says_nothing() -> None:
    assert wrong_share(Trial()) == (0.0, wrong_share(Trial())[1])
    assert (wrong_share(Trial())[1].low, wrong_share(Trial())[1].high) == (0.0, 1.0)
    assert false_prevention(Standing())[1].high == 1.0


@given(st.lists(st.booleans(), min_size=1, max_size=50))
def test_in_mode_shadow_the_estimate_is_the_plain_share(outcomes: list[bool]) -> None:
    trial = Trial()
    for wrong in outcomes:
        note(trial, 1.0, wrong=wrong)
    assert wrong_share(trial)[0] == pytest.approx(sum(outcomes) / len(outcomes))


@given(st.lists(st.tuples(st.booleans(), st.sampled_from((1.0, 0.2, 0.03, 0.97))), min_size=1, max_size=50))
def test_the_estimate_weighs_by_inverse_propensity_in_any_order(outcomes: list[tuple[bool, float]]) -> None:
    trial = Trial()
    for wrong, propensity in outcomes:
        note(trial, propensity, wrong=wrong)
    weights = sum(1.0 / propensity for _, propensity in outcomes)
    expected = sum(1.0 / propensity for wrong, propensity in outcomes if wrong) / weights
    assert wrong_share(trial)[0] == pytest.approx(expected)
    assert trial.right + trial.wrong <= len(outcomes) + 1e-9  # no outcome counts for more than one


def test_inverse_propensity_undoes_what_the_lot_chose_exactly() -> None:
    """Over all 2**6 draws of the lot: the weighted count of wrong preventions has the true count as its mean."""
    share, truth = 0.2, (True, False, True, True, False, False)
    mean = 0.0
    for draw in range(2 ** len(truth)):
        chance, found = 1.0, 0.0
        for at, wrong in enumerate(truth):
            drawn = bool(draw >> at & 1)
            chance *= share if drawn else 1.0 - share
            found += wrong / share if drawn else 0.0
        mean += chance * found
    assert mean == pytest.approx(sum(truth))


def _history(randomness: random.Random, rate: float, share: float) -> bool:
    """A shadow phase, then the lot: whether the true rate was outside of the interval at any time."""
    trial = Trial()
    for n in range(1200):
        propensity = 1.0 if n < 60 else share
        if randomness.random() < propensity:
            note(trial, propensity, wrong=randomness.random() < rate)
            if refutes(trial, rate):
                return True
    return False


@pytest.mark.parametrize(("rate", "share"), [(0.05, 0.03), (0.3, 0.1)])
def test_coverage_holds_with_weights(rate: float, share: float) -> None:
    randomness = random.Random(11)
    missed = sum(_history(randomness, rate, share) for _ in range(400))
    # Five standard errors of a rate of one in twenty over 400 histories would be 0.054.
    assert missed / 400 <= 0.05


def test_the_share_of_successes_follows_from_what_was_not_prevented() -> None:
    standing = Standing(Trial(right=8.0, wrong=2.0, heaviest=1.0), observed=10, prevented=90, passed=980)
    estimate, interval = false_prevention(standing)
    assert estimate == pytest.approx(20 / (20 + 980))  # a fifth of a hundred preventions
    assert interval.low < estimate < interval.high


@pytest.mark.parametrize(
    ("right", "wrong", "is_too_much"),
    [(0, 3, False), (0, 4, True), (10, 4, False), (1, 6, True), (300, 100, False), (200, 130, True), (50, 0, False)],
)
def test_a_pattern_exceeds_what_it_may_only_for_certain(right: int, wrong: int, is_too_much: bool) -> None:
    assert exceeds(Trial(right, wrong), wrong_allowed(0.01)) is is_too_much


def test_a_pattern_within_what_it_may_is_set_aside_in_at_most_one_of_twenty_histories() -> None:
    allowed = wrong_allowed(0.01)
    assert allowed == 0.25
    assert ever(allowed, lambda wrong, n: exceeds(of(wrong, n), allowed)) <= 0.05
    assert ever(0.1, lambda wrong, n: exceeds(of(wrong, n), allowed)) < 0.002
    assert ever(0.6, lambda wrong, n: exceeds(of(wrong, n), allowed)) > 0.99
    assert wrong_allowed(0.5) == 0.5
