"""Whether failures in a row go on is learned for each tool."""

from __future__ import annotations

from .replaying import Replay


def _after_three(replay: Replay, session: str) -> float:
    for number in range(3):
        replay.tell({"q": f"{session}{number}"}, "connection refused", session)
    return replay.features({"q": "next"}, session)["streak_next"]


def test_runs_that_went_on_speak_against_the_next_call() -> None:
    going, ending = Replay(), Replay()
    for number in range(15):
        for call in range(6):  # always six failures, then six successes
            going.tell({"q": f"{number}.{call}"}, "connection refused", f"s{number}")
        for call in range(6):
            going.tell({"q": f"ok{number}.{call}"}, "", f"s{number}")
        for call in range(12):  # three failures, then one success
            ending.tell({"q": f"{number}.{call}"}, "" if call % 4 == 3 else "test failed", f"s{number}")
    assert _after_three(going, "new") > 1.0
    assert _after_three(ending, "new") < 0.0
    fact = going.explain("streak", {"q": "next"}, "new")
    assert fact is not None
    assert "the last 3 calls in this session failed with the same error" in fact.summary


def test_one_failure_is_no_streak() -> None:
    replay = Replay()
    replay.tell({"q": "a"}, "no", "s")
    assert replay.explain("streak", {"q": "b"}, "s") is None
