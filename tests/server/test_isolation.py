"""Decisions wait for nobody: not for a writer that stands still, not for records, not for slow readers."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc
import pytest

from forewarn.v1 import admin_pb2, admin_pb2_grpc, guard_pb2, guard_pb2_grpc
from sidecar.config import Settings
from sidecar.daemon import Daemon

from .case_runner import reason_of
from .messages import ask, failed, record


@dataclass
class Held:
    """A daemon in this process whose writer a test can stop."""

    guard: Any
    admin: Any
    daemon: Daemon
    writer_goes_on: threading.Event

    def stall(self) -> None:
        """Let the writer run a job that does not end."""
        running = threading.Event()

        def job(_: object) -> None:
            running.set()
            self.writer_goes_on.wait(60)

        rooms = self.daemon._rooms
        assert rooms is not None
        rooms.store.submit(job)
        assert running.wait(10)


@pytest.fixture
def held(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Held]:
    import shutil
    import tempfile

    folder = Path(tempfile.mkdtemp(prefix="fw", dir="/tmp"))
    options: dict[str, Any] = {
        "data_dir": folder / "data",
        "guard_address": [f"unix:{folder}/g"],
        "admin_address": [f"unix:{folder}/a"],
        "mode": "enforce",
        "holdout_share": 0.0,
        "record_threads": 4,
        "queue_limit": 64,
        "drain_seconds": 1,
    }
    daemon = Daemon(Settings(**options))
    daemon.start()
    channels = [grpc.insecure_channel(one[0]) for one in (daemon.guard_addresses, daemon.admin_addresses)]
    made = Held(
        guard_pb2_grpc.GuardServiceStub(channels[0]), admin_pb2_grpc.AdminServiceStub(channels[1]), daemon,
        threading.Event(),
    )  # fmt: skip
    yield made
    made.writer_goes_on.set()
    for channel in channels:
        channel.close()
    daemon.stop()
    shutil.rmtree(folder, ignore_errors=True)


def test_checks_go_on_while_the_writer_stands_still(held: Held) -> None:
    held.guard.RecordCall(failed("t", {"a": 1}, session="s"), timeout=10)
    held.stall()
    answers: list[tuple[grpc.StatusCode, str]] = []

    def late(n: int) -> None:
        try:
            held.guard.RecordCall(record("t", {"a": 2}, call_id=f"late{n}"), timeout=1.5)
        except grpc.RpcError as error:
            answers.append((error.code(), reason_of(error)))

    threads = [threading.Thread(target=late, args=(n,)) for n in range(20)]  # more than there are record threads
    began = time.monotonic()
    for thread in threads:
        thread.start()
    made = [held.guard.ShouldPrevent(ask("t", {"a": 1}, session="s"), timeout=5).decision for _ in range(30)]
    assert {one.verdict for one in made} == {3}
    held.guard.Check(guard_pb2.CheckRequest(call=ask("t").call, token_budget=100), timeout=5)
    held.guard.FindSimilar(guard_pb2.FindSimilarRequest(call=ask("t").call), timeout=5)
    held.admin.GetStats(admin_pb2.GetStatsRequest(), timeout=5)
    logged = held.admin.GetDecision(admin_pb2.GetDecisionRequest(decision_id=made[0].decision_id), timeout=5)
    assert logged.decision.tool == "t", "a decision that is not written yet can be fetched"
    assert time.monotonic() - began < 1.4, "decisions waited for the writer"
    for thread in threads:
        thread.join()
    assert {code for code, _ in answers} == {grpc.StatusCode.DEADLINE_EXCEEDED}
    assert len(answers) == 20
    held.writer_goes_on.set()
    assert held.guard.RecordCall(record("t", {"a": 2}, call_id="late0"), timeout=10).call_id == "late0"


def test_the_store_does_not_keep_up(held: Held) -> None:
    """A queue that is full refuses records; decisions that allow are dropped and counted; preventions never are."""
    held.guard.RecordCall(failed("t", {"a": 1}, session="s"), timeout=10)
    held.stall()
    requests = [guard_pb2.RecordCallsRequest(record=record("t", {"n": n})) for n in range(100)]
    stream = held.guard.RecordCalls(iter(requests), timeout=20)
    for n in range(200):
        held.guard.ShouldPrevent(ask("fine", {"n": n}), timeout=5)
    prevented = refused = 0
    for _ in range(100):
        try:
            held.guard.ShouldPrevent(ask("t", {"a": 1}, session="s"), timeout=5)
            prevented += 1
        except grpc.RpcError as error:
            told = (error.code(), reason_of(error))
            assert told == (grpc.StatusCode.RESOURCE_EXHAUSTED, "QUEUE_FULL")
            refused += 1
    assert prevented >= 60
    assert refused >= 30
    dropped = held.admin.GetStatus(admin_pb2.GetStatusRequest()).decisions_dropped
    assert dropped >= 130
    held.writer_goes_on.set()
    answers = list(stream)
    assert [one.index for one in answers] == list(range(100))
    assert {one.error.code for one in answers if one.HasField("error")} <= {grpc.StatusCode.RESOURCE_EXHAUSTED.value[0]}
    held.guard.ShouldPrevent(ask("fine"), timeout=5)  # what found no place is posted with the next decision
    held.guard.RecordCall(record("t", {"n": 1}), timeout=10)
    total = held.admin.GetStats(admin_pb2.GetStatsRequest()).total
    assert total.would_prevent == prevented
    assert total.decisions == prevented + 201 - held.admin.GetStatus(admin_pb2.GetStatusRequest()).decisions_dropped
    assert held.admin.VerifyStore(admin_pb2.VerifyStoreRequest()).ok
