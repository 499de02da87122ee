"""Grounds that are no pattern of a call, error, tool or server: listed, tried, set aside, taken back, forgotten."""

from __future__ import annotations

from collections.abc import Callable

from sidecar.learning.events import EVENTS
from sidecar.learning.grounds import MAX_GROUNDS
from sidecar.learning.interchange import export_patterns
from sidecar.learning.storage import Criteria
from sidecar.model.decision import Decision
from sidecar.model.lease import id_of_ground
from sidecar.model.pattern import UsagePattern, is_ground
from sidecar.model.tool import ToolDescriptor
from sidecar.model.vocabulary import Level, State, Verdict
from sidecar.store.tables import PATTERNS, TOOLS, tool_key
from sidecar.store.transaction import WriteTransaction

from .conftest import Bench

Open = Callable[..., Bench]
ASKS = "'region' is a required property"


def _learn_a_key(bench: Bench) -> None:
    for number in range(60):
        bench.now += 1.0
        bench.tell({"name": f"g{number}", "region": "eu"}, session_id=f"g{number}")
        if number % 2:
            bench.tell({"name": f"b{number}"}, ASKS, session_id=f"g{number}")


def _ask(bench: Bench, name: str) -> Decision:
    bench.now += 10.0
    return bench.ask({"name": name}, session_id=name, call_id=name)


def _ended(bench: Bench, name: str, error: str = "") -> None:
    bench.tell({"name": name}, error, session_id=name, call_id=name)


def _grounds(bench: Bench) -> dict[bytes, UsagePattern]:
    with bench.rooms.store.read() as reader:
        rows = bench.rooms.patterns.query(reader, Criteria(level=Level.GROUND), b"", bench.now)
        return {key: pattern for key, pattern in rows if pattern is not None}


def _rules(bench: Bench) -> dict[bytes, str]:
    with bench.rooms.store.read() as reader:
        rules = bench.rooms.tracker.get_prevention_rules(reader)
        return {key: rule.summary for key, rule in rules if rule is not None}


def _only(bench: Bench) -> tuple[bytes, UsagePattern]:
    ((key, pattern),) = _grounds(bench).items()
    return key, pattern


def test_a_ground_is_listed_with_what_it_says_since_when_and_how_often_it_prevented(open_bench: Open) -> None:
    bench = open_bench(probe_seconds=86_400.0)
    _learn_a_key(bench)
    assert not _grounds(bench)
    first = _ask(bench, "x1")
    assert first.verdict is Verdict.PREVENT
    _ask(bench, "x2")
    key, ground = _only(bench)
    assert first.reasons[0].pattern_id == key == id_of_ground("t", 0, "missing_key", b"region")
    assert ground.description.startswith("missing_key: errors of t have asked for “region”")
    assert (ground.prevented, ground.first_time, ground.last_time) == (2, first.time, bench.now)
    assert _rules(bench)[key] == ground.description


def test_what_its_calls_came_to_is_counted_and_survives_a_restart(open_bench: Open) -> None:
    bench = open_bench(mode="shadow")
    _learn_a_key(bench)
    for number in range(3):
        assert _ask(bench, f"x{number}").would_be is Verdict.PREVENT
        _ended(bench, f"x{number}", ASKS)
    now = bench.now
    bench = open_bench(mode="shadow")
    bench.now = now
    _, ground = _only(bench)
    assert (ground.right, ground.wrong, ground.failures, ground.trial.right) == (3, 0, 3, 3.0)
    assert ground.call_ids == ["x2", "x1", "x0"]


def test_a_ground_that_is_wrong_too_often_is_set_aside_by_itself_and_can_be_taken_back(open_bench: Open) -> None:
    bench = open_bench(mode="shadow", false_prevention_budget=0.2)
    _learn_a_key(bench)
    asked = [_ask(bench, f"x{number}") for number in range(8)]
    # All were asked before any of them ended: what works teaches the detector, too, and it would let go by itself.
    assert {one.would_be for one in asked} == {Verdict.PREVENT}
    for number in range(8):
        assert not _only(bench)[1].suspended or number > 5
        _ended(bench, f"x{number}")
    key, ground = _only(bench)
    assert ground.automatic
    assert "set aside by itself" in ground.suspended_reason
    with bench.rooms.store.read() as reader:
        events = [event for _, event in reader.scan(EVENTS) if event.kind == "pattern_suspended"]
    assert [event.pattern_id for event in events] == [key]
    assert "missing_key" in events[0].summary
    assert key not in _rules(bench)
    for _ in range(4):
        _learn_a_key(bench)
    now = bench.now
    bench = open_bench(mode="shadow", false_prevention_budget=0.2)  # a restart takes nothing back
    bench.now = now
    assert _ask(bench, "again").would_be is not Verdict.PREVENT
    bench.rooms.patterns.suspend(key.hex(), "it was fixed", suspended=False).result(10)
    _, ground = _only(bench)
    assert (ground.state, ground.automatic, ground.trial.wrong) == (State.CANDIDATE, False, 0.0)
    assert key in _rules(bench)


def test_what_is_set_aside_by_hand_neither_prevents_nor_helps_others_to(open_bench: Open) -> None:
    bench = open_bench(probe_seconds=86_400.0)
    _learn_a_key(bench)
    _ask(bench, "x1")
    key, _ = _only(bench)
    bench.rooms.patterns.suspend(key.hex(), "region has a default now", suspended=True).result(10)
    for number in range(5):
        asked = _ask(bench, f"n{number}")
        assert asked.would_be is not Verdict.PREVENT
        assert "missing_key" in {reason.code for reason in asked.reasons}  # it is told all the same
    assert key not in _rules(bench)
    assert _only(bench)[1].suspended_reason == "region has a default now"
    bench.rooms.patterns.suspend(key.hex(), "it has none", suspended=False).result(10)
    back = _ask(bench, "back")
    assert back.would_be is Verdict.PREVENT
    assert back.reasons[0].pattern_id == key
    bench.rooms.patterns.suspend(key.hex(), "", suspended=True).result(10)
    # What another pattern says on its own still counts.
    for number in range(8):
        bench.tell({"name": "bad", "region": "eu"}, "no such name: bad", session_id=f"s{number}")
    assert bench.ask({"name": "bad", "region": "eu"}, session_id="other").would_be is Verdict.PREVENT


def test_forgetting_a_key_forgets_what_was_learned_of_it(open_bench: Open) -> None:
    bench = open_bench(probe_seconds=86_400.0)
    _learn_a_key(bench)
    _ask(bench, "x1")
    key, _ = _only(bench)
    with bench.rooms.store.read() as reader:
        before = reader.get(TOOLS, tool_key("t"))
    bench.rooms.patterns.forget(key.hex(), "never mind").result(10)
    assert not _grounds(bench)
    assert all(reason.code != "missing_key" for reason in _ask(bench, "x2").reasons)
    with bench.rooms.store.read() as reader:
        after = reader.get(TOOLS, tool_key("t"))
    assert before is not None
    assert after is not None
    assert after.patterns == before.patterns


def test_a_forgotten_ground_stays_suspended(open_bench: Open) -> None:
    bench = open_bench(probe_seconds=86_400.0)
    _learn_a_key(bench)
    _ask(bench, "x1")
    key, _ = _only(bench)
    bench.rooms.patterns.suspend(key.hex(), "", suspended=True).result(10)
    bench.rooms.patterns.forget(key.hex(), "").result(10)
    _learn_a_key(bench)
    assert _ask(bench, "x2").would_be is not Verdict.PREVENT
    assert _only(bench)[1].prevented == 0


def test_a_reset_of_the_tool_begins_anew(open_bench: Open) -> None:
    bench = open_bench(probe_seconds=86_400.0)
    bench.rooms.tools.register((ToolDescriptor("t", version="1"),), bench.now).result(10)
    _learn_a_key(bench)
    _ask(bench, "x1")
    key, _ = _only(bench)
    bench.rooms.patterns.suspend(key.hex(), "", suspended=True).result(10)
    bench.rooms.tools.register((ToolDescriptor("t", version="2"),), bench.now).result(10)
    assert not _grounds(bench)
    _learn_a_key(bench)
    asked = _ask(bench, "x2")
    assert asked.would_be is Verdict.PREVENT
    assert asked.reasons[0].pattern_id == id_of_ground("t", 1, "missing_key", b"region")


def test_a_tool_keeps_so_many_grounds_and_those_that_are_set_aside(open_bench: Open) -> None:
    bench = open_bench(probe_seconds=86_400.0)
    _learn_a_key(bench)

    def others(suspended: bool) -> Callable[[WriteTransaction], None]:
        def job(txn: WriteTransaction) -> None:
            for number in range(MAX_GROUNDS):
                key = id_of_ground("t", 0, "argument_form", bytes((number,)))
                pattern = UsagePattern(Level.GROUND, "t", "", b"argument_form", "", last_time=bench.now)
                pattern.prevented = number + 1
                pattern.state = State.SUSPENDED if suspended else State.CANDIDATE
                txn.put(PATTERNS, key, pattern)

        return job

    bench.rooms.store.submit(others(True)).result(10)
    asked = _ask(bench, "x1")
    assert asked.verdict is Verdict.PREVENT  # without a row of its own
    assert is_ground(asked.reasons[0].pattern_id)
    assert len(_grounds(bench)) == MAX_GROUNDS
    bench.rooms.store.submit(others(False)).result(10)
    mine = _ask(bench, "x2").reasons[0].pattern_id
    kept = _grounds(bench)
    assert len(kept) == MAX_GROUNDS
    assert mine in kept
    assert id_of_ground("t", 0, "argument_form", bytes((0,))) not in kept  # what prevented least went


def test_grounds_are_not_exported(open_bench: Open) -> None:
    bench = open_bench(probe_seconds=86_400.0)
    _learn_a_key(bench)
    _ask(bench, "x1")
    key, _ = _only(bench)
    assert key.hex() not in "".join(export_patterns(bench.rooms.store, ""))
