"""Policies beside those of others: the same rules, the same calls, the same core, one run.

``agent-governance-toolkit-core`` in process, Cerbos over gRPC. They are installed into ``build/beside`` on first use;
where they cannot be, that is said, and nothing is compared.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import grpc

from forewarn.v1 import guard_pb2, model_pb2
from sidecar.policies.engine.evaluator import DurableEvaluator
from sidecar.policies.facts import CallFacts, Facts
from sidecar.policies.loading import load_texts
from sidecar.policies.verdict import PolicyVerdict

from .. import daemons
from ..beside import UnavailableError, cerbos, rules, toolkit
from ..load import Load, Shape
from ..machine import DAEMON_CORE, LOAD_CORE, pin
from ..rows import Plan, Row, middle

SHAPES: tuple[Shape, ...] = ((1, 16), (8, 16))
METHOD = "/forewarn.v1.GuardService/ShouldPrevent"


def measure(plan: Plan) -> Iterator[Row]:
    """Yields µs in process, then rates over gRPC."""
    yield from _in_process(plan)
    binary = cerbos.installed()
    if binary is None:
        print("beside/Cerbos: left out, it cannot be installed (npm install @cerbos/cerbos-linux-x64)")
        return
    for name, one_tool in (("200 policies", False), ("200 rules for the tool", True)):
        try:
            yield from _over_grpc(plan, binary, name, one_tool=one_tool)
        except UnavailableError as error:
            print(f"beside/Cerbos: left out, {error}")


def _in_process(plan: Plan) -> Iterator[Row]:
    asked = rules.calls()
    facts = [Facts(CallFacts(rules.TOOL, call)) for call in asked]
    engine = DurableEvaluator().compile(load_texts({"orders.yaml": rules.forewarn_policy()}), "bench")
    try:
        answers = [engine.decide(one, 1e9).verdict is PolicyVerdict.PREVENT for one in facts]
        if answers != [rules.denied(call) for call in asked]:
            raise SystemExit("Forewarn answers otherwise than the rules say")
        python = toolkit.installed()
        ours, theirs = [], []
        pin(DAEMON_CORE)
        for _ in range(plan.rounds(9)):
            before = time.thread_time()
            for one in facts:
                engine.decide(one, 1e9)
            ours.append((time.thread_time() - before) / len(facts) * 1e6)
            if python is not None:
                try:
                    theirs.append(toolkit.microseconds(python, asked, 9))
                except UnavailableError as error:
                    print(f"beside/agent-governance-toolkit-core: left out, {error}")
                    python = None
    finally:
        pin(LOAD_CORE)
        engine.close()
    bar = middle(theirs) if theirs else None
    yield Row("beside/200 rules, Forewarn", middle(ours), "µs", bar, best="low")
    if bar is None:
        print("beside/agent-governance-toolkit-core: nothing to compare with")
    else:
        yield Row("beside/200 rules, agent-governance-toolkit-core", bar, "µs")


def _over_grpc(plan: Plan, binary: Path, name: str, *, one_tool: bool) -> Iterator[Row]:
    folder = plan.folder / f"beside-{one_tool}"
    policies = folder / "policies"
    policies.mkdir(parents=True)
    texts = {"orders.yaml": rules.forewarn_policy()} if one_tool else rules.forewarn_policies(rules.COUNT)
    for file, text in texts.items():
        (policies / file).write_text(text)
    with (
        cerbos.running(binary, _made(folder / "cerbos"), one_tool=one_tool) as theirs,
        daemons.running(
            folder / "daemon", "tests.bench.bench_daemon", DAEMON_CORE, "--policies", str(policies)
        ) as daemon,
    ):
        asked = rules.calls()
        passing: rules.Arguments = asked[0]
        failing: rules.Arguments = {**passing, "order_id": "#W0000"}  # of the first rule, which both forms have
        _same_answers(daemon, theirs, folder, [passing, failing])
        question = {call is passing: _ours(folder, call) for call in (passing, failing)}
        their_question = {call is passing: cerbos.question(folder, call) for call in (passing, failing)}
        for shape in SHAPES:
            ours, other = [], []
            for _ in range(plan.rounds(6)):
                for passes in (True, False):
                    ours.append(question[passes].run(daemon.port, shape, plan.seconds(0.8)).rate)
                    other.append(their_question[passes].run(theirs, shape, plan.seconds(0.8)).rate)
            at = f"{name} {shape[0]}×{shape[1]}"
            yield Row(f"beside/{at}, Forewarn", middle(ours), "1/s", middle(other))
            yield Row(f"beside/{at}, Cerbos", middle(other), "1/s")


def _ours(folder: Path, arguments: rules.Arguments) -> Load:
    return Load(folder, f"ours {rules.denied(arguments)}", METHOD, _request(arguments))


def _request(arguments: rules.Arguments) -> guard_pb2.ShouldPreventRequest:
    call = model_pb2.Call(tool=rules.TOOL, arguments_json=json.dumps(arguments), session_id="s1", caller="agent")
    return guard_pb2.ShouldPreventRequest(call=call)


def _same_answers(daemon: daemons.Running, theirs: str, folder: Path, calls: list[rules.Arguments]) -> None:
    """Both must deny and allow the same: or it is not the same question."""
    with daemon.guard() as guard, grpc.insecure_channel(theirs) as channel:
        ask: Callable[..., bytes] = channel.unary_unary(cerbos.METHOD)
        for call in calls:
            verdict = guard.ShouldPrevent(_request(call), timeout=10).decision.verdict
            allowed = verdict == model_pb2.VERDICT_ALLOW
            other = cerbos.effect(ask(cerbos.question(folder, call).message, timeout=10))
            if not allowed == other == (not rules.denied(call)):
                raise SystemExit(f"{call}: Forewarn {allowed}, Cerbos {other}")


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder
