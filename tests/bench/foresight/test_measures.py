"""The measures, on decisions that were counted by hand."""

from __future__ import annotations

import pytest

from .measures import Measures, mean_of, measures_of
from .replay import Decided


def test_measures_of_decisions_counted_by_hand() -> None:
    decided = [
        Decided(0.95, prevented=True, failed=True, known=True),
        Decided(0.9, prevented=True, failed=False, known=True),
        Decided(0.9, prevented=False, failed=True, known=True),
        *[Decided(0.05, prevented=False, failed=False, known=True)] * 99,
        Decided(0.04, prevented=False, failed=True, known=False),
    ]
    found = measures_of(decided)
    assert found.recall == pytest.approx(1 / 3)
    assert found.false_prevention == pytest.approx(1 / 100)
    assert found.ranked == pytest.approx(2 / 3)  # both calls at 0.9 come in together
    assert found.calibration == pytest.approx((abs(0.95 + 0.9 + 0.9 - 2) + 99 * 0.05) / 102)


def test_means_are_per_measure() -> None:
    assert mean_of([Measures(0.0, 0.1, 0.2, 0.3), Measures(1.0, 0.3, 0.4, 0.5)]) == pytest.approx((0.5, 0.2, 0.3, 0.4))
