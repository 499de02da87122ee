"""Quotation marks inside of others: whether a tool minds is learned, by its own record and by words."""

from __future__ import annotations

import random

import pytest

from .replaying import Replay

_NESTED = "awk '{print $1 \" \" $2}' file%d"
_PLAIN = "awk '{print $1}' file%d"


def _taught(*, minds: bool, tool: str = "t") -> Replay:
    """A tool of which 30 of 120 calls fail: those that are written so, or any."""
    replay, chance = Replay(), random.Random(3)
    for number in range(120):
        nested = number % 4 == 0
        failed = nested if minds else chance.random() < 0.25
        text = (_NESTED if nested else _PLAIN) % chance.getrandbits(20)
        replay.tell({"q": text}, "unexpected end of file" if failed else "", f"s{number}", tool=tool)
    return replay


def _feature(replay: Replay, text: str) -> float:
    return replay.features({"q": text}, "new")["in_single_quotes"]


def test_whether_a_tool_minds_is_learned() -> None:
    minding, other = _taught(minds=True), _taught(minds=False)
    assert _feature(minding, _NESTED % 7) > 1.5
    assert abs(_feature(other, _NESTED % 7)) < 0.7
    assert minding.p_fail({"q": _NESTED % 7}, "new") > 0.8
    assert other.p_fail({"q": _NESTED % 7}, "new") < 0.5


@pytest.mark.parametrize("text", [_PLAIN % 7, "awk '{print $1\":\"$2}' file", 'say "a b"', "it's fine", ""])
def test_other_calls_are_left_alone(text: str) -> None:
    minding = _taught(minds=True)
    assert _feature(minding, text) == 0.0
    assert minding.explain("nested_quotes", {"q": text}, "new") is None


def test_a_tool_without_such_calls_has_no_record() -> None:
    replay = Replay()
    for number in range(40):
        replay.tell({"q": _PLAIN % number}, "no" if number % 2 else "", f"s{number}")
    assert replay.model().nested_quotes == {}
    assert _feature(replay, _NESTED % 7) == 0.0


def test_it_says_the_counts_and_is_a_ground_once_there_are_some() -> None:
    replay = Replay()
    for number in range(6):
        fact = replay.explain("nested_quotes", {"q": _NESTED % 7}, "new")
        assert (fact is not None and fact.prevents) == (number >= 5)
        replay.tell({"q": _NESTED % number}, "unexpected end of file", f"s{number}")
    fact = replay.explain("nested_quotes", {"q": _NESTED % 7}, "new")
    assert fact is not None
    assert "of 6 such calls of t, 6 failed" in fact.summary
    assert "one sort of quotation marks" in fact.remedy


def test_either_sort_has_a_record_of_its_own() -> None:
    """Double marks inside of single ones break the tool, the other way round they do not."""
    replay, chance = Replay(), random.Random(4)
    other = "sh -c \"awk '{print $1, $2}' file%d\""
    for number in range(160):
        text = (_NESTED, other, _PLAIN, _PLAIN)[number % 4] % chance.getrandbits(20)
        replay.tell({"q": text}, "unexpected end of file" if number % 4 == 0 else "", f"s{number}")
    assert _feature(replay, _NESTED % 7) > 1.5
    assert replay.features({"q": other % 7}, "new")["in_double_quotes"] < -0.3
    assert _feature(replay, other % 7) == 0.0
    both = replay.features({"q": _NESTED % 7 + " ; " + other % 7}, "new")
    assert both["in_single_quotes"] > 1.5
    assert both["in_double_quotes"] < -0.3
    fact = replay.explain("nested_quotes", {"q": _NESTED % 7}, "new")
    assert fact is not None
    assert fact.summary.startswith("double quotation marks stand inside of single ones")


def test_failures_that_pass_do_not_count() -> None:
    replay = Replay()
    for number in range(8):
        replay.tell({"q": _NESTED % number}, "503 Service Unavailable", f"s{number}")
    assert replay.model().nested_quotes == {}


def test_words_beside_what_is_quoted_have_weights_of_their_own() -> None:
    """``-exec`` works, and so do spaces in quotation marks; together they do not."""
    replay, chance = Replay(), random.Random(5)
    for number in range(400):
        exec_, spaced = chance.random() < 0.5, chance.random() < 0.5
        text = f"find x{chance.getrandbits(20)} {'-exec' if exec_ else '-okay'} {'f' if spaced else 'g'} " + (
            f'"a{chance.getrandbits(9)} b"' if spaced else f'"a{chance.getrandbits(9)}" b'
        )
        replay.tell({"q": text}, "missing argument" if exec_ and spaced else "", f"s{number}")
    both = replay.p_fail({"q": 'find y -exec f "c d"'}, "new")
    assert both > 0.8
    for text in ('find y -okay f "c d"', 'find y -exec g "c" d', 'find y -okay g "c" d'):
        assert replay.p_fail({"q": text}, "new") < 0.25
