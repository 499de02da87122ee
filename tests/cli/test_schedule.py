"""Orders and clocks of a replay."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from forewarn_cli.replay.schedule import MAX_GAP, schedule
from forewarn_cli.replay.trace_files import TraceCall, parse

START = 1000.0


def made(session: str, time: float | None = None) -> TraceCall:
    row = {"tool": "t", "outcome": "success", "session_id": session, "timestamp": time}
    return parse(json.dumps(row), Path("f"), 1, ())


def test_as_recorded_calls_keep_their_times() -> None:
    calls = [made("a", 50.0), made("b", 20.0), made("a", 51.5), made("b", 19.0)]
    assert [time for time, _ in schedule(calls, None, START)] == [50.0, 20.0, 51.5, 20.0], "never back within a run"
    assert [call for _, call in schedule(calls, None, START)] == calls


def test_without_times_a_clock_ticks() -> None:
    calls = [made("a"), made("a"), made("b")]
    assert [time for time, _ in schedule(calls, None, START)] == [1001.0, 1002.0, 1003.0]
    mixed = [made("a", 5000.0), made("a"), made("b")]
    assert [time for time, _ in schedule(mixed, None, START)] == [5000.0, 5001.0, 1002.0]


def test_shuffled_runs_stay_whole_and_move_in_time() -> None:
    calls = [made("a", 100.0), made("a", 103.0), made("b", 90.0), made("b", 90.0 + 2 * MAX_GAP), made("c")]
    seen = list(schedule(calls, 3, START))
    assert seen == list(schedule(calls, 3, START)), "the same seed, the same order"
    times = dict(zip([call.run + str(i) for i, (_, call) in enumerate(seen)], [time for time, _ in seen], strict=True))
    assert sorted(times.values()) == list(times.values())
    by_run = {name: [time for time, call in seen if call.run == name] for name in "abc"}
    assert by_run["a"][1] - by_run["a"][0] == 3.0
    assert by_run["b"][1] - by_run["b"][0] == MAX_GAP
    assert {tuple(call.run for _, call in schedule(calls, seed, START)) for seed in range(20)} != {tuple("aabbc")}


@given(
    st.lists(st.tuples(st.sampled_from("abcd"), st.none() | st.floats(0, 1e9)), max_size=30),
    st.none() | st.integers(0, 5),
)
def test_time_never_goes_back_within_a_run(rows: list[tuple[str, float | None]], order: int | None) -> None:
    calls = [made(session, time) for session, time in rows]
    seen = list(schedule(calls, order, START))
    assert sorted(map(id, calls)) == sorted(id(call) for _, call in seen)
    for name in "abcd":
        mine = [(time, call) for time, call in seen if call.run == name]
        assert [call for _, call in mine] == [call for call in calls if call.run == name]
        assert all(before <= after for (before, _), (after, _) in pairwise(mine))
    if order is not None:
        assert all(before <= after for (before, _), (after, _) in pairwise(seen))
