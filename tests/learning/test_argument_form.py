"""Conditions on arguments: planted ones are found, of one and of two parts, and noise is not."""

from __future__ import annotations

import random
from math import log
from typing import Any

import pytest

from sidecar.learning.forms import (
    ERROR_RATE,
    LAYOUT,
    MAX_TESTS,
    FormTest,
    admit,
    describe,
    take_believed,
    unpack,
)
from sidecar.native.conditions import conditions_of, spell
from sidecar.native.form_tests import met_by, observe

from .replaying import Replay


def _words(chance: random.Random, count: int) -> str:
    return " ".join("".join(chance.choices("abcdefghij", k=chance.randint(3, 8))) for _ in range(count))


def _learn(fails: Any, calls: int = 240, seed: int = 1, noise: float = 0.1) -> Replay:
    replay = Replay()
    chance = random.Random(seed)
    for number in range(calls):
        arguments: dict[str, Any] = {
            "title": ('"' if chance.random() < 0.3 else "")
            + _words(chance, chance.randint(1, 4))
            + ('"' if chance.random() < 0.3 else ""),
            "limit": chance.randint(0, 20),
            "exact": chance.random() < 0.5,
        }
        failed = fails(arguments) or chance.random() < noise
        # The error names nothing, so that no other detector can know.
        replay.tell(arguments, "could not do it" if failed else "", f"s{number // 4}")
    return replay


def test_a_planted_condition_is_found() -> None:
    replay = _learn(lambda arguments: arguments["title"].startswith('"'))
    assert [rule.words for rule in replay.model().rules][:1] == ['“title” begins with “"”']
    quoted = {"title": '"never seen', "limit": 3, "exact": True}
    assert replay.features(quoted, "new")["argument_form"] > 1.0
    assert replay.features({**quoted, "title": "never seen"}, "new")["argument_form"] == 0.0
    fact = replay.explain("argument_form", quoted, "new")
    assert fact is not None
    assert "“title” begins with" in fact.summary
    assert fact.evidence is not None
    assert fact.evidence.failures > 10.0


def test_a_planted_pair_is_found() -> None:
    replay = _learn(lambda arguments: arguments["exact"] and arguments["title"].startswith('"'), calls=700, noise=0.03)
    both = {"title": '"never seen', "limit": 3, "exact": True}
    one = {**both, "exact": False}
    assert any(len(rule.conditions) == 2 for rule in replay.model().rules)
    assert replay.features(both, "new")["argument_form"] > replay.features(one, "new")["argument_form"] + 0.5


@pytest.mark.parametrize("seed", range(6))
def test_noise_is_no_rule(seed: int) -> None:
    replay = _learn(lambda _: False, calls=150, seed=seed, noise=0.3)
    assert replay.model().rules == []
    assert len(replay.model().form_tests) <= MAX_TESTS * 28


def test_failures_of_one_session_are_not_enough() -> None:
    replay = Replay()
    chance = random.Random(1)
    for _ in range(60):
        replay.tell({"title": _words(chance, 2)}, "", f"s{chance.random()}")
    for _ in range(60):
        replay.tell({"title": '"' + _words(chance, 2)}, "could not do it", "one")
    assert not any('“"”' in rule.words for rule in replay.model().rules)


def _won(p: float, failures: float, successes: float, failed: bool) -> float:
    """What a test's log-wealth gains by a call that meets it, was given probability ``p``, and failed or not.

    The bet is the failure rate among those that met it before.
    """
    rate = (failures + p) / (failures + successes + 1.0)
    rate = max(rate, p)
    return log(rate / p) if failed else log((1.0 - rate) / (1.0 - p))


def test_wealth_is_a_martingale_where_a_condition_says_nothing() -> None:
    """Over all histories of eight calls with a known probability, mean wealth is one: exact enumeration."""
    for p in (0.1, 0.3, 0.7):
        total = 0.0
        for history in range(256):
            failures, successes, wealth, weight = 1.0, 0.0, 0.0, 1.0
            for call in range(8):
                failed = bool(history >> call & 1)
                wealth += _won(p, failures, successes, failed)
                failures += failed
                successes += not failed
                weight *= p if failed else 1.0 - p
            total += weight * 2.718281828459045**wealth
        assert total == pytest.approx(1.0, abs=1e-9)


def test_the_chances_of_all_conditions_ever_tried_add_up_to_the_error_rate() -> None:
    spent = sum(2.718281828459045 ** -FormTest(1, 0, place=place).enough for place in range(1, 20_000))
    assert spent == pytest.approx(ERROR_RATE, rel=1e-3)
    assert spent < ERROR_RATE


def _pack(tests: list[FormTest]) -> bytes:
    return b"".join([LAYOUT.pack(*[getattr(test, field) for field in FormTest.__struct_fields__]) for test in tests])


def test_tests_survive_packing() -> None:
    tests = [FormTest(1, 2, 0.5, 3.0, 4.0, 7, 65_535, several=True), FormTest(4_294_967_295, 0, -2.0)]
    assert unpack(_pack(tests)) == tests


def _met(tests: list[FormTest], conditions: dict[int, tuple[str, str]]) -> list[FormTest]:
    return [one for one in tests if one.first in conditions and (not one.second or one.second in conditions)]


@pytest.mark.parametrize("seed", range(8))
def test_packed_tests_move_as_whole_ones_do(seed: int) -> None:
    """Against the same on a list: what is met, wealth, what passes, pairs of promising ones, the poorest that go."""
    chance = random.Random(seed)
    packed, tried, rules, passed = b"", 0, set[tuple[int, ...]](), 0
    for number in range(300):
        conditions = {1 + chance.randrange(60): ("name", "form") for _ in range(6)}
        bad = 1 in conditions or {2, 3} <= conditions.keys()
        conditions |= dict.fromkeys((1,) if number % 5 == 0 else (), ("name", "form"))
        failed, p, session = bad or chance.random() < 0.2, chance.uniform(0.0, 0.4), chance.randrange(4)

        whole = unpack(packed)
        for test in _met(whole, conditions):
            test.wealth += _won(min(0.95, max(0.05, p)), test.failures, test.successes, failed)
            test.failures += failed
            test.successes += not failed
            test.several |= failed and session != test.session
        whole = unpack(_pack(whole))  # 32 bits of each number are kept
        moved = bytearray(packed)
        met = met_by(moved, conditions)
        observe(moved, met, p, session, failed)
        assert unpack(bytes(moved)) == whole

        believed = [test for test in _met(whole, conditions) if test.believed]
        assert take_believed(moved, met) == believed
        whole = [test for test in whole if test not in believed]
        assert unpack(bytes(moved)) == whole
        passed += len(believed)
        rules |= {(test.first, test.second) if test.second else (test.first,) for test in believed}
        if not failed:
            packed = bytes(moved)
            continue
        known = {(test.first, test.second) for test in whole}
        mine = sorted((test for test in _met(whole, conditions) if not test.second), key=lambda test: -test.wealth)
        new = [(first, 0) for first in conditions]
        if mine and mine[0].wealth > 1.0:
            new += [tuple(sorted((mine[0].first, test.first))) for test in mine[1:4]]  # type: ignore[misc]
        before = tried
        for pair in new:
            if pair not in known and (pair if pair[1] else pair[:1]) not in rules:
                tried += 1
                whole.append(FormTest(*pair, failures=1.0, place=tried, session=session))
        if len(whole) > MAX_TESTS:
            whole = sorted(whole, key=lambda test: (test.wealth, test.place), reverse=True)[:MAX_TESTS]
        packed, counted = admit(moved, met_by(moved, conditions), conditions, rules, before, session)
        assert counted == tried
        assert unpack(packed) == whole
    assert passed
    assert tried > MAX_TESTS


def test_conditions_are_bounded_and_said_in_words() -> None:
    arguments: dict[str, Any] = {
        "a": "", "b": '"X y(1)\n"', "c": [], "d": None, "e": -2, "f": 0.5, "g": {}, "h": True, "i": "on",
        "j": {"k": "é"},
        **{f"n{number}": "word" for number in range(100)},
    }  # fmt: skip
    found = conditions_of(arguments, ["lacking"])
    assert len(found) <= 100
    words = {describe(*spell(one, arguments, ["lacking"])) for one in found}
    assert {
        "“lacking” is not given", "“a” is empty", "“b” has quotes", "“c” has 0 items", "“d” is null", "“e” is negative",
        "“f” has a fraction", "“h” is “true”", "“i” is “on”", "“j.k” has letters beyond ASCII",
    } <= words  # fmt: skip
