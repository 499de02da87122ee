"""RecordCall: durable, at least 2,000 a second on one core with 16 callers.

A disk that others use, or a core, makes that slower than the daemon is: what a sync takes at the time, and the daemon's
own CPU a record, are shown beside it.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

from google.protobuf import empty_pb2

from forewarn.v1 import guard_pb2

from .. import calls, daemons
from ..bench_daemon import PATH
from ..load import Load, loaded
from ..machine import cpu_seconds
from ..rows import Plan, Row, middle

BAR = 2_000.0
RECORD = "/forewarn.v1.GuardService/RecordCall"
GROUPS = 4  # processes, of four callers each: each records another call


def measure(plan: Plan) -> Iterator[Row]:
    """Yields the rate, and what to judge it by."""
    folder = plan.folder / "record"
    with daemons.running(folder) as daemon, daemon.guard() as guard:
        calls.seed(guard, [*calls.synthetic(1_000), *calls.traced(1_500)])
        nothing = Load(folder, "nothing", PATH, empty_pb2.Empty())
        records = record_loads(folder, 12)
        counts = daemon.counts()
        before = counts.success + counts.retry + counts.failure
        rates, floors, syncs, answered, used = [], [], [], 0, 0.0
        for number in range(plan.rounds(6)):
            floors.append(nothing.run(daemon.port, (1, 16), plan.seconds(0.8)).rate)
            group = [records[(number * GROUPS + place) % len(records)] for place in range(GROUPS)]
            syncs.append(_sync_micros(folder))
            busy = cpu_seconds(daemon.pid)
            started = [one.start(daemon.port, (1, 4), plan.seconds(2.0)) for one in group]
            runs = [loaded(one) for one in started]
            used += cpu_seconds(daemon.pid) - busy
            if any(run.data < 20 * run.answered for run in runs):
                raise SystemExit("records were answered with errors")
            rates.append(sum(run.rate for run in runs))
            answered += sum(run.answered for run in runs)
        counts = daemon.counts()
        kept = counts.success + counts.retry + counts.failure - before
        yield Row("record/16 callers, durable", middle(rates), "1/s", BAR)
        yield Row("record/no-op 1×16", middle(floors), "1/s")
        yield Row("record/CPU of the daemon, a record", 1e6 * used / max(1, kept), "µs")
        yield Row("record/one synced page", middle(syncs), "µs")
        yield Row("record/kept of those answered", min(1.0, kept / answered), "share", 1.0)


def _sync_micros(folder: Path) -> float:
    """What it takes to have one page on the disk now."""
    found = []
    with (folder / "page").open("wb", buffering=0) as file:
        for _ in range(30):
            began = time.perf_counter()
            os.pwrite(file.fileno(), b"x" * 4096, 0)
            os.fdatasync(file.fileno())
            found.append((time.perf_counter() - began) * 1e6)
    return middle(found)


def record_loads(folder: Path, count: int) -> list[Load]:
    """Different records without call ids: each time one is sent it is a call of its own."""
    made = []
    for number, one in enumerate(list(calls.synthetic(count, seed=7))):
        request = guard_pb2.RecordCallRequest()
        request.CopyFrom(one)
        request.call.session_id = f"recording-{number}"
        made.append(Load(folder, f"record {number}", RECORD, request))
    return made
