"""What decisions follow from what was recorded: state changes, transience, versions, restarts."""

from __future__ import annotations

from collections.abc import Callable

from sidecar.learning.counting import counts_match
from sidecar.model.call import Result
from sidecar.model.tool import ToolDescriptor
from sidecar.model.vocabulary import Mode, Outcome, State, Verdict

from .conftest import Bench

Open = Callable[..., Bench]
BAD = {"path": "/nope"}


def _register(bench: Bench, *descriptors: ToolDescriptor) -> None:
    bench.rooms.tools.register(descriptors, bench.now).result(10)


def test_an_exact_repeat_is_prevented_and_says_why(bench: Bench) -> None:
    first = bench.tell(BAD, "No such file: /nope")
    decision = bench.ask(BAD)
    assert decision.verdict is Verdict.PREVENT
    assert decision.reasons[0].code == "exact_repeat"
    assert "No such file" in decision.reasons[0].summary
    assert decision.reasons[0].evidence is not None
    assert first.call_id in decision.reasons[0].evidence.call_ids
    assert decision.remedy


def test_what_may_have_changed_something_speaks_for_a_repeat_and_reading_does_not(bench: Bench) -> None:
    _register(bench, ToolDescriptor("look", read_only=True), ToolDescriptor("edit"))
    bench.tell(BAD, "No such file: /nope")
    before = bench.ask(BAD).p_fail
    bench.tell({"x": 1}, tool="look")
    assert bench.ask(BAD).p_fail > 0.8 * before
    bench.tell({"x": 1}, tool="edit", result="")
    assert bench.ask(BAD).p_fail < 0.9 * before


def test_a_success_ends_it(bench: Bench) -> None:
    bench.tell(BAD, "No such file: /nope")
    recorded = bench.tell(BAD)
    assert recorded.classification.category is Outcome.RETRY
    assert bench.ask(BAD).verdict is Verdict.ALLOW
    assert bench.ask(BAD, session_id="another").verdict is Verdict.ALLOW


def test_transient_failures_do_not_condemn_other_arguments_or_siblings(bench: Bench) -> None:
    for number in range(3):
        bench.tell({"url": f"/bad/{number}"}, "404 not found", server="api")
    assert bench.ask({"url": "/good"}, server="api").verdict is not Verdict.PREVENT
    assert bench.ask({"url": "/good"}, tool="sibling", server="api").verdict is not Verdict.PREVENT


def test_an_outage_opens_asks_to_wait_and_ends_with_one_success(bench: Bench) -> None:
    for number in range(4):
        bench.tell({"n": number}, "503 Service Unavailable", session_id=f"s{number}", server="api")
    down = bench.ask({"n": 9}, session_id="new", server="api")
    assert any(reason.code == "outage" for reason in down.reasons)
    worse = down.p_fail
    bench.tell({"n": 10}, session_id="other", server="api")
    healed = bench.ask({"n": 9}, session_id="new", server="api")
    assert not any(reason.code == "outage" for reason in healed.reasons)
    assert healed.p_fail < worse


def test_retry_after_is_honoured(bench: Bench) -> None:
    call = bench.call({"n": 1})
    told = Result(Outcome.FAILURE, error="429 Too Many Requests", error_code="429", retry_after=30.0)
    bench.rooms.recorder.record(call, told).result(10)
    assert 0 < bench.ask({"n": 2}).retry_after <= 30.0
    bench.now += 31.0
    assert not any(reason.code == "outage" for reason in bench.ask({"n": 2}).reasons)


def test_a_broken_schema_is_known_before_anyone_tried(bench: Bench) -> None:
    schema = '{"type":"object","required":["path"],"properties":{"path":{"type":"string"}}}'
    _register(bench, ToolDescriptor("t", input_schema_json=schema))
    decision = bench.ask({})
    assert decision.verdict is Verdict.PREVENT
    assert decision.reasons[0].code == "schema_violation"
    assert "path" in decision.remedy
    assert bench.ask({"path": "x"}).verdict is Verdict.ALLOW


def test_a_schema_stricter_than_its_tool_loses_its_say(open_bench: Open) -> None:
    bench = open_bench(mode="shadow")
    _register(bench, ToolDescriptor("t", input_schema_json='{"type":"object","required":["path"]}'))
    assert bench.ask({}).would_be is Verdict.PREVENT
    for session in range(40):
        bench.tell({}, session_id=f"s{session}")
    assert bench.ask({}, session_id="new").would_be is not Verdict.PREVENT


def test_a_new_version_starts_anew(bench: Bench) -> None:
    for session in range(3):
        bench.tell(BAD, "No such file: /nope", session_id=f"s{session}", tool_version="1")
    assert bench.ask(BAD, session_id="new", tool_version="1").would_be is Verdict.PREVENT
    bench.tell({"other": 1}, session_id="x", tool_version="2")
    assert bench.ask(BAD, session_id="new", tool_version="2").would_be is not Verdict.PREVENT


def test_probes_are_leased_settle_and_back_off(bench: Bench) -> None:
    for session in range(4):
        bench.tell(BAD, "No such file: /nope", session_id=f"s{session}")
    assert bench.ask(BAD, session_id="new").verdict is Verdict.PREVENT
    bench.now += 700.0
    probe = bench.ask(BAD, session_id="new")
    assert (probe.verdict, probe.would_be) == (Verdict.ALLOW, Verdict.PREVENT)
    assert probe.probe is not None
    assert bench.ask(BAD, session_id="third").verdict is Verdict.PREVENT
    bench.tell(BAD, "No such file: /nope", session_id="new", decision_id=probe.decision_id.hex())
    bench.now += 700.0
    assert bench.ask(BAD, session_id="fourth").verdict is Verdict.PREVENT  # twice as long now
    bench.now += 700.0
    again = bench.ask(BAD, session_id="fifth")
    assert again.probe is not None
    bench.tell(BAD, session_id="fifth", decision_id=again.decision_id.hex())
    assert bench.ask(BAD, session_id="sixth").p_fail < again.p_fail


def test_an_unreported_probe_runs_out(bench: Bench) -> None:
    bench.tell(BAD, "No such file: /nope")
    bench.now += 700.0
    first = bench.ask(BAD)
    assert first.probe is not None
    assert bench.ask(BAD).probe is None
    bench.now = first.probe.deadline + 1.0
    assert bench.ask(BAD).probe is not None


def test_destructive_tools_are_never_probed(bench: Bench) -> None:
    _register(bench, ToolDescriptor("t", destructive=True))
    bench.tell(BAD, "No such file: /nope")
    bench.now += 100_000.0
    decision = bench.ask(BAD)
    assert decision.probe is None


def test_an_appeal_lets_the_next_call_probe(bench: Bench) -> None:
    bench.tell(BAD, "No such file: /nope")
    decision = bench.ask(BAD)
    outcome = bench.rooms.tracker.appeal(decision.decision_id.hex(), "it is there now", "me", bench.now).result(10)
    assert outcome.pattern_ids
    assert bench.ask(BAD).probe is not None
    again = bench.rooms.tracker.appeal(decision.decision_id.hex(), "still", "me", bench.now).result(10)
    assert again.duplicate


def test_suspended_patterns_learn_but_do_not_prevent(bench: Bench) -> None:
    bench.tell(BAD, "No such file: /nope")
    lead = bench.ask(BAD).reasons[0].pattern_id
    bench.rooms.patterns.suspend(lead.hex(), "known", suspended=True).result(10)
    bench.tell(BAD, "No such file: /nope", session_id="x")
    assert bench.ask(BAD).would_be is not Verdict.PREVENT
    with bench.rooms.store.read() as reader:
        _, pattern = bench.rooms.patterns.load(reader, lead.hex())
    assert (pattern.state, pattern.failures) == (State.SUSPENDED, 2)
    bench.rooms.patterns.suspend(lead.hex(), "", suspended=False).result(10)
    assert bench.ask(BAD).would_be is Verdict.PREVENT


def test_what_was_learned_survives_a_restart(open_bench: Open) -> None:
    bench = open_bench()
    bench.tell(BAD, "No such file: /nope")
    before = bench.ask(BAD)
    bench = open_bench(mode=None)
    after = bench.ask(BAD)
    assert (after.verdict, after.p_fail, after.mode) == (before.verdict, before.p_fail, Mode.ENFORCE)
    assert bench.rooms.store.verify([counts_match]).problems == []


def test_the_same_snapshot_gives_the_same_answer(bench: Bench) -> None:
    bench.tell(BAD, "No such file: /nope")
    one, two = bench.ask(BAD), bench.ask(BAD)
    assert (one.p_fail, one.reasons, one.would_be) == (two.p_fail, two.reasons, two.would_be)


def test_late_future_and_duplicate_records_are_taken(bench: Bench) -> None:
    bench.tell(BAD, "x", time=bench.now - 1e6, call_id="late")
    bench.tell(BAD, "x", time=bench.now + 1e9, call_id="future")
    one = bench.tell(BAD, "x", call_id="same")
    two = bench.tell(BAD, call_id="same")
    assert (two.duplicate, two.sequence, two.classification) == (True, one.sequence, one.classification)
    assert 0.0 <= bench.ask(BAD).p_fail <= 1.0
    assert bench.rooms.store.verify([counts_match]).problems == []


def test_a_correction_that_worked_is_proposed(bench: Bench) -> None:
    wrong, right = {"query": "SELECT nme FROM users WHERE id = 1"}, {"query": "SELECT name FROM users WHERE id = 1"}
    bench.tell(wrong, "no such column: nme")
    bench.tell(right)
    decision = bench.ask(wrong, session_id="new")
    assert decision.would_be in (Verdict.PREVENT, Verdict.WARN)
    assert "SELECT name FROM users" in decision.alternatives[0].arguments_json
    ranking = bench.rooms.optimizer.optimize(bench.call(wrong, session_id="new"))
    assert "SELECT name FROM users" in ranking.alternatives[0].arguments_json


def test_that_a_call_mostly_works_does_not_excuse_it_while_what_it_needs_has_not_worked(open_bench: Open) -> None:
    bench = open_bench(mode="shadow")
    login, look = {"action": "login"}, {"action": "look"}
    for number in range(40):
        session = f"s{number}"
        bench.now += 60.0
        bench.tell({"action": "get", "id": number}, "session is not authenticated", session_id=session)
        bench.tell(login, session_id=session)
        for _ in range(3):
            bench.tell(look, session_id=session)
    bench.tell(look, "session is not authenticated", session_id="one")  # from here on the call is known
    for number in range(8):
        bench.tell(login, session_id=f"t{number}")
        bench.tell(look, session_id=f"t{number}")
    asked = bench.ask(look, session_id="new")
    assert asked.would_be is Verdict.PREVENT
    assert asked.reasons[0].code == "precondition"
    bench.tell(login, session_id="new")
    assert bench.ask(look, session_id="new").would_be is Verdict.ALLOW
