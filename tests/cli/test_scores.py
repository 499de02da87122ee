"""Scores against cases worked out by hand, and against definitions written the slow way."""

from __future__ import annotations

import math
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forewarn_cli.replay.player import Row
from forewarn_cli.replay.scores import Predictions, calibration_error, mean_rows, percentile, recall_at, score

Call = tuple[float, bool, bool, bool]  # p_fail, prevented, known, bad


def predictions(calls: list[Call]) -> Predictions:
    made = Predictions()
    for p_fail, prevented, known, bad in calls:
        made.add(p_fail, prevented=prevented, known=known, bad=bad)
    return made


def test_by_hand() -> None:
    calls: list[Call] = [
        (0.95, True, True, True),
        (0.90, True, True, True),
        (0.85, True, True, False),
        (0.40, False, True, True),
        (0.30, False, False, True),
        (0.20, False, True, False),
        (0.10, False, True, False),
        (0.05, False, True, False),
    ]
    figures = score(predictions(calls))
    assert figures["calls"] == 8
    assert figures["failures"] == 4
    assert figures["prevented"] == 3
    assert figures["precision"] == pytest.approx(2 / 3)
    assert figures["recall"] == 2 / 4
    assert figures["f1"] == pytest.approx(2 * (2 / 3) * (1 / 2) / (2 / 3 + 1 / 2))
    assert figures["false_prevention_rate"] == 1 / 4
    assert figures["recall_at_fpr_1pct"] == 2 / 4, "the third in the ranking would be one success too many"
    # Bins over the seven known: [0, .1): .05; [.1, .2): .10; [.2, .3): .20; [.4, .5): .40 bad; [.8, .9): .85;
    # [.9, 1]: .95 and .90, both bad.
    assert figures["ece"] == pytest.approx((0.05 + 0.10 + 0.20 + 0.60 + 0.85 + 0.15) / 7)


def test_nothing_to_divide_by_is_none() -> None:
    assert score(predictions([])) == {
        "calls": 0, "failures": 0, "prevented": 0, "precision": None, "recall": None, "f1": None,
        "false_prevention_rate": None, "recall_at_fpr_1pct": None, "ece": None,
    }  # fmt: skip
    quiet = score(predictions([(0.1, False, False, False)]))
    assert quiet["precision"] is None
    assert quiet["recall"] is None
    assert quiet["false_prevention_rate"] == 0
    missed = score(predictions([(0.1, False, False, True)]))
    assert missed["f1"] == 0
    assert missed["false_prevention_rate"] is None


def test_ties_are_taken_whole_or_not_at_all() -> None:
    bad = [1, 1, 0] + [0] * 50
    assert recall_at([0.9, 0.5, 0.5] + [0.1] * 50, bad, 0.01) == 0.5
    assert recall_at([0.9, 0.5, 0.4] + [0.1] * 50, bad, 0.01) == 1.0
    assert recall_at([0.5] * 53, bad, 0.01) == 0.0
    assert recall_at([0.5, 0.6], [1, 1], 0.01) == 1.0, "no successes to prevent"


def test_one_percent_is_allowed() -> None:
    p_fail = [0.9, 0.8] + [0.1] * 99
    assert recall_at(p_fail, [0, 1] + [0] * 99, 0.01) == 1.0, "1 of 100 successes"
    assert recall_at(p_fail[:-1], [0, 1] + [0] * 98, 0.01) == 0.0, "1 of 99"


def test_the_last_bin_holds_certainty() -> None:
    assert calibration_error([1.0, 0.95], [1, 1]) == pytest.approx(0.025)


def test_percentiles_are_nearest_rank() -> None:
    values = [float(n) for n in range(1, 101)]
    assert percentile(values, 0.5) == 50
    assert percentile(values, 0.99) == 99
    assert percentile([7.0], 0.99) == 7
    assert percentile([1.0, 2.0, 3.0], 0.5) == 2
    assert percentile([], 0.5) is None


def test_means_leave_out_what_has_no_value() -> None:
    rows: list[Row] = [{"source": "a", "calls": 4, "precision": None, "recall": 0.5},
            {"source": "a", "calls": 4, "precision": 0.5, "recall": 0.0}]  # fmt: skip
    assert mean_rows(rows) == {"source": "a", "calls": 4, "precision": 0.5, "recall": 0.25}
    assert mean_rows([{"precision": None}]) == {"precision": None}


CALLS = st.lists(
    st.tuples(
        st.one_of(st.sampled_from([0.0, 0.1, 0.3, 0.5, 0.9, 1.0]), st.floats(0, 1)),
        st.booleans(), st.booleans(), st.booleans(),
    ),
    max_size=60,
)  # fmt: skip


@given(CALLS)
def test_against_the_definitions(calls: list[Call]) -> None:
    figures = score(predictions(calls))
    bads = [one for one in calls if one[3]]
    goods = [one for one in calls if not one[3]]
    prevented = [one for one in calls if one[1]]
    right = sum(one[3] for one in prevented)

    def share(part: int, whole: int) -> float | None:
        return float(Fraction(part, whole)) if whole else None

    assert figures["precision"] == share(right, len(prevented))
    assert figures["recall"] == share(right, len(bads))
    assert figures["false_prevention_rate"] == share(len(prevented) - right, len(goods))
    if figures["precision"] and figures["recall"]:
        p, r = Fraction(right, len(prevented)), Fraction(right, len(bads))
        assert figures["f1"] == pytest.approx(float(2 * p * r / (p + r)))

    # Any threshold prevents whole groups of ties: the best that keeps to one success in a hundred.
    best: float | None = 0.0 if bads else None
    for threshold in {one[0] for one in calls}:
        if bads and sum(one[0] >= threshold for one in goods) * 100 <= len(goods):
            best = max(best or 0.0, sum(one[0] >= threshold for one in bads) / len(bads))
    assert figures["recall_at_fpr_1pct"] == best

    known = [one for one in calls if one[2]]
    error = 0.0
    for place in range(10):
        inside = [one for one in known if place == min(math.floor(one[0] * 10), 9)]
        if inside:
            mean = sum(one[0] for one in inside) / len(inside)
            error += abs(mean - sum(one[3] for one in inside) / len(inside)) * len(inside) / len(known)
    assert figures["ece"] == (pytest.approx(error, abs=1e-12) if known else None)
