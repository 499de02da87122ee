"""The books of the budget, against plain Python."""

from __future__ import annotations

from copy import deepcopy

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.learning.budget import BINS, LOWEST, Budget, bin_of
from sidecar.native import budgets

_COUNTS = st.floats(0.0, 1_500.0)
_BUDGETS = st.builds(
    Budget,
    st.lists(_COUNTS, min_size=BINS, max_size=BINS),
    total=_COUNTS,
    spent=_COUNTS,
    seen=st.floats(0.0, 19_999.0),
    guessed=_COUNTS,
    guesses=st.one_of(st.just([]), st.lists(st.floats(0.0, 40.0), min_size=BINS, max_size=BINS)),
)


@given(_BUDGETS, st.floats(-9.0, 9.0), st.sampled_from((0.0, 1.0)), st.booleans(), st.booleans())
def test_a_call_is_counted(budget: Budget, score: float, success: float, prevented: bool, groundless: bool) -> None:
    same = deepcopy(budget)
    full = budgets.spend(budget, score, success, prevented=prevented, groundless=groundless)
    if score >= LOWEST and not groundless:
        same.bins[bin_of(score)] += success
    same.total += success
    same.seen += success
    if prevented:
        same.spent += success
    assert budget == same
    assert full == (same.total + sum(same.guesses) > 2_000.0 or same.seen + same.guessed > 20_000.0)


def test_what_is_no_budget_is_refused() -> None:
    with pytest.raises(TypeError):
        budgets.spend(object(), 0.0, 1.0, prevented=False, groundless=False)  # type: ignore[arg-type]
    with pytest.raises(IndexError):
        budgets.spend(Budget([0.0]), 3.0, 1.0, prevented=False, groundless=False)
    with pytest.raises(TypeError):
        budgets.know(int)  # type: ignore[arg-type]
    budgets.know(Budget)
