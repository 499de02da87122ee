"""The budget is held in mode enforce under drift, in a synthetic world, by the guard's own code and in seconds."""

from __future__ import annotations

import random
from math import exp

import pytest

from sidecar.learning.budget import DOUBT, NEAR_DOUBT, NEAR_STRENGTH, Budget, within
from sidecar.learning.combiner import descend
from sidecar.learning.evidence import sigmoid
from sidecar.learning.tool_model import Model, new_model

SHARE = 0.03
CALLS = 12_000


def _features(randomness: random.Random) -> list[float]:
    return [1.0, float(randomness.random() < 0.3), float(randomness.random() < 0.2), randomness.gauss(0.0, 1.0)]


def _rate(x: list[float], *, flipped: bool) -> float:
    """How likely a call fails: the second feature dooms it; after the flip the third does, and the second no more."""
    doom = x[2] if flipped else x[1]
    return sigmoid(-3.0 + 7.0 * doom + 0.5 * x[3])


def _enforce(seed: int, *, share: float, drifts: bool) -> tuple[list[tuple[bool, bool, bool]], Budget]:
    """Each call's (flipped, prevented, worked): prevented calls are guessed at, all others learned from."""
    randomness = random.Random(seed)
    overall: Model = new_model([0.0] * 4)
    own: Model = new_model([0.0] * 4)
    rows = []
    for number in range(CALLS):
        flipped = drifts and number >= CALLS // 2
        x = _features(randomness)
        score = sum(a * b for a, b in zip(overall.values, x, strict=True))
        p = sigmoid(score)
        worked = randomness.random() >= _rate(x, flipped=flipped)
        sure = within(score, 0.01, overall.budget, own.budget)
        drawn = sure and randomness.random() < share
        rows.append((flipped, sure and not drawn, worked))
        for budget in (overall.budget, own.budget):
            if sure and not drawn:
                budget.guess(score)
                continue
            budget.spend(score, float(worked), prevented=sure)
            (budget.try_out if sure else budget.approach)(p, float(worked))
        if not sure or drawn:
            descend(overall, own, x, p, not worked, min(1.0 / share, 4.0) if drawn else 1.0)
    return rows, overall.budget


def _false_prevention(rows: list[tuple[bool, bool, bool]]) -> float:
    good = [prevented for _, prevented, worked in rows if worked]
    return sum(good) / len(good)


def _recall(rows: list[tuple[bool, bool, bool]]) -> float:
    bad = [prevented for _, prevented, worked in rows if not worked]
    return sum(bad) / len(bad)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_steady_world_keeps_the_budget_and_is_worth_it(seed: int) -> None:
    rows, _ = _enforce(seed, share=SHARE, drifts=False)
    bad = [prevented for _, prevented, worked in rows if not worked]
    assert _false_prevention(rows) <= 0.0125  # a quarter over 1 %: four standard errors over 8,000 successes
    assert sum(bad) / len(bad) > 0.3


def test_the_budget_is_held_when_the_rule_flips() -> None:
    """The most telling rule of all turns to its opposite at once: the holdout finds out, where nothing else would."""
    with_lots = [_enforce(seed, share=SHARE, drifts=True)[0] for seed in range(1, 9)]
    without = [_enforce(seed, share=0.0, drifts=True)[0] for seed in range(1, 9)]
    rates = [_false_prevention(rows) for rows in with_lots]
    assert sum(rates) / len(rates) <= 0.01
    assert max(rates) <= 0.02
    # Without lots nothing is found out, so the books stay wary of what they guessed.
    assert sum(map(_recall, with_lots)) > 1.1 * sum(map(_recall, without))
    for rows in with_lots:
        assert _false_prevention(rows[-CALLS // 4 :]) <= 0.01


def test_guesses_count_as_much_as_trials_tell() -> None:
    books = Budget()
    for _ in range(100):
        books.guess(3.0)
    before = books.doubt
    odds = before * exp(-3.0625)  # of success, at the middle of the bin
    assert books.above(3.0) == pytest.approx(100 * odds / (1.0 + odds), rel=0.1)
    for _ in range(20):
        books.try_out(0.95, 0.0)
    assert books.doubt < before
    lower = books.doubt
    for _ in range(5):
        books.try_out(0.95, 1.0)
    assert books.doubt > lower
    odds = books.doubt * exp(-3.0625)
    assert books.above(3.0) == pytest.approx(100 * odds / (1.0 + odds), rel=0.1)


def test_what_is_found_near_tells_more_of_what_is_further_out_where_trials_are_made() -> None:
    wary, sure, tested = Budget(), Budget(), Budget()
    for books, came in ((wary, 1.0), (sure, 0.0), (tested, 0.0)):
        for number in range(40):
            books.approach(0.85, came if number % 4 == 0 else 0.0)
    tested.try_out(0.9, 0.0)  # by itself it lowers the doubt by a tenth, and half of that as it fades
    assert wary.doubt > DOUBT  # 10 came, 6 were expected
    assert sure.doubt == pytest.approx(DOUBT * (NEAR_DOUBT * NEAR_STRENGTH) / (sure.near + NEAR_STRENGTH))
    assert tested.doubt < 0.8 * sure.doubt / 1.1
    before = wary.doubt
    wary.try_out(0.9, 0.1)
    assert wary.doubt == pytest.approx((0.1 + before) / 1.1, rel=0.01)  # a model that is too sure is not doubted twice


def test_only_what_was_seen_loosens_the_limit() -> None:
    seen, guessed = Budget(), Budget()
    for books in (seen, guessed):
        for _ in range(5_000):
            books.spend(-2.0, 1.0)
    seen.spend(3.0, 1.0, prevented=True)
    guessed.guess(4.5)
    assert seen.correction(0.01) > 2.0
    assert guessed.correction(0.01) == pytest.approx(1.0)


def test_trials_let_guesses_loosen_the_limit() -> None:
    """As far as they went, and only while what they say of the guesses leaves some of the budget over."""
    books = Budget()
    for _ in range(5_000):
        books.spend(-2.0, 1.0)
    for _ in range(150):
        books.guess(2.0)
    before = books.correction(0.01)
    for _ in range(60):
        books.try_out(0.88, 0.0)
    tested = books.correction(0.01)
    assert before == pytest.approx(1.0)
    assert tested > 1.5
    for _ in range(120):
        books.try_out(0.88, 1.0)
    assert books.correction(0.01) < 1.0


def test_a_guess_never_counts_as_more_than_a_success() -> None:
    books = Budget()
    for _ in range(10):
        books.guess(-0.5)  # success is expected of six of ten
    assert books.doubt > 3.0
    assert 6.0 < books.supposed() < 10.0


def test_further_tries_of_booked_calls_raise_what_a_booked_one_stands_for_to_twice_at_most() -> None:
    books = Budget()
    for _ in range(200):
        books.guess(2.0)
    once = books.supposed()
    for _ in range(100):
        books.repeat(2.0)
    assert 1.2 * once < books.supposed() < 1.5 * once
    for _ in range(10_000):
        books.repeat(2.0)
    assert books.supposed() == pytest.approx(2.0 * once)
