"""What is learned stays bounded, and keeps what predicts."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from sidecar.learning import eviction
from sidecar.learning.counting import counts_match
from sidecar.learning.tables import RATES, SESSIONS
from sidecar.model.call import Result
from sidecar.model.errors import TooManyToolsError
from sidecar.model.vocabulary import Level, Outcome, State, Verdict
from sidecar.store.tables import PATTERNS, TOOLS, tool_key

from .conftest import Bench

Open = Callable[..., Bench]


def test_patterns_of_a_tool_are_capped_and_the_proven_ones_stay(open_bench: Open) -> None:
    bench = open_bench(max_patterns_per_tool=30)
    for session in range(12):
        bench.tell({"q": "always wrong"}, "no such table", session_id=f"proof{session}")
    for number in range(150):
        bench.now += 1.0
        bench.tell({"q": f"once {number}"}, f"cannot {number:x}{'abcdefgh'[number % 8]}", session_id=f"s{number}")
    with bench.rooms.store.read() as reader:
        kept = list(reader.scan(PATTERNS))
        tool = reader.get(TOOLS, tool_key("t"))
    assert tool is not None
    assert len(kept) == tool.patterns <= 30
    described = {pattern.description for _, pattern in kept if pattern.level is Level.CALL}
    assert '{"q":"always wrong"}' in described
    assert bench.ask({"q": "always wrong"}, session_id="new").would_be is Verdict.PREVENT


def test_more_tools_than_allowed_are_decided_but_not_learned(open_bench: Open) -> None:
    bench = open_bench(max_tools=10)
    for number in range(10):
        bench.tell({}, "down", tool=f"t{number}")
    with pytest.raises(TooManyToolsError):
        bench.tell({}, "down", tool="one too many")
    assert bench.ask({}, tool="one too many").verdict is not Verdict.PREVENT
    assert bench.tell({}, "down", tool="t3").sequence > 0
    assert bench.rooms.store.verify([counts_match]).problems == []


def test_tools_that_were_only_asked_about_leave_room_for_others(open_bench: Open) -> None:
    bench = open_bench(max_tools=10)
    for number in range(30):
        bench.ask({}, tool=f"made up {number}")
    bench.ask({"n": 1}, tool="real")
    assert bench.tell({"n": 1}, "down", tool="real").sequence > 0
    assert bench.rooms.store.verify([counts_match]).problems == [], "what was asked before it was known counts"
    for number in range(4):
        assert bench.tell({}, "", tool=f"another {number}").sequence > 0
    with pytest.raises(TooManyToolsError):
        bench.tell({}, "down", tool="one too many")
    assert bench.rooms.store.verify([counts_match]).problems == []


def test_a_session_costs_the_same_however_long_it_is(bench: Bench) -> None:
    for number in range(300):
        bench.tell({"n": number})
    with bench.rooms.store.read() as reader:
        rows = [raw for _, raw in reader.scan_raw(PATTERNS)]
        sizes = [len(raw) for raw in rows]
    assert max(sizes) < 4096
    with bench.rooms.store.read() as reader:
        assert all(len(raw) < 4096 for _, raw in reader.scan_raw(SESSIONS))


def test_kinds_of_calls_are_capped(bench: Bench) -> None:
    for number in range(eviction.MAX_KINDS + 50):
        call = bench.call({"command": f"program{number} x"})
        last = bench.rooms.recorder.record(call, Result(Outcome.SUCCESS, result_excerpt="x"))
        if number % 500 == 499:
            last.result(30)
    last.result(30)
    with bench.rooms.store.read() as reader:
        assert reader.count(RATES) <= eviction.MAX_KINDS


def test_confirmed_patterns_are_what_was_learned(bench: Bench) -> None:
    for session in range(7):
        bench.tell({"q": "bad"}, "no such table", session_id=f"s{session}")
    with bench.rooms.store.read() as reader:
        learned = [pattern for _, pattern in bench.rooms.learner.get_learned_patterns(reader)]
    assert [pattern.state for pattern in learned] == [State.CONFIRMED]
    assert learned[0].description == '{"q":"bad"}'
