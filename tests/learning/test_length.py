"""How long a call is, beside those of its tool that work."""

from __future__ import annotations

from math import exp

import pytest

from .replaying import Replay


def _told(replay: Replay, words: int, *, failed: bool = False, calls: int = 40) -> None:
    for number in range(calls):
        replay.tell({"q": "word " * words}, "no" if failed else "", f"s{number}")


def _longer(replay: Replay, words: int) -> float:
    return replay.features({"q": "word " * words}, "new")["longer"]


def test_it_is_the_ratio_to_calls_that_worked() -> None:
    replay = Replay()
    assert _longer(replay, 10) == 0.0
    _told(replay, 20)
    assert _longer(replay, 20) == pytest.approx(0.0, abs=0.01)
    assert _longer(replay, 40) == pytest.approx(0.8 * 0.66, rel=0.05)  # ln (208 / 108), of a tool known by 40 calls
    assert _longer(replay, 10) < -0.4


def test_calls_that_fail_say_nothing_of_what_is_usual_and_the_usual_changes() -> None:
    replay = Replay()
    _told(replay, 20)
    _told(replay, 200, failed=True)
    assert _longer(replay, 20) == pytest.approx(0.0, abs=0.01)
    _told(replay, 200, calls=150)
    assert abs(_longer(replay, 200)) < 0.05


def test_it_says_so_and_is_no_ground() -> None:
    replay = Replay()
    _told(replay, 20)
    fact = replay.explain("length", {"q": "word " * 80}, "new")
    assert fact is not None
    assert not fact.prevents
    ratio = (80 * 5 + 9) / (20 * 5 + 9)
    assert f"{ratio:.1f} times as long as calls of t that worked" in fact.summary
    assert replay.explain("length", {"q": "word " * 24}, "new") is None


def test_where_long_calls_fail_long_ones_are_given_worse_odds() -> None:
    replay = Replay()
    for number in range(120):
        words = 4 + number * 7 % 13
        replay.tell({"q": f"w{number} " * words}, "no results" if words > 10 else "", f"s{number}")
    odds = [p / (1.0 - p) for p in (replay.p_fail({"q": "new " * words}, "s") for words in (4, 16))]
    assert odds[1] > exp(1.0) * odds[0]


def test_a_call_longer_than_what_is_shown_counts_as_much_as_is_shown() -> None:
    replay = Replay()
    _told(replay, 20)
    assert _longer(replay, 10_000) == pytest.approx(_longer(replay, 1_000), abs=0.01)
