"""Calls that worked before: the table of marks, and what it says of a call."""

from __future__ import annotations

import random

from sidecar.learning.worked_calls import FIRST_SLOTS, MOST_SLOTS, hash_of, note, worked

from .replaying import Replay


def test_the_last_outcome_counts() -> None:
    table = bytearray()
    assert not worked(table, 5)
    table = note(table, 5, 0, failed=False)
    assert worked(table, 5)
    table = note(table, 5, 1, failed=True)
    assert not worked(table, 5)


def test_a_larger_table_says_the_same_and_it_is_bounded() -> None:
    chance = random.Random(1)
    calls = [chance.getrandbits(32) for _ in range(10)]
    table = bytearray()
    for number, call in enumerate(calls):
        table = note(table, call, number, failed=False)
    assert len(table) == FIRST_SLOTS
    before = [call for call in calls if worked(table, call)]
    assert len(before) >= 8
    table = note(table, calls[0], 10**6, failed=False)
    assert len(table) == MOST_SLOTS
    assert all(worked(table, call) for call in before)


def test_calls_are_seldom_taken_for_another() -> None:
    chance = random.Random(2)
    table = bytearray()
    for number in range(20_000):
        table = note(table, chance.getrandbits(32), number, failed=False)
    assert sum(worked(table, chance.getrandbits(32)) for _ in range(10_000)) < 80  # one in 255 is 39


def test_a_tool_that_was_reset_knows_no_calls() -> None:
    table = note(bytearray(), hash_of(b"12345678", 0), 0, failed=False)
    assert worked(table, hash_of(b"12345678", 0))
    assert not worked(table, hash_of(b"12345678", 1))


def test_a_call_that_never_failed_is_known_to_work_in_another_session() -> None:
    replay = Replay()
    for number in range(20):
        replay.tell({"id": number}, "" if number % 2 else f"no {number}", f"s{number}")
    fine = replay.features({"id": 3}, "new")
    assert fine["known_to_work"] > 0.5
    assert fine["known_all"] == 0.0
    for other in (4, 21):
        assert replay.features({"id": other}, "new")["known_to_work"] == 0.0
    replay.tell({"id": 3}, "no 3", "t")
    assert replay.features({"id": 3}, "new")["known_to_work"] == 0.0


def test_where_failures_pass_by_themselves_that_a_call_works_says_little() -> None:
    said = []
    for error in ("no such order", "503 Service Unavailable"):
        replay = Replay()
        for number in range(40):
            replay.tell({"id": number // 2}, "" if number % 2 else error, f"s{number}")
        features = replay.features({"id": 3}, "new")
        said.append((features["known_to_work"], -features["known_last"]))
    assert all(0.0 < passing < 0.4 * lasting for lasting, passing in zip(*said, strict=True))


def test_what_happened_in_the_session_itself_is_no_record_of_other_sessions() -> None:
    """The same call, failed in this session only: whether or not it had worked in it first."""
    said = []
    for before in ([], [""], ["no such id", ""]):
        replay = Replay()
        for number in range(20):
            replay.tell({"id": number}, "", f"s{number}")
        for error in (*before, "no such id"):
            replay.tell({"id": 99}, error, "s")
        said.append(replay.features({"id": 99}, "s")["known_all"])
        assert replay.features({"id": 99}, "other")["known_all"] > 1.0
    assert said == [0.0, 0.0, 0.0]
