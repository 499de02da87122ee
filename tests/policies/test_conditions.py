"""Single conditions against single values, by both evaluators: types, lists, missing values, globs, windows, CEL."""

from __future__ import annotations

import fnmatch
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
import re2
from hypothesis import given
from hypothesis import strategies as st

from sidecar.policies import globs
from sidecar.policies.document import Policy, Window
from sidecar.policies.engine.evaluator import DurableEvaluator
from sidecar.policies.engine.pattern_set import PatternSet
from sidecar.policies.facts import CallFacts, Facts, FieldReader
from sidecar.policies.loading import check
from sidecar.policies.reference import ReferenceEvaluator
from sidecar.policies.windows import time_window

MISSING = object()
A = "call.arguments.a"


def outcome(condition: dict[str, Any], arguments: dict[str, Any], now: float = 0.0) -> bool | None:
    """Whether a condition holds; None where it fails."""
    rule = {"name": "x", "when": condition, "then": {"warn": {"message": "m"}}}
    policy = msgspec.convert({"policy": "p", "mode": "enforce", "rules": [rule]}, Policy)
    check([policy])
    found = []
    for evaluator in (ReferenceEvaluator(), DurableEvaluator(probing=None)):
        decision = evaluator.compile([policy], "r").decide(Facts(CallFacts("t", arguments)), now)
        found.append(None if decision.failed else bool(decision.fired))
    assert found[0] is found[1]
    return found[0]


@pytest.mark.parametrize(
    ("operator", "operand", "value", "holds"),
    [
        ("equal", 1, 1, True), ("equal", 1, 1.0, True), ("equal", 1, "1", False), ("equal", 1, True, False),
        ("equal", True, True, True), ("equal", True, "true", False), ("equal", "null", None, False),
        ("equal", "é", "e\u0301", False), ("equal", 2**53 + 1, 2**53 + 1, True), ("equal", 2**53, 2.0**53 + 2, False),
        ("equal", 1, [3, 1], True), ("equal", 1, [], False), ("equal", 1, MISSING, False),
        ("equal", 1, {"b": 1}, False),
        ("in", [1, "x"], "x", True), ("in", [1, "x"], 2, False), ("in", [True], 1, False),
        ("more", 5, 6, True), ("more", 5, 5, False), ("more", 5, "6", None), ("more", 5, True, None),
        ("more", 5, MISSING, False),
        ("more", 5, ["x", 6], True), ("more", 5, ["x", 4], None), ("more", "b", "c", True), ("more", "b", 3, None),
        ("less", 5, 10**400, False), ("less", 5, -(10**400), True), ("at_least", 1e300, 1e300, True),
        ("at_most", 0, -0.0, True),
        ("glob", "a*", "abc", True), ("glob", "a*", "ba", False), ("glob", "*", "", True), ("glob", "*", 3, False),
        ("glob", "a.b", "axb", False), ("glob", "?", "日", True), ("glob", "*\n*", "a\nb", True),
        ("matches", "b+", "abba", True), ("matches", "^b", "ab", False), ("matches", "x", ["a", "x"], True),
        ("matches", ".*", 3, False),
        ("exists", True, MISSING, False), ("exists", True, None, False), ("exists", True, [], True),
        ("exists", True, {}, True),
        ("exists", False, MISSING, True), ("exists", False, "", False),
        ("within", {"from": 1, "to": 3}, 3, True), ("within", {"from": 1, "to": 3}, 3.01, False),
        ("within", {"from": 1}, "x", None),
        ("equal_field", "call.arguments.b", "x", True), ("equal_field", "call.arguments.none", "x", False),
    ],
)  # fmt: skip
def test_an_operator_holds_does_not_or_fails(operator: str, operand: object, value: object, holds: bool | None) -> None:
    arguments = {"b": "x"} if value is MISSING else {"a": value, "b": "x"}
    assert outcome({"field": A, operator: operand}, arguments) is holds


@pytest.mark.parametrize(
    ("arguments", "path", "values"),
    [
        ({"a": {"b": 1}}, "call.arguments.a.b", (1,)),
        ({"a.b": 1, "a": {"b": 2}}, "call.arguments.a.b", (1, 2)),
        ({"a": [{"b": 1}, {"b": [2, 3]}, {"c": 4}]}, "call.arguments.a.b", (1, 2, 3)),
        ({"a": {"b": 1, "c": [2, {"d": "x"}]}, "e": None}, "call.arguments.*", (1, 2, "x")),
        ({"a": {"b": {"c": 1}}, "d": 2}, "call.arguments.a.*", (1,)),
        ({"a": None}, "call.arguments.a", ()),
        ({"a": "\ud800"}, "call.arguments.a", ("\ufffd",)),
        ({"a": float("nan"), "b": 1}, "call.arguments.a", ()),
    ],
)
def test_arguments_are_flattened(arguments: dict[str, Any], path: str, values: tuple[object, ...]) -> None:
    assert sorted(FieldReader(Facts(CallFacts("t", arguments)), 0.0).values(path), key=str) == sorted(values, key=str)


KLEENE = {
    "true": {"field": "call.tool", "equal": "t"},
    "false": {"field": "call.tool", "equal": "u"},
    "fails": {"field": A, "more": 3},
}


@pytest.mark.parametrize("first", KLEENE)
@pytest.mark.parametrize("second", KLEENE)
def test_all_any_and_not_follow_kleene(first: str, second: str) -> None:
    def kleene(kind: str, truths: set[bool | None]) -> bool | None:
        if kind == "all":
            return False if False in truths else None if None in truths else True
        return True if True in truths else None if None in truths else False

    meaning = {"true": True, "false": False, "fails": None}
    for kind in ("all", "any"):
        wanted = kleene(kind, {meaning[first], meaning[second]})
        condition = {kind: [KLEENE[first], KLEENE[second]]}
        assert outcome(condition, {"a": "text"}) is wanted
        assert outcome({"not": condition}, {"a": "text"}) is (None if wanted is None else not wanted)


@given(st.text("ab*?.\n日", max_size=8), st.text("ab.\n日", max_size=10))
def test_globs_agree_with_fnmatch_and_re2(glob: str, text: str) -> None:
    wanted = fnmatch.fnmatchcase(text, glob)
    assert globs.matches(glob, text) is wanted
    assert (globs.compiled(glob).search(text) is not None) is wanted


@given(
    st.lists(st.sampled_from(["a+", "^b", "日", "a{200}", "(ab){50}", r"\d$", ""]), max_size=8),
    st.text("ab日1", max_size=300),
)
def test_a_set_of_patterns_finds_what_each_finds(patterns: list[str], text: str) -> None:
    wanted = [at for at, pattern in enumerate(patterns) if re2.search(pattern, text)]
    assert sorted(PatternSet(patterns).found(text)) == wanted


@pytest.mark.parametrize(
    ("window", "moment", "inside"),
    [
        ({"from": "22:00", "to": "06:00", "days": ["fri"]}, "2026-07-03T23:00:00", True),  # Friday night
        (
            {"from": "22:00", "to": "06:00", "days": ["fri"]},
            "2026-07-04T05:59:59",
            True,
        ),  # Saturday morning is still its night
        ({"from": "22:00", "to": "06:00", "days": ["fri"]}, "2026-07-03T05:00:00", False),  # that was Thursday's
        ({"from": "22:00", "to": "06:00", "days": ["fri"]}, "2026-07-04T06:00:00", False),
        ({"from": "00:00", "to": "24:00"}, "2026-07-04T23:59:59", True),
        ({"from": "09:00", "zone": "Asia/Tokyo"}, "2026-07-04T00:00:00", True),
        ({"from": "2026-07-04", "to": "2026-07-04", "zone": "Asia/Tokyo"}, "2026-07-03T15:00:00", True),
        ({"from": "2026-07-04", "to": "2026-07-04"}, "2026-07-03T15:00:00", False),
        (
            {"from": "02:30", "to": "03:00", "zone": "Europe/Berlin"},
            "2026-03-29T00:45:00",
            False,
        ),  # an hour that is not
        ({"days": ["sat", "sun"]}, "2026-07-04T12:00:00", True),
    ],
)
def test_windows_of_time(window: dict[str, Any], moment: str, inside: bool) -> None:
    now = datetime.fromisoformat(moment).replace(tzinfo=UTC).timestamp()
    assert time_window(msgspec.convert(window, Window)).holds(now) is inside


@pytest.mark.parametrize("now", [1e18, -1e18, float("inf"), float("nan")])
def test_times_that_no_calendar_reaches_are_in_no_window(now: float) -> None:
    assert not time_window(Window(days=("mon",))).holds(now)


@pytest.mark.parametrize(
    ("source", "arguments", "holds"),
    [
        ("size(call.arguments.a) > 1", {"a": [1, 2]}, True),
        ("size(call.arguments.a) > 1", {}, None),
        ("has(call.arguments.a) && call.arguments.a > 1", {}, False),
        ("call.arguments.a > 1", {"a": "x"}, None),
        ("call.arguments.a == 1.0", {"a": 1}, True),
        ("call.arguments.a > 1", {"a": 2**80}, True),
        ("call.arguments.a.exists(x, x == 'b')", {"a": ["a", "b", None]}, True),
        ("call.arguments.a.matches('(a+)+$')", {"a": "a" * 50_000 + "!"}, False),
        ("1 / int(call.arguments.a) == 1", {"a": 0}, None),
        ("time.weekday == 'thu' && time.hour == 0", {}, True),
        ("call.arguments.a == '\ufffd'", {"a": "\ud800"}, True),
        ("size(call.arguments.a) > 1", {"a": list(range(10_001))}, None),
        ("size(call.arguments.a) > 1", {"a": "x" * (1 << 20)}, None),
        (
            "call.arguments.a.all(x, call.arguments.a.all(y, call.arguments.a.all(z, x + y + z >= 0)))",
            {"a": list(range(100))},
            None,
        ),
    ],
)
def test_cel_holds_does_not_or_fails(source: str, arguments: dict[str, Any], holds: bool | None) -> None:
    assert outcome({"cel": source}, arguments) is holds


@pytest.mark.parametrize(("value", "holds"), [(1, False), (True, False), ([1, True], True), ([1.0, "1"], False)])
def test_conditions_that_python_takes_for_equal_are_two(value: Any, holds: bool) -> None:
    conditions = [{"field": A, "equal": 1}, {"field": A, "equal": True}]
    assert outcome({"all": conditions}, {"a": value}) is holds
    assert outcome({"all": conditions[::-1]}, {"a": value}) is holds
