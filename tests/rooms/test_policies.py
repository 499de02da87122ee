"""Policies in force: swapped under questions, failing engines, approvals by the daemon's clock, hits, older stores."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from sidecar.guard.policy.approvals import MAX_ALIVE
from sidecar.guard.policy.live import Serving, revision_of
from sidecar.guard.policy.records import HITS, POLICY_NAMES, ApprovalState, RuleHits, hits_key
from sidecar.model.errors import PreconditionError, QueueFullError
from sidecar.model.vocabulary import Verdict
from sidecar.policies.document import Policy
from sidecar.policies.engine.evaluator import DurableEvaluator
from sidecar.policies.evaluator import Engine, Evaluator
from sidecar.policies.facts import Facts
from sidecar.policies.loading import load
from sidecar.policies.reference import ReferenceEngine, ReferenceEvaluator
from sidecar.policies.verdict import Outcome, PolicyDecision
from sidecar.store.store import Store
from sidecar.store.tables import NAMES

from .conftest import Bench

GUARD = """\
policy: {name}
tools: [t]
mode: {mode}
failure_mode: {failing}
rules: [{{name: stop, then: {{prevent: {{message: no}}}}}}]
"""
ASK = """\
policy: ask
tools: [t]
mode: enforce
rules: [{name: ask, then: {require_approval: {message: sure?, expires_seconds: 100}}}]
"""


def guard(name: str = "guard", mode: str = "enforce", failing: str = "closed") -> str:
    return GUARD.format(name=name, mode=mode, failing=failing)


def apply(bench: Bench, text: str) -> None:
    bench.rooms.policies.evaluator = ReferenceEvaluator()  # compiles at once; the engine has tests of its own
    bench.rooms.policy_book.apply([(policy, "") for policy in load(text)], "ann", "")


class Noted(ReferenceEngine):
    """An engine that says whether it was asked after it was closed."""

    asked_too_late = 0

    def __init__(self, policies: Sequence[Policy], revision: str) -> None:
        super().__init__(policies, revision)
        self.closed = 0

    def decide(self, facts: Facts, now: float) -> PolicyDecision:
        said = super().decide(facts, now)
        Noted.asked_too_late += self.closed > 0
        return said

    def close(self) -> None:
        self.closed += 1


class NotedEvaluator:
    def __init__(self) -> None:
        self.made: list[Noted] = []

    def compile(self, policies: Sequence[Policy], revision: str) -> Noted:
        self.made.append(Noted(policies, revision))
        return self.made[-1]

    def prepare(self, sets: Sequence[Sequence[Policy]]) -> None:
        """Nothing to do."""


def test_an_engine_is_closed_once_after_its_last_question() -> None:
    engine = Noted(load(guard()), "r")
    serving = Serving(engine)
    assert serving.enter()
    assert serving.enter()
    serving.replace()
    serving.leave()
    assert engine.closed == 0
    assert serving.enter()
    serving.leave()
    serving.leave()
    assert engine.closed == 1
    assert not serving.enter()
    assert engine.closed == 1


def test_changes_under_questions_leave_no_moment_without_rules_and_no_engine_open(bench: Bench) -> None:
    evaluator = NotedEvaluator()
    apply(bench, guard())
    bench.rooms.policies.evaluator = evaluator
    verdicts: set[Verdict] = set()
    stop = threading.Event()

    def ask() -> None:
        while not stop.is_set():
            try:
                verdicts.add(bench.rooms.tracker.should_prevent(bench.call({"a": 1})).verdict)
            except QueueFullError:
                time.sleep(0.01)  # three threads that do nothing else are faster than the log

    askers = [threading.Thread(target=ask) for _ in range(3)]
    for one in askers:
        one.start()
    for n in range(25):
        bench.rooms.policy_book.apply([(load(guard("other", mode=("enforce", "warn")[n % 2]))[0], "")], "", "")
    stop.set()
    for one in askers:
        one.join()
    assert verdicts == {Verdict.PREVENT}
    assert Noted.asked_too_late == 0
    assert [engine.closed for engine in evaluator.made] == [1] * 24 + [0]


class Broken(ReferenceEngine):
    def decide(self, facts: Facts, now: float) -> PolicyDecision:
        raise RuntimeError("the engine stumbled")


class BrokenEvaluator:
    def prepare(self, sets: Sequence[Sequence[Policy]]) -> None:
        """Nothing to do."""

    def compile(self, policies: Sequence[Policy], revision: str) -> Engine:
        return Broken(policies, revision)


@pytest.mark.parametrize(
    ("mode", "failing", "verdict", "would_be"),
    [
        ("enforce", "closed", Verdict.PREVENT, Verdict.PREVENT),
        ("shadow", "closed", Verdict.ALLOW, Verdict.PREVENT),
        ("enforce", "open", Verdict.ALLOW, Verdict.ALLOW),
        ("off", "closed", Verdict.ALLOW, Verdict.ALLOW),
    ],
)
def test_an_engine_that_fails_is_counted_and_failure_modes_decide(
    bench: Bench, mode: str, failing: str, verdict: Verdict, would_be: Verdict
) -> None:
    bench.rooms.policies.evaluator = BrokenEvaluator()
    bench.rooms.policy_book.apply([(load(guard(mode=mode, failing=failing))[0], "")], "", "")
    decision = bench.ask({"a": 1})
    assert (decision.verdict, decision.would_be) == (verdict, would_be)
    assert bench.rooms.policy_desk.engine_errors == (mode != "off")
    assert bench.ask({"a": 1}, tool="other").policy is None


FACTS = """\
policy: {mode}
tools: [t]
mode: enforce
failure_mode: {mode}
rules:
  - {{name: often, when: {{field: session.calls, more: 1000}}, then: {{prevent: {{message: often}}}}}}
  - {{name: odd, when: {{field: call.arguments.odd, equal: true}}, then: {{prevent: {{message: odd}}}}}}
  - {{name: known, when: {{cel: "pattern.known && session.calls >= 0"}}, then: {{warn: {{message: known}}}}}}
"""


@pytest.mark.parametrize("engine", [DurableEvaluator(probing=None), ReferenceEvaluator()])
@pytest.mark.parametrize(("mode", "verdict"), [("closed", Verdict.PREVENT), ("open", Verdict.ALLOW)])
def test_facts_that_cannot_be_filled_in_fail_the_rules_that_read_them(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, engine: Evaluator, mode: str, verdict: Verdict
) -> None:
    """Counted, told in the decision, and no other rule is dropped with them."""

    def broken(*_: object) -> None:
        raise RuntimeError("no session to be read")

    desk, bench.rooms.policies.evaluator = bench.rooms.policy_desk, engine
    bench.rooms.policy_book.apply([(load(FACTS.format(mode=mode))[0], "")], "", "")
    assert bench.ask({"a": 1}).verdict is Verdict.ALLOW
    monkeypatch.setattr("sidecar.guard.policy.facts.session_facts", broken)
    decision = bench.ask({"a": 1})
    assert decision.verdict is verdict
    assert decision.policy is not None
    told = {one.rule: (one.outcome, one.error) for one in decision.policy.rules}
    assert told[f"{mode}/often"] == (Outcome.FAILED, "session.calls is not known: session facts could not be filled in")
    assert f"{mode}/odd" not in told
    assert (desk.fact_errors, desk.engine_errors) == (1, 0)
    assert desk.rule_errors == len(told)
    assert bench.rooms.tracker.find_decision(decision.decision_id.hex()).decision.policy == decision.policy
    # What reads other facts is evaluated as ever, also where it fails open.
    odd = bench.ask({"odd": True})
    assert odd.verdict is Verdict.PREVENT
    assert odd.policy is not None
    assert (f"{mode}/odd", Outcome.FIRED) in [(one.rule, one.outcome) for one in odd.policy.rules]


@pytest.mark.parametrize("part", ["sidecar.guard.policy.facts.call_facts", "sidecar.guard.policy.facts.caller_facts"])
@pytest.mark.parametrize(("failing", "verdict"), [("closed", Verdict.PREVENT), ("open", Verdict.ALLOW)])
def test_a_call_that_cannot_be_read_is_decided_by_failure_modes(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, part: str, failing: str, verdict: Verdict
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("no call to be read")

    apply(bench, guard(failing=failing))
    monkeypatch.setattr(part, broken)
    decision = bench.ask({"a": 1})
    assert decision.verdict is verdict
    assert bench.rooms.policy_desk.engine_errors == 1
    assert decision.policy is not None
    assert [(one.rule, one.outcome, one.error) for one in decision.policy.rules] == [
        ("guard/stop", Outcome.FAILED, "RuntimeError")
    ]


def test_an_engine_that_cannot_say_what_it_reads_is_asked_all_the_same(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> frozenset[str]:
        raise RuntimeError("the engine stumbled")

    apply(bench, guard())
    monkeypatch.setattr("sidecar.policies.reference.ReferenceEngine.wants", broken)
    assert bench.ask({"a": 1}).verdict is Verdict.PREVENT
    assert bench.rooms.policy_desk.engine_errors == 1


def test_a_tool_without_rules_is_not_asked_about(bench: Bench) -> None:
    bench.rooms.policies.evaluator = BrokenEvaluator()
    bench.rooms.policy_book.apply([(load(guard())[0], "")], "", "")
    assert bench.ask({"a": 1}, tool="other").verdict is Verdict.ALLOW
    assert bench.rooms.policy_desk.engine_errors == 0


def test_an_approval_ends_by_the_daemons_clock_not_by_the_calls(bench: Bench) -> None:
    apply(bench, ASK)
    approvals = bench.rooms.approvals
    first = bench.ask({"a": 1}).approval_id.hex()
    approvals.decide(first, "ann", (), "", 1, agreed=True).result(10)
    bench.now += 101
    late = bench.ask({"a": 1}, time=bench.now - 100)
    assert late.verdict is Verdict.REQUIRE_APPROVAL
    assert late.approval_id.hex() != first
    assert approvals.find(first).state is ApprovalState.EXPIRED
    with pytest.raises(PreconditionError, match="expired"):
        approvals.decide(first, "ann", (), "", 1, agreed=True)


def test_one_use_is_never_shared(bench: Bench) -> None:
    apply(bench, ASK)
    approval = bench.ask({"a": 1}).approval_id.hex()
    bench.rooms.approvals.decide(approval, "ann", (), "", 3, agreed=True).result(10)
    verdicts: list[Verdict] = []
    start = threading.Barrier(8)

    def ask() -> None:
        start.wait()
        verdicts.append(bench.rooms.tracker.should_prevent(bench.call({"a": 1})).verdict)

    askers = [threading.Thread(target=ask) for _ in range(8)]
    for one in askers:
        one.start()
    for one in askers:
        one.join()
    assert sorted(verdicts) == [Verdict.ALLOW] * 3 + [Verdict.REQUIRE_APPROVAL] * 5


@pytest.mark.parametrize(("said", "uses"), [(0, 2), (1, 1), (4, 4)])
def test_the_policy_says_how_often_unless_who_agrees_does(bench: Bench, said: int, uses: int) -> None:
    """The rule that lets it be made least often counts."""
    twice = ASK.replace("sure?", "sure?, uses: 2")
    apply(bench, f"{twice}---\n{twice.replace('policy: ask', 'policy: often').replace('uses: 2', 'uses: 9')}")
    approval = bench.ask({"a": 1}).approval_id.hex()
    approvals = bench.rooms.approvals
    assert approvals.find(approval).uses == 2
    # Whoever changes their mind without saying a number goes back to the policy's.
    approvals.decide(approval, "ann", (), "", 7, agreed=True).result(10)
    approvals.decide(approval, "ann", (), "", 0, agreed=False).result(10)
    approvals.decide(approval, "ann", (), "", said, agreed=True).result(10)
    assert approvals.find(approval).uses == uses
    verdicts = [bench.ask({"a": 1}).verdict for _ in range(uses + 1)]
    assert verdicts == [Verdict.ALLOW] * uses + [Verdict.REQUIRE_APPROVAL]


def test_an_approval_of_other_approvers_does_not_count(bench: Bench) -> None:
    apply(bench, ASK)
    approval = bench.ask({"a": 1}).approval_id.hex()
    bench.rooms.approvals.decide(approval, "ann", (), "", 5, agreed=True).result(10)
    apply(bench, ASK.replace("sure?", "sure?, approvers: [dba]"))
    assert bench.ask({"a": 1}).verdict is Verdict.REQUIRE_APPROVAL


def test_open_approvals_are_bounded_and_the_oldest_end(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    assert MAX_ALIVE >= 1_000
    monkeypatch.setattr("sidecar.guard.policy.approvals.MAX_ALIVE", 5)
    apply(bench, ASK)
    asked = [bench.ask({"n": n}).approval_id for n in range(8)]
    states = {key: record.state for key, record in bench.rooms.approvals.newest(None)}
    assert [states[key] for key in asked] == [ApprovalState.EXPIRED] * 3 + [ApprovalState.PENDING] * 5
    assert list(states) == sorted(asked, reverse=True)


def test_hits_count_decisions_and_each_outcome_once(bench: Bench) -> None:
    apply(bench, guard(mode="shadow"))
    one, other = bench.ask({"a": 1}), bench.ask({"a": 1})
    bench.tell({"a": 1}, "boom", decision_id=one.decision_id.hex())
    bench.tell({"a": 1}, decision_id=other.decision_id.hex())
    bench.tell({"a": 1}, decision_id=other.decision_id.hex())
    with bench.rooms.store.read() as reader:
        assert reader.get(HITS, hits_key("guard", "stop")) == RuleHits(2, 0, 1, 1, 0, bench.now)


def test_a_set_has_one_revision_whatever_its_order() -> None:
    policies = load(guard() + "---\n" + guard("other"))
    assert revision_of(policies) == revision_of(policies[::-1])
    assert revision_of(policies) != revision_of(policies[:1])


def test_a_store_of_before_gets_its_tables(tmp_path: Path, open_bench: Callable[..., Any]) -> None:
    assert not set(POLICY_NAMES) & set(NAMES)
    Store(tmp_path / "data").close()  # as a program writes it that knows no policies
    bench: Bench = open_bench()
    apply(bench, guard())
    assert open_bench().ask({"a": 1}).verdict is Verdict.PREVENT


def test_learning_counts_what_it_said_itself(bench: Bench) -> None:
    apply(bench, guard())
    before = bench.ask({"a": 1})
    assert (before.verdict, before.learned_verdict, before.learned_would_be) == (
        Verdict.PREVENT, Verdict.ALLOW, Verdict.ALLOW,
    )  # fmt: skip
    assert before.learned_reasons == ()
    assert before.overruled
