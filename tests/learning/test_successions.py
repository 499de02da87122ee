"""Which tool comes because another failed: not what comes next anyway."""

from __future__ import annotations

import random
from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from sidecar.learning.successions import (
    MAX_PRECEDED,
    Succession,
    _precede,
    _preceded,
    _succeed,
    answers_failures,
    succession_of,
)
from sidecar.model.tool import Counts, Tool, ToolDescriptor


def _tool(name: str, successes: int, failures: int, after_failures: int = 0) -> Tool:
    counts = Counts(success=successes, failure=failures)
    return Tool(ToolDescriptor(name), counts=counts, after_failures=after_failures)


def test_a_tool_that_comes_after_failures_alone_answers_them() -> None:
    one, other = _tool("weather", 100, 10, 10), _tool("backup", 12, 0)
    other.preceded["weather"] = 2
    totals = Counts(success=300, failure=10)
    assert answers_failures(one, other, Succession(9, 0, 1, 1), totals)
    other.preceded["weather"] = 60
    assert not answers_failures(one, other, Succession(9, 0, 1, 1), totals)


def test_a_tool_that_comes_everywhere_does_not() -> None:
    one, other = _tool("weather", 20, 10, 10), _tool("note", 300, 0)
    assert not answers_failures(one, other, Succession(7, 0, 1, 1), Counts(success=500, failure=10))


def test_of_a_tool_that_never_worked_what_comes_elsewhere_is_the_measure() -> None:
    one, other = _tool("weather", 0, 10, 10), _tool("backup", 10, 0)
    assert answers_failures(one, other, Succession(9, 0, 1, 1), Counts(success=200, failure=10))


def test_what_comes_next_whatever_the_outcome_is_hardly_ever_taken_for_an_answer() -> None:
    """Looked at after every record, 300 histories of 400 calls each: one tool of twelve comes next, by lot."""
    randomness = random.Random(5)
    wrong = 0
    for _ in range(300):
        share = randomness.choice((0.05, 0.2, 0.4))
        one, other, totals = _tool("a", 0, 0), _tool("b", 0, 0), Counts()
        succession = [0, 0, 1, 1]
        taken = False
        for _ in range(400):
            failed, comes = randomness.random() < 0.3, randomness.random() < share
            one.counts.failure += failed
            one.counts.success += not failed
            one.after_failures += failed
            totals.failure += failed
            totals.success += 1 + (not failed)
            other.counts.success += comes
            if comes and failed:
                succession[0] += 1
            elif comes:
                _precede(other.preceded, "a")
            taken |= succession[0] >= 3 and answers_failures(one, other, Succession(*succession), totals)
        wrong += taken
    assert wrong <= 3  # 0.05 / 16 each: one is to be expected


@given(st.lists(st.integers(0, 2 * MAX_PRECEDED)))
def test_counts_after_successes_are_bounded_and_never_too_low(numbers: list[int]) -> None:
    preceded: dict[str, int] = {}
    for number in numbers:
        _precede(preceded, f"t{number}")
    assert len(preceded) <= MAX_PRECEDED
    for number, count in Counter(numbers).items():
        assert _preceded(preceded, f"t{number}") >= count


def test_sessions_are_told_apart_and_rows_of_before_begin_anew() -> None:
    successors = {"b": [7, 1]}
    assert succession_of(successors["b"]) == Succession()
    _succeed(successors, "b", 11, failed=False)
    _succeed(successors, "b", 11, failed=True)
    assert succession_of(successors["b"]) == Succession(1, 1, 11, 0)
    _succeed(successors, "b", 12, failed=False)
    assert succession_of(successors["b"]) == Succession(2, 1, 11, 1)
    for number in range(40):
        _succeed(successors, f"t{number}", 1, failed=False)
    assert len(successors) == 16
