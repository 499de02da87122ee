"""Sync, aio or uvloop? A no-op on each; docs/decisions/0005-server-threads.md has the choice."""

from __future__ import annotations

import contextlib
import importlib.util
import subprocess
import sys
import time
from collections.abc import Iterator

from google.protobuf import empty_pb2

from ..bench_daemon import PATH
from ..load import Load
from ..machine import DAEMON_CORE, pinned
from ..rows import Plan, Row, middle

SHAPES = ((1, 1), (1, 16), (8, 16))


def measure(plan: Plan) -> Iterator[Row]:
    """Yields rates; all servers run at once and take turns."""
    nothing = Load(plan.folder, "nothing", PATH, empty_pb2.Empty())
    kinds = ["sync", "aio", *(["uvloop"] if importlib.util.find_spec("uvloop") else [])]
    with contextlib.ExitStack() as stack:
        addresses = {kind: stack.enter_context(_server(plan, kind)) for kind in kinds}
        for shape in SHAPES:
            rates: dict[str, list[float]] = {kind: [] for kind in kinds}
            for _ in range(plan.rounds(5)):
                for kind, address in addresses.items():
                    rates[kind].append(nothing.run(address, shape, plan.seconds(0.6)).rate)
            for kind, found in rates.items():
                yield Row(f"server/{kind} no-op {shape[0]}×{shape[1]}", middle(found), "1/s")


@contextlib.contextmanager
def _server(plan: Plan, kind: str) -> Iterator[str]:
    ready = plan.folder / f"server-{kind}"
    command = pinned(DAEMON_CORE, [sys.executable, "-m", "tests.bench.noop_server", kind, str(ready)])
    process = subprocess.Popen(command)
    try:
        deadline = time.monotonic() + 30.0
        while not (ready.exists() and ready.read_text()):
            if process.poll() is not None or time.monotonic() > deadline:
                raise SystemExit(f"the {kind} server did not start")
            time.sleep(0.02)
        yield f"127.0.0.1:{ready.read_text()}"
    finally:
        process.terminate()
        process.wait(10)
