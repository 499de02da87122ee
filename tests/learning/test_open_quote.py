"""Quotation marks that do not pair."""

from __future__ import annotations

import random
from typing import Any

import pytest

from .replaying import Replay


def _open(arguments: dict[str, Any], replay: Replay | None = None) -> float:
    replay = replay or _known()
    return replay.features(arguments, "new")["open_quote"]


def _known() -> Replay:
    replay = Replay()
    for number in range(40):
        replay.tell({"q": f"a{number}"}, "", f"s{number}")
    return replay


@pytest.mark.parametrize(
    "text",
    [
        "echo 'a",
        'say "a" "b',
        "a `b",
        "it's 'so",
        "'",
        "he said \"don't",
        "select * from t where a = 'x''",
        "'a\\'",
        '"a\\\\"" b',
    ],
)
def test_open_ones_are_found(text: str) -> None:
    assert _open({"q": text}) > 0.7
    assert _open({"n": 1, "list": [{"q": "fine"}, {"q": text}]}) > 0.7


@pytest.mark.parametrize(
    "text",
    ["", "plain", "echo 'a' \"b\" `c`", "it's don't o'clock", "'' \"\"", "«a» “b", "'don\\'t'", '"a \\" b"', "a\\`b"],
)
def test_pairs_and_apostrophes_are_fine(text: str) -> None:
    assert _open({"q": text}) == 0.0


def test_each_text_by_itself() -> None:
    assert _open({"a": "'", "b": "'"}) > 0.7


def test_of_a_text_that_is_longer_than_is_read_nothing_is_said() -> None:
    assert _open({"q": "'" + "x" * 2_500}) == 0.0
    assert _open({"q": "'" + "x" * 1_500}) > 0.7


def test_it_says_where_and_is_a_ground_once_the_tool_is_known() -> None:
    new, known = Replay(), _known()
    for replay in (new, known):
        fact = replay.explain("open_quote", {"q": 'a "b'}, "s")
        assert fact is not None
        assert "double quotation marks of `q`" in fact.summary
        assert '(")' in fact.remedy
        assert fact.prevents == (replay is known)
    assert known.explain("open_quote", {"q": 'a "b"'}, "s") is None


def test_whether_a_tool_minds_is_learned() -> None:
    """The same calls, of a tool that fails with open marks and of one that fails now and then, whatever they are."""
    odds = []
    for minds in (True, False):
        replay, chance = Replay(), random.Random(1)
        for number in range(300):
            is_open = chance.random() < 0.2
            failed = is_open if minds else chance.random() < 0.2
            mark = "'" if is_open else ""
            replay.tell({"q": f"word{chance.getrandbits(20)} {mark}x"}, "no" if failed else "", f"s{number}")
        p, plain = replay.p_fail({"q": "another 'x"}, "new"), replay.p_fail({"q": "another x"}, "new")
        odds.append((p / (1 - p)) / (plain / (1 - plain)))
    assert odds[0] > 20.0
    assert odds[1] < 3.0
