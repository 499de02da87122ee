"""Calls that look alike, in the session and where they are made."""

from __future__ import annotations

import pytest

from sidecar.learning.wording import wording_of

from .replaying import Replay


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("cd a && run tests/x", "cd b; run tests/y", True),
        ("A=1 B=2 run tests", "run tests", True),
        ("cat x | run tests", "run tests", True),
        ("run tests\n", "echo\nrun tests", True),
        ("run tests", "run other", False),
        ("walk tests", "run tests", False),
        ("A=1", "", True),
    ],
)
def test_the_last_step_tells_endings_apart(one: str, other: str, same: bool) -> None:
    first, second = (wording_of("sh", {"command": text}) for text in (one, other))
    assert (first.ending == second.ending) is same


def test_calls_that_end_alike_are_judged_alike() -> None:
    replay = Replay()
    for number in range(8):
        replay.tell({"command": f"cd d{number} && run tests"}, "run: command not found", f"s{number}")
        replay.tell({"command": f"cd d{number} && list files"}, "", f"s{number}")
    bad = replay.features({"command": "cd new && run tests"}, "s")
    good = replay.features({"command": "cd new && list files"}, "s")
    assert bad["ending_rate"] > 0.5 > -0.5 > good["ending_rate"]
    fact = replay.explain("similar_calls", {"command": "cd new && run tests"}, "s")
    assert fact is not None
    assert fact.summary.startswith("8 of 8 calls that look like this failed")
    assert replay.explain("similar_calls", {"command": "cd new && list files"}, "s") is None


def test_the_session_and_the_place_count() -> None:
    replay = Replay()
    for number in range(12):
        for repo in ("a", "b"):
            replay.tell({"command": f"run {number}"}, "not here" if repo == "a" else "", f"{repo}{number}", repo=repo)
    here = replay.features({"command": "run it"}, "s", repo="a")
    there = replay.features({"command": "run it"}, "s", repo="b")
    assert here["kind_scope"] > 0.5 > -0.5 > there["kind_scope"]
    replay.tell({"command": "run it"}, "not here", "t")
    again = replay.features({"command": "run it again"}, "t")
    assert again["ending_last"] > 0.5  # sure of it, as far as a tool of so few calls goes
    assert again["position"] > 0.0
