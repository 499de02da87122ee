"""Checks while others record at full speed, and both at saturation: everybody gets a turn."""

from __future__ import annotations

import time
from collections.abc import Iterator

from forewarn.v1 import guard_pb2, guard_pb2_grpc

from .. import calls, daemons
from ..load import Load, loaded
from ..rows import Plan, Row
from .record_throughput import record_loads


def measure(plan: Plan) -> Iterator[Row]:
    """Yields latencies of one caller's checks, idle and beside 16 recorders; rates at 32 checkers + 16 recorders."""
    folder = plan.folder / "under_load"
    with daemons.running(folder) as daemon, daemon.guard() as guard:
        calls.seed(guard, list(calls.synthetic(1_000)))
        questions = [guard_pb2.ShouldPreventRequest(call=one.call) for one in calls.synthetic(500, seed=3)]
        records = record_loads(folder, 4)
        seconds = plan.seconds(4.0)
        idle = _latencies(guard, questions, seconds)
        started = [one.start(daemon.port, (1, 4), seconds + 0.5) for one in records]
        time.sleep(0.3)
        busy = _latencies(guard, questions, seconds)
        for one in started:
            loaded(one)
        for name, values in (("idle", idle), ("beside 16 recorders", busy)):
            yield Row(f"latency/check {name} p50", 1e6 * values[len(values) // 2], "µs")
            yield Row(f"latency/check {name} p99", 1e6 * values[len(values) * 99 // 100], "µs")
        ratio = busy[len(busy) * 99 // 100] / idle[len(idle) * 99 // 100]
        yield Row("latency/check p99, recorders to idle", ratio, "ratio")
        checker = Load(folder, "checker", "/forewarn.v1.GuardService/ShouldPrevent", questions[0])
        started = [
            checker.start(daemon.port, (32, 1), seconds),
            *(one.start(daemon.port, (1, 4), seconds) for one in records),
        ]
        checks, *recorded = [loaded(one) for one in started]
        yield Row("saturated/checks of 32", checks.rate, "1/s")
        yield Row("saturated/records of 16", sum(one.rate for one in recorded), "1/s", 100.0, note="no starvation")


def _latencies(
    guard: guard_pb2_grpc.GuardServiceStub, questions: list[guard_pb2.ShouldPreventRequest], seconds: float
) -> list[float]:
    found: list[float] = []
    end = time.perf_counter() + seconds
    while (began := time.perf_counter()) < end:
        guard.ShouldPrevent(questions[len(found) % len(questions)], timeout=30)
        found.append(time.perf_counter() - began)
    return sorted(found)
