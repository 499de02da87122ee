"""Daemons to be measured: real ones in processes of their own, on a core of their own."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import grpc

from forewarn.v1 import admin_pb2, admin_pb2_grpc, guard_pb2_grpc
from sidecar.main import GRPC_EXPERIMENTS

from .machine import DAEMON_CORE, pinned

START_LIMIT = 60.0  # seconds


@dataclass(frozen=True)
class Running:
    """A daemon that answers: its process, where it is reached, and how long it took from its start until ready."""

    pid: int
    socket: str
    port: str
    admin: str
    start_seconds: float

    @contextlib.contextmanager
    def guard(self) -> Iterator[guard_pb2_grpc.GuardServiceStub]:
        """A client of the guard listener."""
        with grpc.insecure_channel(self.socket) as channel:
            yield guard_pb2_grpc.GuardServiceStub(channel)

    def counts(self) -> admin_pb2.Counts:
        """What the daemon has counted, once what waits to be logged is logged."""
        with grpc.insecure_channel(self.admin) as channel:
            stub = admin_pb2_grpc.AdminServiceStub(channel)
            before = None
            while True:
                found = stub.GetStats(admin_pb2.GetStatsRequest(), timeout=30).total
                if found == before:
                    return found
                before = found
                time.sleep(0.5)


@contextlib.contextmanager
def running(
    folder: Path, module: str = "tests.bench.bench_daemon", core: int = DAEMON_CORE, *more: str
) -> Iterator[Running]:
    """Runs a daemon over ``folder`` until the block ends. ``module`` is what ``python -m`` starts."""
    folder.mkdir(parents=True, exist_ok=True)
    ready, log = folder / "ready.json", folder / "log"
    command = [
        *(sys.executable, "-m", module, "--data-dir", str(folder / "data"), "--ready-file", str(ready)),
        *("--guard-address", f"unix:{folder}/guard.sock", "--guard-address", "127.0.0.1:0"),
        *("--admin-address", f"unix:{folder}/admin.sock", "--log-level", "warning", *more),
    ]
    # Some machines have Python keep no bytecode: compiling all modules anew would be measured instead of the start.
    environment = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("FOREWARN_") and name != "PYTHONDONTWRITEBYTECODE"
    }
    environment.setdefault("GRPC_EXPERIMENTS", GRPC_EXPERIMENTS)  # modules like bench_daemon load gRPC before main
    with log.open("wb") as output:
        began = time.perf_counter()
        process = subprocess.Popen(pinned(core, command), stdout=output, stderr=subprocess.STDOUT, env=environment)
    try:
        while not ready.exists():
            if process.poll() is not None or time.perf_counter() > began + START_LIMIT:
                raise SystemExit(f"the daemon did not start:\n{log.read_text()}")
            time.sleep(0.005)
        seconds = time.perf_counter() - began
        document = json.loads(ready.read_text())
        yield Running(process.pid, document["guard"][0], document["guard"][1], document["admin"][0], seconds)
    finally:
        process.terminate()
        try:
            process.wait(20.0)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
    problems = log.read_text().strip()
    if problems:
        raise SystemExit(f"the daemon had something to say:\n{problems[-4000:]}")
