"""The false-prevention budget is held, whatever the scores."""

from __future__ import annotations

import random

from hypothesis import given, settings
from hypothesis import strategies as st

from sidecar.learning.budget import BINS, FLOOR, LOWEST, Budget, bin_of, within
from sidecar.learning.evidence import sigmoid


def test_nothing_below_the_floor_is_prevented_even_with_an_empty_budget() -> None:
    assert not within(FLOOR - 0.01, 0.5, Budget(), Budget())
    assert within(FLOOR + 0.01, 0.01, Budget(total=1000.0), Budget())


def test_while_little_was_seen_only_the_surest_is_prevented() -> None:
    assert not within(1.0, 0.01, Budget(), Budget())
    assert within(3.0, 0.01, Budget(), Budget())


def test_successes_at_a_score_close_it() -> None:
    overall, tool = Budget(), Budget()
    assert within(3.0, 0.01, overall, tool)
    for _ in range(3):
        overall.spend(3.0, 1.0)
        tool.spend(3.0, 1.0)
    assert not within(3.0, 0.01, overall, tool)
    assert within(4.0, 0.01, overall, tool)  # surer than all that succeeded


def test_a_tool_can_exceed_its_budget_while_all_tools_together_keep_theirs() -> None:
    overall, tool = Budget(total=1_900.0), Budget()
    for _ in range(15):
        overall.spend(2.0, 1.0)
        tool.spend(2.0, 1.0)
    assert within(2.0, 0.01, overall, None)
    assert not within(2.0, 0.01, overall, tool)


def test_what_all_tools_leave_over_is_granted_to_one() -> None:
    tool = Budget()
    for _ in range(15):
        tool.spend(2.0, 1.0)
    thrifty, even = Budget(total=2_000.0, seen=5_000.0), Budget(total=2_000.0, seen=5_000.0, spent=48.0)
    assert within(2.0, 0.01, thrifty, tool)
    assert not within(2.0, 0.01, even, tool)


def test_what_would_not_be_prevented_at_any_threshold_costs_nothing() -> None:
    books = Budget()
    for _ in range(20):
        books.spend(3.0, 1.0, groundless=True)
    assert books.total == books.seen == 20.0
    assert books.above(LOWEST) == 0.0


@given(st.floats(LOWEST, 20.0))
def test_every_score_has_a_bin(score: float) -> None:
    assert 0 <= bin_of(score) < BINS


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 2**32), st.floats(-0.5, 1.0))
def test_a_miscalibrated_score_still_holds_the_budget(seed: int, bias: float) -> None:
    """Scores that claim too much (by ``bias``) get a higher threshold; 1 % ± sampling is held."""
    randomness = random.Random(seed)
    overall, tool = Budget(), Budget()
    prevented = successes = 0
    for _ in range(4000):
        true = randomness.gauss(-2.0, 2.0)
        score = true + bias
        failed = randomness.random() < sigmoid(true)
        prevents = within(score, 0.01, overall, tool)
        successes += not failed
        prevented += prevents and not failed
        overall.spend(score, 0.0 if failed else 1.0, prevented=prevents)
        tool.spend(score, 0.0 if failed else 1.0, prevented=prevents)
    assert prevented / successes <= 0.015


def test_the_books_stay_bounded_and_forget_slowly() -> None:
    budget = Budget()
    for _ in range(50_000):
        budget.spend(1.0, 1.0)
    assert 1_000 <= budget.total <= 2_001
    assert budget.above(1.0) == budget.total
