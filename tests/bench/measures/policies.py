"""Policies by themselves, in this process: a call against many rules, loading them, and memory."""

from __future__ import annotations

import gc
import os
import time
from collections.abc import Iterator
from pathlib import Path

from sidecar.collection import collect_rarely
from sidecar.policies.document import Policy
from sidecar.policies.engine.evaluator import DurableEngine, DurableEvaluator
from sidecar.policies.facts import CallerFacts, CallFacts, Facts
from sidecar.policies.loading import load_texts

from ..machine import DAEMON_CORE, LOAD_CORE, pin
from ..rows import Plan, Row, middle

#: Bars of the issue: µs of a call against 200 rules for its tool, seconds to load 5,000 rules.
CALL_BAR = 60.0
LOAD_BAR = 5.0
#: How much a call may cost more when there are 5,000 rules for other tools, as a ratio: nothing, within noise.
OTHERS_BAR = 1.05
RULES, OTHERS = 200, 5_000
_CALLS = 2_000


def measure(plan: Plan) -> Iterator[Row]:
    """Yields microseconds, seconds, ratios."""
    pin(DAEMON_CORE)
    quick = DurableEvaluator(probing=None)
    own = {f"own{at}.yaml": _text(f"own{at}", "db.write", 1, at) for at in range(RULES)}
    others = {f"other{at}.yaml": _text(f"other{at}", f"other{at}.*", 25, 0) for at in range(OTHERS // 25)}
    mine = load_texts(own)
    alone = quick.compile(mine, "alone")
    both = quick.compile((*mine, *load_texts(others)), "both")
    chained = quick.compile(load_texts({"chain.yaml": _chained()}), "chained")
    thresholds = gc.get_threshold()
    try:
        collect_rarely()  # as the daemon does
        rounds = plan.rounds(15)
        fires, misses = _call(table="t77", rows=1_000), _call(table="none", rows=1_000)
        against = _each([(alone, fires), (both, fires), (alone, misses), (both, misses), (chained, fires)], rounds)
        name = f"policies/a call against {RULES} rules for its tool"
        yield Row(f"{name}, one fires", against[0], "µs", CALL_BAR, best="low")
        yield Row(f"{name}, none fires", against[2], "µs", CALL_BAR, best="low")
        yield Row("policies/the same and 5,000 rules for others, ratio", against[1] / against[0], "", OTHERS_BAR, "low")
        yield Row("policies/none fires and 5,000 for others, ratio", against[3] / against[2], "", note="(3 µs in all)")
        yield Row("policies/a call against 200 rules, chain of three", against[4], "µs")
        bystander = Facts(CallFacts("fs.read", {"path": "/tmp"}))  # a text
        yield Row("policies/a call of a tool without a rule", _each([(both, bystander)], rounds)[0], "µs")
        yield from _loading(plan, own, others)
        yield from _memory(plan, chained)
    finally:
        gc.unfreeze()
        gc.set_threshold(*thresholds)
        for engine in (alone, both, chained):
            engine.close()
        pin(LOAD_CORE)


def _loading(plan: Plan, own: dict[str, str], others: dict[str, str]) -> Iterator[Row]:
    texts = {**own, **others}
    parsed, compiled = [], []
    for _ in range(plan.rounds(3)):
        began = _used()
        policies: tuple[Policy, ...] = load_texts(texts)
        read = _used()
        DurableEvaluator().compile(policies, "loaded").close()
        parsed.append(read - began)
        compiled.append(_used() - read)
    yield Row("policies/read 5,200 rules from YAML", middle(parsed), "s")
    yield Row("policies/load 5,200 rules, reading and probing", middle(parsed) + middle(compiled), "s", LOAD_BAR, "low")


def _memory(plan: Plan, engine: DurableEngine) -> Iterator[Row]:
    evaluations = 20_000 if plan.quick else 200_000
    before = 0
    for number in range(evaluations):
        if number == evaluations // 10:
            before = _resident()
        engine.decide(_call(table=f"t{number % 400}", rows=number), float(number))
    grown = _resident() / before - 1.0
    yield Row(f"policies/memory after {evaluations:,} evaluations", grown * 100.0, "% more", 2.0, best="low")


def _used() -> float:
    """CPU time of this process and its children, s: one after the other, so what it takes on a core of its own."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def _resident() -> int:
    gc.collect()
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def _each(asked: list[tuple[DurableEngine, Facts]], rounds: int) -> list[float]:
    """The median over interleaved rounds of the mean CPU time of this thread for one decision, µs."""
    found: list[list[float]] = [[] for _ in asked]
    for _ in range(rounds):
        for at, (engine, facts) in enumerate(asked):
            before = time.thread_time()
            for _ in range(_CALLS):
                engine.decide(facts, 0.0)
            found[at].append((time.thread_time() - before) / _CALLS * 1e6)
    return [middle(times) for times in found]


def _call(**arguments: str | int) -> Facts:
    return Facts(
        CallFacts("db.write", {**arguments, "note": "a text of some length"}), caller=CallerFacts("a", ("agent-1",))
    )


def _text(name: str, tools: str, rules: int, first: int) -> str:
    """A policy whose rules have three conditions each: a text, a number, a role."""
    written = "".join(
        f"  - name: r{at}\n    when:\n      all:\n"
        f"        - {{field: call.arguments.table, equal: t{at}}}\n"
        f"        - {{field: call.arguments.rows, more: {at}}}\n"
        '        - {field: caller.roles, glob: "agent*"}\n'
        '    then: {prevent: {message: "not {call.arguments.table}"}}\n'
        for at in range(first, first + rules)
    )
    return f'policy: {name}\nmode: enforce\ntools: ["{tools}"]\nrules:\n{written}'


def _chained() -> str:
    """Two hundred rules of which a call fires three, each from what the one before derives."""
    return _text("chained", "db.*", 197, 100_000) + (
        "  - {name: a, when: {field: call.arguments.table, equal: t77}, then: {derive: {kind: ledger}}}\n"
        "  - {name: b, when: {field: derived.kind, equal: ledger}, then: {derive: {risk: high}}}\n"
        "  - {name: c, when: {all: [{field: derived.risk, equal: high}, {field: call.arguments.rows, more: 5}]},\n"
        "     then: {prevent: {message: a ledger}}}\n"
    )
