"""The test of two arms: an exact oracle for its promise, simulations for what it finds and how often it errs."""

from __future__ import annotations

import itertools
import random
from math import exp, log

import pytest

from sidecar.rollouts.comparing import Comparison

THRESHOLD = log(40.0)


def played(units: list[tuple[bool, float]], share: float) -> Comparison:
    found = Comparison()
    for treated, outcome in units:
        found.add(share, outcome, treated=treated)
    return found


def oracle(units: list[tuple[bool, float]], share: float, difference: float) -> float:
    """The evidence, multiplied up from its definition, unit by unit and bet by bet, with nothing summed beforehand."""
    width = 1.0 / share + 1.0 / (1.0 - share)
    total = 0.0
    for step in range(12):
        bet = 0.8 * 0.7**step / width
        cost = (-log(1.0 - width * bet) - width * bet) / width**2
        wealth = 1.0
        before: list[float] = []
        arms: dict[bool, list[float]] = {True: [], False: []}
        for treated, outcome in units:
            means = {side: (sum(seen) + 0.5) / (len(seen) + 1) for side, seen in arms.items()}
            known = (1.0 - share) * means[True] + share * means[False]
            score = (outcome - known) / share if treated else -(outcome - known) / (1.0 - share)
            guess = sum(before) / (len(before) + 1)
            wealth *= exp(bet * (score - difference) - cost * (score - guess) ** 2)
            before.append(score)
            arms[treated].append(outcome)
        total += wealth / 12
    return total


@pytest.mark.parametrize("share", [0.5, 0.1])
def test_sums_say_what_the_definition_does(share: float) -> None:
    lots = random.Random(3)
    units = [(lots.random() < share, lots.random()) for _ in range(60)]
    found = played(units, share)
    for difference in (-0.3, 0.0, 0.2):
        assert exp(found.evidence(share, difference)) == pytest.approx(oracle(units, share, difference))


@pytest.mark.parametrize("share", [0.5, 0.2, 0.05])
@pytest.mark.parametrize("rate", [0.1, 0.5, 0.9])
def test_without_a_difference_evidence_is_worth_at_most_one(share: float, rate: float) -> None:
    """Exactly, over all histories of six units: that is what Ville's inequality asks for."""
    for_, against = 0.0, 0.0
    kinds = [(True, 1.0), (True, 0.0), (False, 1.0), (False, 0.0)]
    chances = [share * rate, share * (1 - rate), (1 - share) * rate, (1 - share) * (1 - rate)]
    for history in itertools.product(range(4), repeat=6):
        chance = 1.0
        for one in history:
            chance *= chances[one]
        found = played([kinds[one] for one in history], share)
        for_ += chance * exp(found.evidence(share))
        against += chance * exp(found.evidence_against(share))
    assert for_ <= 1.0 + 1e-9
    assert against <= 1.0 + 1e-9


def first_decision(lots: random.Random, share: float, rates: tuple[float, float], most: int) -> tuple[int, int]:
    """Looking after every unit: which arm is named first, and after how many units."""
    found = Comparison()
    for number in range(1, most + 1):
        treated = lots.random() < share
        found.add(share, float(lots.random() < rates[treated]), treated=treated)
        better = found.better(share)
        if better:
            return better, number
    return 0, most


@pytest.mark.parametrize(("share", "rate"), [(0.5, 0.5), (0.1, 0.8)])
def test_who_looks_after_every_unit_errs_seldom(share: float, rate: float) -> None:
    lots = random.Random(11)
    named = sum(first_decision(lots, share, (rate, rate), 400)[0] != 0 for _ in range(200))
    assert named <= 10  # 5 % of them; a fixed test that is looked at so often names one in about 40 %


@pytest.mark.parametrize("share", [0.5, 0.2])
def test_differences_are_found_in_their_direction(share: float) -> None:
    lots = random.Random(5)
    up = [first_decision(lots, share, (0.5, 0.8), 1_500) for _ in range(20)]
    down = [first_decision(lots, share, (0.8, 0.5), 1_500) for _ in range(20)]
    assert sum(better == 1 for better, _ in up) >= 19
    assert sum(better == -1 for better, _ in down) >= 19


def test_the_interval_holds_the_difference_at_all_times() -> None:
    lots = random.Random(7)
    missed = 0
    for _ in range(40):
        found = Comparison()
        left = False
        for number in range(300):
            treated = lots.random() < 0.5
            found.add(0.5, float(lots.random() < (0.7 if treated else 0.5)), treated=treated)
            if number % 10 == 9:
                low, high = found.interval(0.5)
                left = left or not low <= 0.2 <= high
        missed += left
    assert missed <= 2
    assert -1.0 < low < found.difference < high < 1.0


def test_an_interval_leaves_out_zero_exactly_where_an_arm_is_better() -> None:
    lots = random.Random(2)
    found = Comparison()
    seen = set()
    for _ in range(600):
        treated = lots.random() < 0.5
        found.add(0.5, float(lots.random() < (0.9 if treated else 0.5)), treated=treated)
        low, high = found.interval(0.5)
        assert (low > 0.0) is (found.better(0.5) == 1)
        assert not high < 0.0
        seen.add(low > 0.0)
    assert seen == {True, False}


def test_nothing_is_known_of_nothing() -> None:
    assert Comparison().interval(0.5) == (-1.0, 1.0)
    assert Comparison().difference == 0.0
    assert Comparison().better(0.5) == 0


@pytest.mark.long
@pytest.mark.parametrize(("share", "rate"), [(0.5, 0.5), (0.5, 0.9), (0.1, 0.5), (0.1, 0.9)])
def test_long_rollouts_without_a_difference(share: float, rate: float) -> None:
    """As docs/decisions/0029 tells: 5 % are promised, far fewer come."""
    lots = random.Random(1)
    named = sum(first_decision(lots, share, (rate, rate), 1_500)[0] != 0 for _ in range(400))
    assert named <= 8


@pytest.mark.long
@pytest.mark.parametrize(
    ("share", "points", "median"),
    [(0.5, 0.1, 1_077), (0.5, 0.2, 320), (0.5, 0.3, 179), (0.2, 0.2, 503), (0.1, 0.2, 850), (0.1, 0.3, 371)],
)
def test_how_many_units_a_decision_takes(share: float, points: float, median: int) -> None:
    """The table of docs/decisions/0029, within a quarter."""
    lots = random.Random(1)
    found = [first_decision(lots, share, (0.6, 0.6 + points), 4_000) for _ in range(100)]
    assert sum(better == 1 for better, _ in found) >= 95
    assert sorted(units for _, units in found)[50] == pytest.approx(median, rel=0.25)
