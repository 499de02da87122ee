"""The engine beyond agreement: chains and their ends, failures of durable-rules, swapping, threads, limits."""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Iterable
from typing import Any

import msgspec
import pytest
from msgspec import structs

from sidecar.policies.current import CurrentPolicies
from sidecar.policies.document import Policy
from sidecar.policies.engine import probe, rete
from sidecar.policies.engine.evaluator import ClosedEngineError, DurableEngine, DurableEvaluator
from sidecar.policies.engine.trials import Trials
from sidecar.policies.evaluator import Engine
from sidecar.policies.facts import CallerFacts, CallFacts, Facts
from sidecar.policies.faults import EvaluationError, PolicyError
from sidecar.policies.loading import load
from sidecar.policies.reference import ReferenceEvaluator
from sidecar.policies.verdict import Outcome, PolicyVerdict


def engine_of(text: str) -> DurableEngine:
    return DurableEvaluator(probing=None).compile(load(text), "r")


def call(tool: str = "t", /, **arguments: Any) -> Facts:
    return Facts(CallFacts(tool, arguments))


def chain(length: int) -> str:
    rules = [
        "  - {name: r0, when: {field: call.arguments.n, equal: 1}, then: {derive: {n0: {from: call.arguments.n}}}}\n"
    ]
    rules += [
        f"  - name: r{at}\n    when: {{field: derived.n{at - 1}, equal: 1}}\n"
        f"    then: {{derive: {{n{at}: {{from: derived.n{at - 1}}}}}}}\n"
        for at in range(1, length)
    ]
    last = f"  - {{name: stop, when: {{field: derived.n{length - 1}, equal: 1}}, then: {{prevent: {{message: m}}}}}}\n"
    return "policy: p\nmode: enforce\nrules:\n" + "".join(rules) + last


def test_a_chain_of_sixteen_levels_ends_in_a_verdict() -> None:
    decision = engine_of(chain(16)).decide(call(n=1), 0.0)
    assert decision.verdict is PolicyVerdict.PREVENT
    assert [one.level for one in sorted(decision.derived, key=lambda one: one.level)] == list(range(1, 17))


def test_a_longer_chain_is_refused() -> None:
    with pytest.raises(PolicyError, match="longer than 16 levels"):
        load(chain(17))


@pytest.mark.parametrize(("values", "verdict"), [(64, "NONE"), (65, "PREVENT")])
def test_a_chain_that_runs_away_fails(values: int, verdict: str) -> None:
    text = """
policy: p
mode: enforce
rules:
  - {name: many, then: {derive: {n: {from: call.arguments.n}}}}
  - {name: stop, when: {field: derived.n, equal: nothing}, then: {prevent: {message: m}}}
"""
    decision = engine_of(text).decide(call(n=list(range(values))), 0.0)
    assert decision.verdict.name == verdict
    assert [trace.rule.rule for trace in decision.failed] == ([] if verdict == "NONE" else ["many", "stop"])
    if verdict == "PREVENT":
        assert decision.failed[0].error == "more than 64 values for derived.n"


def test_derived_facts_of_several_rules_are_joined() -> None:
    text = """
policy: p
mode: enforce
rules:
  - {name: owner, then: {derive: {owner: {from: call.arguments.owner}}}}
  - {name: asker, then: {derive: {asker: {from: caller.id}}}}
  - {name: same, when: {field: derived.owner, equal_field: derived.asker}, then: {derive: {own: true}}}
  - {name: stop, when: {not: {field: derived.own, equal: true}}, then: {prevent: {message: not yours}}}
"""
    engine = engine_of(text)
    mine = Facts(CallFacts("t", {"owner": ["bob", "ann"]}), caller=CallerFacts("ann"))
    assert engine.decide(mine, 0.0).verdict is PolicyVerdict.NONE
    assert engine.decide(call(owner="bob"), 0.0).verdict is PolicyVerdict.PREVENT


def test_explain_tells_of_every_rule_and_why_it_missed() -> None:
    text = """
policy: p
mode: enforce
rules:
  - name: a
    when: {all: [{field: call.tool, glob: "t*"}, {field: call.arguments.env, in: [prod, live]}]}
    then: {prevent: {message: m}}
  - {name: b, when: {field: call.arguments.env, equal: test}, then: {warn: {message: m}}}
---
policy: q
tools: [other]
rules: [{name: c, then: {warn: {message: m}}}]
"""
    a, b, c = engine_of(text).explain(call(env="test"), 0.0).traces
    assert (a.outcome, b.outcome, c.outcome) == (Outcome.MISSED, Outcome.FIRED, Outcome.SKIPPED)
    assert a.missed is not None
    assert a.missed.condition == 'call.arguments.env in ["prod","live"]'
    assert a.missed.found == ("test",)


def test_a_shadow_lifts_only_what_would_be() -> None:
    text = """
policy: may
priority: 10
rules: [{name: allow, then: {allow: {message: m}}}]
---
policy: stop
mode: enforce
rules: [{name: prevent, then: {prevent: {message: m}}}]
"""
    decision = engine_of(text).decide(call(), 0.0)
    assert (decision.verdict, decision.would_be) == (PolicyVerdict.PREVENT, PolicyVerdict.ALLOW)
    assert (str(decision.rule), str(decision.would_be_rule)) == ("stop/prevent", "may/allow")
    assert not any(trace.lifted for trace in decision.traces)


@pytest.mark.parametrize(("mode", "verdict"), [("closed", "PREVENT"), ("open", "NONE")])
def test_when_the_rule_engine_fails_rules_follow_their_failure_mode(
    mode: str, verdict: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = engine_of(
        f"policy: p\nmode: enforce\nfailure_mode: {mode}\nrules: [{{name: x, then: {{prevent: {{message: m}}}}}}]\n"
    )
    assert engine.decide(call(), 0.0).verdict is PolicyVerdict.PREVENT

    def fail(*_: object) -> list[str]:
        raise RuntimeError("303")

    with monkeypatch.context() as patched:
        patched.setattr(rete.Ruleset, "show", fail)
        decision = engine.decide(call(), 0.0)
    assert decision.verdict.name == verdict
    assert [trace.error for trace in decision.failed] == ["the rule engine failed: 303"]
    assert engine.decide(call(), 0.0).verdict is PolicyVerdict.PREVENT  # with a new ruleset
    assert not engine.decide(call(), 0.0).failed


def test_a_match_that_is_lost_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    engine = engine_of("policy: p\nmode: enforce\nrules: [{name: x, then: {prevent: {message: m}}}]\n")
    monkeypatch.setattr(rete.Ruleset, "show", lambda *_: [])
    engine._program.shards[0].ruleset = object.__new__(rete.Ruleset)
    monkeypatch.setattr(rete.Ruleset, "forget", lambda _: None)
    decision = engine.decide(call(), 0.0)
    assert decision.verdict is PolicyVerdict.PREVENT
    assert decision.failed[0].error == "the rule engine lost a match"


def test_a_closed_engine_refuses_and_the_current_one_answers() -> None:
    stop, warn = (
        engine_of(f"policy: p\nmode: enforce\nrules: [{{name: x, then: {{{what}: {{message: m}}}}}}]\n")
        for what in ("prevent", "warn")
    )
    current = CurrentPolicies(stop)
    assert current.decide(call(), 0.0).verdict is PolicyVerdict.PREVENT
    current.swap(warn)
    assert current.decide(call(), 0.0).verdict is PolicyVerdict.WARN
    with pytest.raises(ClosedEngineError):
        stop.decide(call(), 0.0)


def test_a_decision_that_is_overtaken_by_a_swap_is_made_by_the_new_engine() -> None:
    text = "policy: p\nmode: enforce\nrules: [{name: x, then: {prevent: {message: m}}}]\n"
    old, new = engine_of(text), DurableEvaluator(probing=None).compile(load(text), "new")

    class Overtaken:
        def __getattr__(self, name: str) -> Any:
            current.swap(new)
            return getattr(old, name)

        def close(self) -> None:
            old.close()

    overtaken: Engine = Overtaken()
    current = CurrentPolicies(overtaken)
    assert current.decide(call(), 0.0).revision == "new"


def test_threads_get_the_answers_of_one() -> None:
    text = "policy: p\nmode: enforce\nrules:\n" + "".join(
        f"  - {{name: r{at}, when: {{field: call.arguments.n, equal: {at}}}, then: {{prevent: {{message: m{at}}}}}}}\n"
        for at in range(100)
    )
    engine = engine_of(text)
    wrong: Counter[str] = Counter()

    def ask(first: int) -> None:
        for step in range(1_000):
            number = (first + step * 7) % 130
            decision = engine.decide(call(n=number), 0.0)
            if decision.message != (f"m{number}" if number < 100 else ""):
                wrong[decision.message] += 1

    threads = [threading.Thread(target=ask, args=(at * 31,)) for at in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_a_tool_without_a_rule_is_not_asked() -> None:
    engine = engine_of(
        "policy: p\ntools: ['db.*']\nexcept_tools: [db.read]\nrules: [{name: x, then: {warn: {message: m}}}]\n"
    )
    assert engine.wants("db.write") == {"call"}
    assert not engine.wants("db.read")
    assert not engine.wants("fs.read")


def test_rules_beyond_the_limits_of_durable_rules_are_packed_so_that_they_fit() -> None:
    """128 conditions in a rule, 30 derived facts in another, 300 rules that all match at once, through the probe."""
    many = [{"field": f"call.arguments.a{at}", "exists": False} for at in range(127)]
    derives = [{"name": f"d{at}", "then": {"derive": {f"n{at}": 1}}} for at in range(30)]
    joins = [{"field": f"derived.n{at}", "equal": 1} for at in range(30)]
    rules: list[dict[str, Any]] = [
        {"name": "wide", "when": {"all": many}, "then": {"warn": {"message": "m"}}},
        *derives,
        {"name": "joined", "when": {"all": joins}, "then": {"prevent": {"message": "m"}}},
        *({"name": f"all{at}", "then": {"warn": {"message": "m"}}} for at in range(300)),
    ]
    policies = [msgspec.convert({"policy": "p", "mode": "enforce", "rules": rules}, Policy)]
    engine = DurableEvaluator().compile(policies, "r")
    for facts in (call(), call(a126=1)):
        assert repr(engine.decide(facts, 0.0)) == repr(ReferenceEvaluator().compile(policies, "r").decide(facts, 0.0))
    assert len(engine.decide(call(), 0.0).fired) == 332


def test_the_probe_stops_what_does_not_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """512 values of one test make durable-rules loop for ever, holding the interpreter's lock."""
    rules = {f"r{at}": {"all": [{"m": {"k": f"v{at}"}}]} for at in range(600)}
    definition = rete.definition({}).removesuffix("}") + "," + msgspec.json.encode(rules).decode().removeprefix("{")
    monkeypatch.setattr(probe, "_START", 2.0)
    with pytest.raises(EvaluationError, match="does not come to an end"):
        probe.probe([(definition, [])])


def test_the_probe_notices_rules_that_are_not_found() -> None:
    definition = rete.definition({"a": {"c": ["p"]}, "b": {"c": ["q"]}})
    probe.probe([(definition, ["p", "q"])])
    with pytest.raises(EvaluationError, match="it finds 1 of 2 rules"):
        probe.probe([(definition, ["p"])])


def test_what_the_probe_refuses_is_not_loaded() -> None:
    def refuse(_: object) -> None:
        raise EvaluationError("no")

    with pytest.raises(PolicyError, match="no"):
        DurableEvaluator(refuse).compile(load("policy: p\nrules: [{name: x, then: {warn: {message: m}}}]\n"), "r")


def test_rules_that_worked_are_not_tried_again_and_those_that_failed_are() -> None:
    tried: list[int] = []
    refused = False

    def probing(rulesets: Iterable[tuple[str, list[str]]]) -> None:
        tried.append(len(list(rulesets)))
        if refused:
            raise EvaluationError("no")

    evaluator = DurableEvaluator(Trials(probing, remembered=2))
    rule = "  - {{name: x{0}, when: {{field: call.arguments.a{0}, equal: 1}}, then: {{warn: {{message: m}}}}}}\n"
    one, other, third = (
        load("policy: p\nrules:\n" + "".join(rule.format(at) for at in range(rules))) for rules in (1, 2, 3)
    )
    for policies in (one, one, [structs.replace(one[0], mode="shadow")]):  # the mode is no matter of durable-rules
        evaluator.compile(policies, "r").close()
    assert tried == [1]
    refused = True
    for _ in range(2):
        with pytest.raises(PolicyError, match="no"):
            evaluator.compile(other, "r")
    assert tried[1:] == [1, 1]
    refused = False
    for policies in (other, third, one):  # the first one was forgotten meanwhile
        evaluator.compile(policies, "r").close()
    assert tried[3:] == [1, 1, 1]


def test_many_sets_are_tried_together_and_one_that_does_not_work_spoils_no_other() -> None:
    tried: list[int] = []

    def probing(rulesets: Iterable[tuple[str, list[str]]]) -> None:
        listed = list(rulesets)
        tried.append(len(listed))
        if any(len(json.loads(definition)) > 3 for definition, _ in listed):  # two rules, and the one that warms up
            raise EvaluationError("no")

    evaluator = DurableEvaluator(Trials(probing))
    rule = "  - {{name: x{0}, when: {{field: call.arguments.a{0}, equal: 1}}, then: {{warn: {{message: m}}}}}}\n"
    one, two, bad = (
        load("policy: p\nrules:\n" + "".join(rule.format(at) for at in range(rules))) for rules in (1, 2, 3)
    )
    evaluator.prepare([one, [*one, *two], two])  # a name twice
    for policies in (one, two):
        evaluator.compile(policies, "r").close()
    assert tried == [2]

    evaluator.prepare([bad, one])
    with pytest.raises(PolicyError, match="no"):
        evaluator.compile(bad, "r")
    evaluator.compile(one, "r").close()
    assert tried[1:] == [1, 1]
