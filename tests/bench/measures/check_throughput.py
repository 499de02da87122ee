"""ShouldPrevent over gRPC against a no-op on the same server: at least 80 % of its throughput.

The no-op of the bar is served as grpcio serves every method, by a pool of threads. Checks are not (``inline.py``), and
a no-op that is served as they are is measured beside it, without a bar.

The store knows things; three kinds of questions are asked: a call that nothing is known of, one that has always worked,
and one that has failed before. Their common rate is that of a load with as many of each.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from google.protobuf import empty_pb2
from google.protobuf.message import Message

from forewarn.v1 import guard_pb2, model_pb2

from .. import calls, daemons
from ..bench_daemon import INLINE_PATH, PATH
from ..load import Load, Shape
from ..rows import Plan, Row, middle

BAR = 0.8
SHAPES: tuple[Shape, ...] = ((1, 16), (8, 16), (32, 1))
_FIGURES = ("nothing", "inline", "ratio", "ratio inline")
KINDS = ("unknown", "known good", "known failing")


def measure(plan: Plan) -> Iterator[Row]:
    """Yields the ratio at each concurrency, and the rates behind it."""
    folder = plan.folder / "check"
    with daemons.running(folder) as daemon, daemon.guard() as guard:
        calls.seed(guard, [*calls.synthetic(1_000), *calls.traced(1_500), *_known()])
        nothing = Load(folder, "nothing", PATH, empty_pb2.Empty())
        inline = Load(folder, "nothing inline", INLINE_PATH, empty_pb2.Empty())
        questions = {kind: [_question(folder, kind, number) for number in range(3)] for kind in KINDS}
        before = daemon.counts().decisions
        asked = 0
        for shape in SHAPES:
            rates: dict[str, list[float]] = {name: [] for name in (*_FIGURES, *KINDS)}
            for number in range(plan.rounds(6)):
                floor = nothing.run(daemon.port, shape, plan.seconds(0.8)).rate
                lowest = inline.run(daemon.port, shape, plan.seconds(0.8)).rate
                took = 0.0
                for kind in KINDS:
                    question = questions[kind][number % 3]
                    run = question.run(daemon.port, shape, plan.seconds(0.8))
                    if run.data < 0.9 * run.answered * 80:
                        raise SystemExit(f"{question.name}: answers without a decision")
                    rates[kind].append(run.rate)
                    took += 1.0 / run.rate
                    asked += run.answered
                mix = len(KINDS) / took
                for name, value in zip(_FIGURES, (floor, lowest, mix / floor, mix / lowest), strict=True):
                    rates[name].append(value)
            at = f"{shape[0]}×{shape[1]}"
            yield Row(f"check/ratio to no-op {at}", middle(rates["ratio"]), "ratio", BAR)
            yield Row(f"check/ratio to no-op inline {at}", middle(rates["ratio inline"]), "ratio")
            yield Row(f"check/no-op {at}", middle(rates["nothing"]), "1/s")
            yield Row(f"check/no-op inline {at}", middle(rates["inline"]), "1/s")
            for kind in KINDS:
                yield Row(f"check/{kind} {at}", middle(rates[kind]), "1/s")
        logged = daemon.counts().decisions - before
        yield Row("check/decisions logged of those answered", min(1.0, logged / asked), "share", 1.0)


def _known() -> list[guard_pb2.RecordCallRequest]:
    records = []
    for number in range(3):
        for session in range(6):
            records.append(calls.record(_call("known good", number, f"good-{session}")))
            records.append(
                calls.record(_call("known failing", number, f"bad-{session}"), "Error: order #W404 not found")
            )
    return records


def _call(kind: str, number: int, session: str) -> model_pb2.Call:
    arguments: dict[str, object] = {"order_id": f"#W{kind[-3:]}{number}", "fields": ["status", "items"]}
    return calls.call("get_order", arguments, session)


def _question(folder: Path, kind: str, number: int) -> Load:
    made: Message = guard_pb2.ShouldPreventRequest(call=_call(kind, number, f"asking-{number}"))
    return Load(folder, f"{kind} {number}", "/forewarn.v1.GuardService/ShouldPrevent", made)
