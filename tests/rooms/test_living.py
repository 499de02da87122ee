"""Living with its own decisions: holdout, blast cap, suspension, recovery. In virtual time, with seeded lots."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from sidecar.clock import AHEAD
from sidecar.guard.blast_cap import EVENT_PAUSE, HALF_LIFE, LEAST_CALLS
from sidecar.learning.counting import counts_match
from sidecar.learning.events import EVENTS
from sidecar.learning.false_prevention import false_prevention
from sidecar.learning.totals import read_standing, read_totals
from sidecar.model.decision import Decision
from sidecar.model.journal import Event
from sidecar.model.pattern import UsagePattern, is_ground, pattern_id, subject_key
from sidecar.model.tool import Tool, ToolDescriptor
from sidecar.model.trial import Trial
from sidecar.model.vocabulary import Level, State, Verdict
from sidecar.store.tables import DECISIONS, PATTERNS, TOOLS, tool_key
from sidecar.store.transaction import WriteTransaction

from .conftest import Bench

Open = Callable[..., Bench]
BAD = {"path": "/nope"}
ERROR = "No such file: /nope"
DOWN = "503 Service Unavailable"


def _settled(bench: Bench) -> None:
    """Wait until what was decided is logged: a job of its own comes after the log's."""
    bench.rooms.store.submit(lambda _: None).result(10)


def _events(bench: Bench, kind: str) -> list[Event]:
    _settled(bench)
    with bench.rooms.store.read() as reader:
        return [event for _, event in reader.scan(EVENTS) if event.kind == kind]


def _tool(bench: Bench, name: str = "t") -> Tool:
    _settled(bench)
    with bench.rooms.store.read() as reader:
        tool = reader.get(TOOLS, tool_key(name))
    assert tool is not None
    return tool


def _register(bench: Bench, *descriptors: ToolDescriptor) -> None:
    bench.rooms.tools.register(descriptors, bench.now).result(10)


def _outage(bench: Bench, calls: int = 6) -> None:
    for number in range(calls):
        bench.tell({"n": number}, DOWN, session_id=f"out{number}")


# --- holdout


def test_a_lot_lets_a_share_of_preventions_through_and_logs_its_probability(open_bench: Open) -> None:
    bench = open_bench(holdout_share=0.2, blast_cap=1.0, false_prevention_budget=0.3)
    for session in range(7):
        bench.tell(BAD, ERROR, session_id=f"s{session}")
    decisions = [bench.ask(BAD, session_id=f"new{number}") for number in range(300)]
    held = [one for one in decisions if one.holdout]
    # Three and a half standard deviations of a binomial of 300 at one fifth are 24.
    assert abs(len(held) - 60) < 24
    assert {(one.verdict, one.would_be, one.propensity) for one in held} == {(Verdict.ALLOW, Verdict.PREVENT, 0.2)}
    stopped = [one for one in decisions if one.verdict is Verdict.PREVENT]
    assert {one.propensity for one in stopped} == {0.8}
    assert len(held) + len(stopped) == len(decisions)
    _settled(bench)
    with bench.rooms.store.read() as reader:
        logged = {key: record.propensity for key, record in reader.scan(DECISIONS)}
        total = read_totals(reader)
    assert all(logged[one.decision_id] == one.propensity for one in decisions)
    assert (total.held_out, total.capped) == (len(held), 0)
    assert bench.rooms.store.verify([counts_match]).problems == []


def test_the_same_seed_draws_the_same_lots(open_bench: Open) -> None:
    def drawn() -> list[bool]:
        bench = open_bench(holdout_share=0.2, blast_cap=1.0)
        for session in range(7):
            bench.tell(BAD, ERROR, session_id=f"s{session}")
        return [bench.ask(BAD, session_id=f"new{number}").holdout for number in range(30)]

    assert drawn() == drawn()


def test_only_what_was_learned_is_held_out_and_nothing_that_may_destroy(open_bench: Open) -> None:
    bench = open_bench(holdout_share=0.2, false_prevention_budget=0.3)
    schema = '{"type":"object","required":["path"]}'
    _register(bench, ToolDescriptor("drop", destructive=True), ToolDescriptor("strict", input_schema_json=schema))
    bench.tell(BAD, ERROR, tool="drop")
    for _ in range(19):
        dropped = bench.ask(BAD, tool="drop")
        assert (dropped.verdict, dropped.holdout, dropped.propensity) == (Verdict.PREVENT, False, 1.0)
    for number in range(60):
        broken = bench.ask({"x": number}, tool="strict")
        assert (broken.verdict, broken.holdout, broken.propensity) == (Verdict.PREVENT, False, 1.0)
    assert (_tool(bench, "drop").standing.blind, _tool(bench, "strict").standing.blind) == (19, 60)


def test_shadow_probes_and_unhindered_calls_have_propensity_one(open_bench: Open) -> None:
    bench = open_bench(holdout_share=0.2, mode="shadow")
    bench.tell(BAD, ERROR)
    asked = bench.ask(BAD)
    assert (asked.would_be, asked.propensity, asked.holdout) == (Verdict.PREVENT, 1.0, False)
    bench = open_bench(holdout_share=0.2, mode="enforce")
    bench.now += 700.0
    probe = bench.ask(BAD)
    assert probe.probe is not None
    assert (probe.propensity, probe.holdout) == (1.0, False)
    assert bench.ask({"path": "/yes"}).propensity == 1.0


# --- the estimate


@pytest.mark.parametrize("mode", ["shadow", "enforce"])
def test_the_estimate_of_false_prevention_covers_the_truth(open_bench: Open, mode: str) -> None:
    """A call that was known to fail comes to work in a tenth of all cases; others always work."""
    bench = open_bench(holdout_share=0.2, mode=mode, blast_cap=1.0, probe_seconds=1e9)
    randomness = random.Random(3)
    wrong = passed = 0
    for number in range(7):
        bench.tell(BAD, ERROR, session_id=f"learn{number}")
    for number in range(120):
        works = randomness.random() < 0.1
        asked = bench.ask(BAD, session_id=f"s{number}")
        if asked.would_be is not Verdict.PREVENT:
            break
        wrong += works
        if asked.verdict is not Verdict.PREVENT:
            error = "" if works else ERROR
            bench.tell(BAD, error, session_id=f"s{number}", decision_id=asked.decision_id.hex())
        good = bench.ask({"path": f"/yes{number}"}, session_id=f"s{number}")
        assert good.would_be is not Verdict.PREVENT
        bench.tell({"path": f"/yes{number}"}, session_id=f"s{number}", decision_id=good.decision_id.hex())
        passed += 1
    _settled(bench)
    with bench.rooms.store.read() as reader:
        overall = read_standing(reader)
    tool = _tool(bench)
    assert overall == tool.standing
    assert overall.passed == passed
    assert overall.observed + overall.prevented >= passed
    estimate, interval = false_prevention(overall)
    assert interval.low <= wrong / (wrong + passed) <= interval.high
    if mode == "shadow":
        assert estimate == pytest.approx(wrong / (wrong + passed))
        assert overall.prevented == 0
    else:
        assert 0 < overall.observed < overall.prevented


# --- suspension


def _wrong_preventions(bench: Bench, times: int) -> Iterator[bytes]:
    """An outage is declared, and the next call works all the same: in mode shadow a wrong prevention each time."""
    for number in range(times):
        bench.now += 60.0
        for failed in range(4):
            bench.tell({"n": f"{number}.{failed}"}, DOWN, session_id=f"{number}.{failed}")
        asked = bench.ask({"n": f"{number}.ok"}, session_id=f"{number}.ok")
        if asked.would_be is Verdict.PREVENT:
            yield asked.reasons[0].pattern_id
        bench.tell({"n": f"{number}.ok"}, session_id=f"{number}.ok", decision_id=asked.decision_id.hex())


def _of_tool(bench: Bench) -> tuple[bytes, State, bool]:
    key = pattern_id(subject_key("t"), Level.TOOL, b"")
    with bench.rooms.store.read() as reader:
        pattern = reader.get(PATTERNS, key)
    assert pattern is not None
    return key, pattern.state, pattern.automatic


@pytest.fixture
def suspended(open_bench: Open) -> Bench:
    """A bench whose tool's outages were found wrong too often."""
    bench = open_bench(mode="shadow", false_prevention_budget=0.3)
    for _ in _wrong_preventions(bench, 40):
        if _of_tool(bench)[1] is State.SUSPENDED:
            break
    return bench


def test_a_pattern_that_is_wrong_too_often_is_set_aside_by_itself(suspended: Bench) -> None:
    key, state, automatic = _of_tool(suspended)
    assert (state, automatic) == (State.SUSPENDED, True)
    (event,) = _events(suspended, "pattern_suspended")
    assert event.pattern_id == key
    assert "by itself" in event.summary
    _outage(suspended)
    after = suspended.ask({"n": "x"}, session_id="after")
    # Other detectors may find reason to prevent it; what was set aside is none.
    assert after.would_be is not Verdict.PREVENT or after.reasons[0].pattern_id != key
    # What else is known of the tool's calls still prevents them.
    for session in range(7):
        suspended.tell(BAD, ERROR, session_id=f"bad{session}")
    assert suspended.ask(BAD, session_id="bad").would_be is Verdict.PREVENT


def test_an_administrator_takes_it_back_and_its_record_begins_anew(suspended: Bench) -> None:
    key, _, _ = _of_tool(suspended)
    suspended.rooms.patterns.suspend(key.hex(), "", suspended=False).result(10)
    with suspended.rooms.store.read() as reader:
        _, pattern = suspended.rooms.patterns.load(reader, key.hex())
    assert (pattern.suspended, pattern.automatic, pattern.trial) == (False, False, Trial())


def test_a_reset_of_the_tool_frees_it(suspended: Bench) -> None:
    suspended.tell({"n": "v1"}, tool_version="1")
    assert _of_tool(suspended)[1] is State.SUSPENDED
    suspended.tell({"n": "v2"}, tool_version="2")
    assert _of_tool(suspended)[1:] == (State.CANDIDATE, False)
    assert _tool(suspended).standing.observed == 0


def test_what_an_administrator_suspended_stays_so_through_a_reset(bench: Bench) -> None:
    bench.tell({"n": 1}, DOWN, tool_version="1")
    key, _, _ = _of_tool(bench)
    bench.rooms.patterns.suspend(key.hex(), "known", suspended=True).result(10)
    bench.tell({"n": 2}, tool_version="2")
    assert _of_tool(bench)[1:] == (State.SUSPENDED, False)


# --- blast cap


def _learn_bad_calls(bench: Bench, calls: int) -> None:
    for number in range(calls):
        for session in range(3):
            bench.tell({"q": f"bad{number}"}, f"no such table: bad{number}", session_id=f"l{number}.{session}")


def test_learning_prevents_no_more_than_a_share_of_recent_calls(open_bench: Open) -> None:
    bench = open_bench(blast_cap=0.5, false_prevention_budget=0.1)
    _learn_bad_calls(bench, 4)
    found = []
    for number in range(100):
        bench.now += 1.0
        found.append(bench.ask({"q": f"bad{number % 4}"}, session_id=f"new{number}"))
        _settled(bench)
    assert {one.would_be for one in found} == {Verdict.PREVENT}
    prevented = [one.verdict is Verdict.PREVENT for one in found]
    assert all(prevented[: int(LEAST_CALLS * 0.5)])
    assert sum(prevented) <= 51
    assert {(one.verdict, one.propensity) for one in found if one.capped} == {(Verdict.WARN, 1.0)}
    assert "recent calls" in next(one for one in found if one.capped).reasons[1].summary
    assert len(_events(bench, "blast_cap")) == 1
    assert _tool(bench).counts.capped == sum(one.capped for one in found)
    bench.now += EVENT_PAUSE + 1.0
    for number in range(60):
        bench.ask({"q": f"bad{number % 4}"}, session_id=f"later{number}")
        _settled(bench)
    assert len(_events(bench, "blast_cap")) == 2


def test_what_was_prevented_long_ago_does_not_count(open_bench: Open) -> None:
    bench = open_bench(false_prevention_budget=0.1)
    _learn_bad_calls(bench, 4)
    for number in range(60):
        bench.ask({"q": f"bad{number % 4}"}, session_id=f"new{number}")
        _settled(bench)
    assert bench.ask({"q": "bad1"}, session_id="x").capped
    before = _tool(bench).recent
    assert before.prevented == LEAST_CALLS * 0.5 + 10
    bench.now += 12 * HALF_LIFE
    assert not bench.ask({"q": "bad1"}, session_id="y").capped


def test_an_outage_is_left_to_its_probes(open_bench: Open) -> None:
    bench = open_bench(false_prevention_budget=0.5)
    _outage(bench)
    found = [bench.ask({"n": f"x{number}"}, session_id=f"s{number}") for number in range(60)]  # a cap needs 40 calls
    assert {one.verdict for one in found} == {Verdict.PREVENT}
    assert _tool(bench).recent.prevented == 0.0


# --- recovery


def test_a_healed_tool_is_used_again_within_one_probe_interval(bench: Bench) -> None:
    """Down for ten minutes, asked once a second: probes come after 5 s, then each twice as late as the last."""
    began = bench.now
    healed = began + 600.0
    probes, answered = [], 0.0
    _outage(bench)
    while not answered:
        bench.now += 1.0
        asked = bench.ask({"n": bench.now}, session_id=f"s{bench.now}")
        if asked.verdict is Verdict.PREVENT:
            continue
        probes.append(bench.now - began)
        works = bench.now >= healed
        bench.tell(
            {"n": bench.now}, "" if works else DOWN, session_id=f"s{bench.now}", decision_id=asked.decision_id.hex()
        )
        answered = bench.now if works else 0.0
    intervals = [after - before for before, after in pairwise([0.0, *probes])]
    assert probes[0] <= 6.0
    assert all(after <= 2.0 * before + 2.0 for before, after in pairwise(intervals))
    assert answered - healed <= intervals[-1] <= 602.0
    after = [bench.ask({"n": f"after{n}"}, session_id=f"a{n}").verdict for n in range(20)]
    assert Verdict.PREVENT not in after


def test_a_call_that_works_again_is_made_within_one_probe_interval(bench: Bench) -> None:
    for session in range(7):
        bench.tell(BAD, ERROR, session_id=f"s{session}")
    due = bench.now + bench.rooms.settings.probe_seconds
    while (asked := bench.ask(BAD, session_id=f"s{bench.now}")).verdict is Verdict.PREVENT:
        bench.now += 30.0
        assert bench.now <= due + 30.0
    bench.tell(BAD, session_id=f"s{bench.now}", decision_id=asked.decision_id.hex())
    for number in range(3):  # one success does not refute seven failures, but each that follows says more
        bench.now += 1.0
        asked = bench.ask(BAD, session_id=f"n{number}")
        if asked.verdict is not Verdict.PREVENT:
            bench.tell(BAD, session_id=f"n{number}", decision_id=asked.decision_id.hex())
    assert bench.ask(BAD, session_id="last").verdict is not Verdict.PREVENT


@pytest.mark.parametrize("sessions", ["own", "one"])
@pytest.mark.parametrize(
    ("error", "at_first"),
    [
        ("job is not ready yet, try again", 0),  # it says of itself that it passes
        ("still processing", 0),
        ("404 Not Found", 4),  # nothing tells it from what lasts until some were seen to pass
    ],
)
def test_polling_is_not_in_the_way(open_bench: Open, error: str, at_first: int, sessions: str) -> None:
    """Enforced from an empty store: jobs are asked for until they are done, each the third time in vain."""
    bench = open_bench()
    prevented = []
    for job in range(60):
        session = f"j{job}" if sessions == "own" else "s"
        for attempt in range(4):
            bench.now += 1.0
            asked = bench.ask({"job": job}, session_id=session)
            if asked.verdict is Verdict.PREVENT:
                prevented.append(job)
                continue
            told = error if attempt < 3 else ""
            bench.tell({"job": job}, told, session_id=session, decision_id=asked.decision_id.hex())
    assert all(job < at_first for job in prevented)


def test_what_always_succeeds_is_polled_freely(bench: Bench) -> None:
    for number in range(60):
        bench.now += 1.0
        assert bench.ask({"job": 1}, tool="status").would_be is Verdict.ALLOW
        bench.tell({"job": 1}, tool="status", result=f"pending {number}")


def test_a_poll_that_fails_more_often_than_any_that_passed_is_stopped(bench: Bench) -> None:
    for job in range(8):
        for attempt in range(4):
            bench.now += 1.0
            bench.tell({"job": job}, "job is not ready yet" if attempt < 3 else "", session_id=f"j{job}")
    verdicts = []
    for _ in range(12):
        bench.now += 1.0
        asked = bench.ask({"job": "stuck"}, session_id="stuck")
        verdicts.append(asked.verdict)
        if asked.verdict is not Verdict.PREVENT:
            bench.tell({"job": "stuck"}, "job is not ready yet", session_id="stuck")
    assert Verdict.PREVENT not in verdicts[:4]
    assert verdicts[-1] is Verdict.PREVENT


# --- loops


def test_what_obviously_fails_is_prevented_in_an_empty_store_for_as_long_as_it_is_tried(open_bench: Open) -> None:
    bench = open_bench()
    bench.tell(BAD, ERROR)
    for number in range(500):
        if number == 250:
            bench = open_bench()  # a restart
        bench.now = 1_800_000_000.0 + number
        assert bench.ask(BAD).verdict is Verdict.PREVENT


@pytest.mark.parametrize("known", [0, 300])
def test_a_loop_of_tries_changes_nothing_for_other_calls(open_bench: Open, tmp_path: Path, known: int) -> None:
    def others(tries: int) -> list[tuple[Verdict, float]]:
        bench = open_bench(data_dir=tmp_path / f"{tries}")
        for number in range(known):
            bench.tell({"path": f"/yes{number}"}, session_id=f"w{number}")
        bench.tell(BAD, ERROR)
        for number in range(4):
            bench.tell({"path": f"/bad{number}"}, f"No such file: /bad{number}", session_id=f"o{number}")
        for _ in range(tries):
            bench.ask(BAD)
        asked = [bench.ask({"path": f"/bad{number}"}, session_id=f"o{number}") for number in range(4)]
        return [(one.verdict, one.p_fail) for one in asked]

    assert others(500) == others(1)
    assert others(1)[0][0] is Verdict.PREVENT


def test_three_bad_arguments_do_not_block_the_siblings(bench: Bench) -> None:
    for number in range(3):
        bench.tell({"url": f"/bad/{number}"}, "400 Bad Request: malformed url", server="api")
    for tool in ("sibling", "other"):
        asked = bench.ask({"url": "/good"}, tool=tool, server="api")
        assert (asked.verdict, asked.would_be) == (Verdict.ALLOW, Verdict.ALLOW)
    assert bench.ask({"url": "/good"}, server="api").verdict is not Verdict.PREVENT
    assert bench.ask({"url": "/good"}, server="api", session_id="new").verdict is not Verdict.PREVENT


# --- probes of grounds without a pattern


def _rare(bench: Bench, calls: int, *, works: bool = False, start: int = 0) -> list[Decision]:
    """So many calls that lack a key which errors asked for, one every 25 minutes, each with another value."""
    asked = []
    for number in range(start, start + calls):
        bench.now += 1_500.0
        call = {"name": f"n{number}"}
        asked.append(bench.ask(call, session_id=f"r{number}"))
        if asked[-1].verdict is not Verdict.PREVENT:
            error = "" if works else "'region' is a required property"
            bench.tell(call, error, session_id=f"r{number}", decision_id=asked[-1].decision_id.hex())
    return asked


def _learn_a_key(bench: Bench) -> None:
    for number in range(60):
        bench.now += 1.0
        bench.tell({"name": f"g{number}", "region": "eu"}, session_id=f"g{number}")
        if number % 2:
            bench.tell({"name": f"b{number}"}, "'region' is a required property", session_id=f"g{number}")


def test_probes_in_vain_double_the_pause_of_a_ground_without_a_pattern(open_bench: Open) -> None:
    bench = open_bench(probe_seconds=1_200.0)
    _learn_a_key(bench)
    asked = _rare(bench, 40)
    sure = [one for one in asked if one.would_be is Verdict.PREVENT]
    probes = [number for number, one in enumerate(asked) if one.probe is not None]
    assert len(sure) >= 38
    assert 3 <= len(probes) <= 6  # not 39
    gaps = [after - before for before, after in pairwise(probes)]
    assert gaps == sorted(gaps)
    assert gaps[-1] > gaps[0]


def test_a_ground_keeps_its_pause_over_a_restart_and_begins_anew_once_something_worked(open_bench: Open) -> None:
    bench = open_bench(probe_seconds=1_200.0)
    _learn_a_key(bench)
    _rare(bench, 12)
    now = bench.now
    bench = open_bench(probe_seconds=1_200.0)
    bench.now = now
    again = _rare(bench, 12, start=12)
    assert sum(one.probe is not None for one in again) <= 2
    healed = _rare(bench, 60, start=24, works=True)
    worked = next(number for number, one in enumerate(healed) if one.verdict is not Verdict.PREVENT)
    stopped = [one.verdict is Verdict.PREVENT for one in healed[worked + 1 :]]
    assert sum(stopped) <= 1


def test_restarts_do_not_put_off_the_first_probe(open_bench: Open) -> None:
    bench = open_bench(probe_seconds=1_200.0, false_prevention_budget=0.3)
    for number in range(60):  # what usually works is worth a prevention
        bench.tell({"path": f"/yes{number}"}, session_id=f"g{number}")
    now = bench.now
    bench.tell(BAD, ERROR, session_id="first")
    asked = []
    for number in range(8):
        now += 600.0
        bench.now = now
        asked.append(bench.ask(BAD, session_id=f"s{number}"))
        if asked[-1].verdict is not Verdict.PREVENT:
            break
        bench = open_bench(probe_seconds=1_200.0, false_prevention_budget=0.3)
    assert asked[0].verdict is Verdict.PREVENT
    assert asked[-1].probe is not None


def test_an_appeal_brings_the_probe_of_a_ground_without_a_pattern_forward(open_bench: Open) -> None:
    bench = open_bench(probe_seconds=86_400.0)
    _learn_a_key(bench)
    bench.now += 10.0
    stopped = bench.ask({"name": "x1"}, session_id="a")
    assert stopped.verdict is Verdict.PREVENT
    ground = stopped.reasons[0].pattern_id
    assert is_ground(ground)
    bench.now += 10.0
    assert bench.ask({"name": "x2"}, session_id="b").verdict is Verdict.PREVENT
    outcome = bench.rooms.tracker.appeal(stopped.decision_id.hex(), "it works", "me", bench.now).result(10)
    assert pattern_id(subject_key("t"), Level.TOOL, b"") not in outcome.pattern_ids
    assert ground in outcome.pattern_ids
    _settled(bench)
    with bench.rooms.store.read() as reader:
        tool = reader.get(PATTERNS, pattern_id(subject_key("t"), Level.TOOL, b""))
    assert tool is not None
    assert tool.appeals == 0
    assert bench.ask({"name": "x3"}, session_id="c").probe is not None


# --- clocks that are wrong


def test_a_question_of_the_future_does_not_switch_the_cap_off(open_bench: Open) -> None:
    bench = open_bench(blast_cap=0.5, probe_seconds=1e9)
    for session in range(7):
        bench.tell(BAD, ERROR, session_id=f"s{session}")
    dated = bench.ask({"path": "/yes"}, time=bench.now + 365 * 86_400.0)
    assert dated.time == bench.now + AHEAD
    asked = []
    for number in range(80):
        bench.now += 1.0
        asked.append(bench.ask(BAD, session_id=f"n{number}"))
    assert sum(one.capped for one in asked) > 10


def test_a_failure_told_by_a_clock_that_runs_ahead_is_probed_when_others_are(open_bench: Open) -> None:
    bench = open_bench(probe_seconds=1_200.0)
    for number in range(60):
        bench.tell({"path": f"/yes{number}"}, session_id=f"g{number}")
    bench.tell(BAD, ERROR, session_id="ahead", time=bench.now + 7_200.0)
    kept_out = []
    for number in range(12):
        bench.now += 300.0
        asked = bench.ask(BAD, session_id=f"s{number}")
        if asked.verdict is not Verdict.PREVENT:
            break
        kept_out.append(asked)
    assert 1 <= len(kept_out) <= 6  # not 24


def test_a_probe_that_is_due_further_off_than_its_interval_does_not_hold(open_bench: Open) -> None:
    bench = open_bench(probe_seconds=1_200.0, false_prevention_budget=0.3)
    for number in range(60):
        bench.tell({"path": f"/yes{number}"}, session_id=f"g{number}")
    bench.tell(BAD, ERROR, session_id="s1")
    ids = [key for key, _ in _patterns(bench)]

    def put_off(txn: WriteTransaction) -> None:
        for key in ids:
            pattern = txn.get(PATTERNS, key)
            assert pattern is not None
            pattern.probe_due += 365 * 86_400.0
            pattern.last_time += 365 * 86_400.0
            txn.put(PATTERNS, key, pattern)

    bench.rooms.store.submit(put_off).result(10)
    asked = []
    for number in range(6):
        bench.now += 300.0
        asked.append(bench.ask(BAD, session_id=f"n{number}"))
    assert any(one.probe is not None for one in asked)


def _patterns(bench: Bench) -> list[tuple[bytes, UsagePattern]]:
    with bench.rooms.store.read() as reader:
        return list(reader.scan(PATTERNS))


# --- servers


def test_a_server_is_not_down_on_the_word_of_one_tool(open_bench: Open) -> None:
    bench = open_bench(false_prevention_budget=0.3)
    for number in range(20):
        bench.tell({"n": -number}, tool="tides", server="meteo", session_id=f"g{number}")
    for number in range(6):
        bench.tell({"n": number}, DOWN, tool="weather", server="meteo", session_id=f"w{number}")
    assert bench.ask({"n": 99}, tool="weather", server="meteo", session_id="x").verdict is Verdict.PREVENT
    assert bench.ask({"n": 99}, tool="tides", server="meteo", session_id="y").would_be is Verdict.ALLOW
    bench.tell({"n": 100}, "connect ECONNREFUSED 10.0.0.1:443", tool="waves", server="meteo", session_id="z")
    assert bench.ask({"n": 99}, tool="tides", server="meteo", session_id="y").verdict is Verdict.PREVENT
    bench.tell({"n": 101}, tool="waves", server="meteo", session_id="z")
    assert bench.ask({"n": 99}, tool="tides", server="meteo", session_id="y").would_be is Verdict.ALLOW
