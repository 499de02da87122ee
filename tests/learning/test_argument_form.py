"""Conditions on arguments: planted ones are found, of one and of two parts, and noise is not."""

from __future__ import annotations

import random
import time
from math import log
from typing import Any

import pytest

from sidecar.learning.detectors.argument_form import MAX_NAMES
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
from sidecar.native.conditions import CUT_BYTES, conditions_of, spell
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


_WORDS = "alpha bravo carbon delta ember falcon garnet harbor indigo jasper kelvin lunar meadow nectar onyx".split()
_DAY = 86_400.0


def _date(days: float) -> str:
    return time.strftime("%Y-%m-%d", time.gmtime(1.7e9 + days * _DAY))


def _between(chance: random.Random, bad: bool, works: tuple[int, int], fails: tuple[int, int]) -> int:
    return chance.randint(*(fails if bad else works))


def _interval(chance: random.Random, bad: bool) -> dict[str, Any]:
    early, late = _date(chance.randint(1, 300)), _date(chance.randint(301, 600))
    return {"from": late, "to": early} if bad else {"from": early, "to": late}


def _options(chance: random.Random, bad: bool) -> dict[str, Any]:
    return {
        "options": {"depth": chance.randint(0, 8)} if bad else {"depth": 1, "mode": chance.choice(["fast", "safe"])}
    }


def _numbers(chance: random.Random, bad: bool) -> dict[str, Any]:
    low, high = sorted(chance.sample(range(1_000), 2), reverse=bad)
    return {"low": low, "high": high}


def _start(chance: random.Random, bad: bool) -> dict[str, Any]:
    return {"room": chance.choice(_WORDS), "start": _date(_between(chance, bad, (1, 400), (-400, -1)))}


def _moment(chance: random.Random, bad: bool) -> dict[str, Any]:
    return {"at": 1.7e9 + _between(chance, bad, (1, 400), (-400, -1)) * _DAY}


def _items(chance: random.Random, bad: bool) -> dict[str, Any]:
    return {"ids": [chance.randint(0, 9_999) for _ in range(_between(chance, bad, (1, 10), (11, 24)))]}


def _number(name: str, works: tuple[int, int], fails: tuple[int, int]) -> Any:
    return lambda chance, bad: {"q": chance.choice(_WORDS), name: _between(chance, bad, works, fails)}


#: Calls by whether they are bad, and what is then said of them.
_PLANTED: dict[str, tuple[Any, str]] = {
    "limit": (_number("limit", (1, 100), (101, 999)), "“limit” is above 1"),
    "page": (_number("page", (1, 8), (9, 10)), "“page” is above 8"),
    "least": (_number("width", (50, 900), (1, 49)), "“width” is below "),
    "items": (_items, "“ids” has more than 1"),
    "past": (_start, "“start” is in the past"),
    "moment": (_moment, "“at” is in the past"),
    "order": (_interval, "“from” is after “to”"),
    "numbers": (_numbers, "“low” is above “high”"),
    "nested": (_options, "“options.mode” is not given"),
}


@pytest.mark.parametrize("rule", _PLANTED)
def test_planted_limits_dates_and_orders_are_found(rule: str) -> None:
    make, words = _PLANTED[rule]
    replay, chance = Replay(), random.Random(5)
    for number in range(300):
        bad = chance.random() < 0.2
        replay.tell(make(chance, bad), "could not do it" if bad else "", f"s{number // 5}")
    foreseen = [replay.features(make(chance, True), "new")["argument_form"] > 1.0 for _ in range(20)]
    wrongly = [replay.features(make(chance, False), "new")["argument_form"] > 1.0 for _ in range(20)]
    assert (sum(foreseen) >= 18, sum(wrongly)) == (True, 0)
    facts = [replay.explain("argument_form", make(chance, True), "new") for _ in range(5)]
    assert [words in fact.summary for fact in facts if fact is not None].count(True) >= 4, facts


def test_a_limit_on_some_calls_only_is_found() -> None:
    replay, chance = Replay(), random.Random(5)
    for number in range(500):
        method, amount = chance.choice(("card", "iban", "cash")), chance.randint(1, 900)
        error = "declined" if method == "cash" and amount > 500 else ""
        replay.tell({"method": method, "amount": amount}, error, f"s{number // 5}")
    found = [
        replay.features({"method": method, "amount": amount}, "new")["argument_form"]
        for method, amount in (("cash", 801), ("cash", 203), ("card", 801))
    ]
    assert found[0] > max(found[1:]) + 1.0
    fact = replay.explain("argument_form", {"method": "cash", "amount": 801}, "new")
    assert fact is not None
    assert "“method” is “cash” and “amount” is above" in fact.summary


def test_of_conditions_that_fit_alike_the_most_telling_one_is_told() -> None:
    replay, chance = Replay(), random.Random(5)
    for number in range(200):
        kind = chance.choice(("incident", "task", "bug"))
        replay.tell({"type": kind, "title": _words(chance, 3)}, "no" * (kind == "incident"), f"s{number // 5}")
    assert [rule.words for rule in replay.model().rules] == ["“type” is “incident”"]


def test_what_is_kept_of_numbers_and_names_is_bounded() -> None:
    replay, chance = Replay(), random.Random(5)
    for number in range(80):
        arguments = {f"a{chance.randint(0, 99)}": {f"b{chance.randint(0, 99)}": chance.random()} for _ in range(6)}
        replay.tell(arguments, "no" * chance.randint(0, 1), f"s{number // 5}")
    model = replay.model()
    assert len(model.measured) <= 2_656
    assert len(model.cuts) <= 2 * 16 * CUT_BYTES
    assert len(model.names) <= MAX_NAMES


def test_a_limit_that_was_lifted_loses_its_say() -> None:
    replay, chance = Replay(), random.Random(5)
    for number in range(300):
        limit = chance.randint(1, 150)
        replay.tell({"limit": limit}, "no" * (limit > 100), f"s{number // 5}")
    assert replay.p_fail({"limit": 140}, "new") > 0.8
    for number in range(100):
        replay.tell({"limit": chance.randint(101, 150)}, "", f"t{number // 5}")
    assert replay.p_fail({"limit": 140}, "new") < 0.4


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


def _rate(test: FormTest) -> float:
    return (test.failures + 1.0) / (test.failures + test.successes + 2.0)


def _share(test: FormTest) -> float:
    return test.failures / (test.failures + test.successes)


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

        above = chance.choice((0.0, 0.5, 0.9))
        believed = [test for test in _met(whole, conditions) if test.believed and _rate(test) > above + 0.02]
        believed = sorted(believed, key=lambda test: (-_rate(test), test.place))[:1]
        assert take_believed(moved, met, above) == (believed[0] if believed else None)
        whole = [test for test in whole if test not in believed]
        assert unpack(bytes(moved)) == whole
        passed += len(believed)
        rules |= {(test.first, test.second) if test.second else (test.first,) for test in believed}
        if not failed:
            packed = bytes(moved)
            continue
        known = {(test.first, test.second) for test in whole}
        mine = sorted((test for test in _met(whole, conditions) if not test.second), key=lambda test: -test.wealth)
        pairs = [(mine[0], test) for test in mine[1:4]] if mine and mine[0].wealth > 1.0 else []
        if len(whole) < MAX_TESTS:
            often = sorted((test for test in mine if test.failures >= 4.0), key=_share, reverse=True)
            often = [test for test in often if _share(test) > _share(often[-1]) + 0.05]
            pairs += [(often[0], often[1])] if len(often) > 1 else []
        ordered = [(min(one.first, other.first), max(one.first, other.first)) for one, other in pairs]
        new = [(first, 0) for first in conditions] + list(dict.fromkeys(ordered))
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
