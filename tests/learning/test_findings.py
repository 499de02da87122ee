"""The facts that are told of a judgement: strongest first, and none that says the opposite of what it does."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from sidecar.learning.detector import Finding
from sidecar.learning.evidence import wilson
from sidecar.learning.foresight import Foresight, Judgement
from sidecar.learning.schemas import Schemas
from sidecar.model.decision import Evidence


def told(part: float, fact: Finding, p: float = 0.6) -> bool:
    """Whether a fact is told that adds so much to the odds of a call that fails with ``p``."""
    foresight = Foresight(Schemas())
    foresight.detectors = cast("Any", (SimpleNamespace(code="some", explain=lambda _view: fact),))
    found = foresight.findings(cast("Any", None), Judgement([], 0.0, p, True, 0, [part]))
    assert found in ([], [("some", part, fact)])
    return bool(found)


def of(failures: float, successes: float) -> Evidence:
    total = failures + successes
    return Evidence(failures, successes, round(total), wilson(failures / total, total), (), 0.0)


@pytest.mark.parametrize(
    ("part", "fact", "expected"),
    [
        (0.5, Finding("3 of 3 failed", evidence=of(3, 0)), True),
        (-0.5, Finding("3 of 3 failed", evidence=of(3, 0)), False),
        (-0.5, Finding("1 of 9 failed", evidence=of(1, 8)), True),
        (0.5, Finding("1 of 9 failed", evidence=of(1, 8)), True),
        (-0.5, Finding("it is down"), False),
        (-0.5, Finding("such calls fail: 1 of 9", evidence=of(1, 8), says_fail=True), False),
        (0.5, Finding("such calls fail: 1 of 9", evidence=of(1, 8), says_fail=True), True),
        (-0.5, Finding("the tool's rate", evidence=of(9, 1), prevents=False), True),
        (0.001, Finding("3 of 3 failed", evidence=of(3, 0)), False),
    ],
)
def test_no_fact_says_the_opposite_of_what_it_does(part: float, fact: Finding, expected: bool) -> None:
    assert told(part, fact) is expected
