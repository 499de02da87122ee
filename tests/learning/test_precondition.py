"""A tool that fails until another has worked in the session: planted, and noise that must not be taken for it."""

from __future__ import annotations

import random

from .replaying import Replay

_ERROR = "No file open. Use the open command first."


def _planted(sessions: int) -> Replay:
    """``t`` works once ``open`` has; ``look`` is called as often and makes no difference."""
    replay = Replay()
    chance = random.Random(7)
    for number in range(sessions):
        opened = False
        for step in range(8):
            tool = chance.choice(("open", "look", "t", "t"))
            if tool == "t":
                replay.tell({"line": step}, "" if opened else _ERROR, f"s{number}")
            else:
                replay.tell({"file": f"f{number}"}, "", f"s{number}", tool=tool)
                opened = opened or tool == "open"
    return replay


def test_the_tool_that_has_to_work_first_is_found_and_named() -> None:
    replay = _planted(20)
    replay.tell({"file": "a"}, "", "new", tool="look")
    assert replay.features({"line": 1}, "new")["precondition"] > 1.0
    fact = replay.explain("precondition", {"line": 1}, "new")
    assert fact is not None
    assert fact.remedy == "Use open first."
    replay.tell({"file": "a"}, "", "new", tool="open")
    assert replay.features({"line": 1}, "new")["precondition"] < 0.3


def test_it_has_to_work_not_only_to_be_called() -> None:
    replay = _planted(20)
    replay.tell({"file": "a"}, "a: not found", "new", tool="open")
    fact = replay.explain("precondition", {"line": 1}, "new")
    assert fact is not None
    assert fact.remedy == "Use open first."


def test_failing_at_random_is_no_precondition() -> None:
    replay = Replay()
    chance = random.Random(3)
    for number in range(60):
        for step in range(6):
            tool = chance.choice(("open", "look", "t", "t"))
            error = "busy" if tool == "t" and chance.random() < 0.5 else ""
            replay.tell({"line": step}, error, f"s{number}", tool=tool)
    assert replay.features({"line": 1}, "new")["precondition"] < 0.7


def test_tools_that_may_be_needed_are_bounded() -> None:
    replay = Replay()
    for number in range(30):
        replay.tell({"line": 1}, _ERROR, "s")
        replay.tell({}, "", "s", tool=f"other{number}")
        replay.tell({"line": 2}, "", "s")
    assert len(replay.model().preconditions) <= 8
