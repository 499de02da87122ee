"""Many clients at once, streams that break, and streams that are too many."""

from __future__ import annotations

import json
import queue
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import grpc
import pytest

from forewarn.v1 import admin_pb2, guard_pb2, guard_pb2_grpc, model_pb2
from tests.conftest import StartDaemon

from .case_runner import reason_of
from .messages import ask, failed, record
from .running import RunningDaemon


def each(requests: Any) -> Any:
    for one in requests:
        yield guard_pb2.RecordCallsRequest(record=one)


def threads_of(daemon: RunningDaemon) -> int:
    return len(list(Path(f"/proc/{daemon.pid}/task").iterdir()))


def test_32_clients_at_once(daemon: RunningDaemon) -> None:
    def client(number: int) -> Counter[str]:
        stub = guard_pb2_grpc.GuardServiceStub(daemon.channel())
        counts: Counter[str] = Counter()
        for n in range(20):
            made = stub.ShouldPrevent(ask("t", {"n": n % 4}, session=f"s{number}"), timeout=60).decision
            request = (failed if n % 2 else record)("t", {"n": n % 4}, session=f"s{number}", call_id=f"{number}.{n}")
            request.decision_id = made.decision_id
            answer = stub.RecordCall(request, timeout=60)
            assert not answer.duplicate
            counts[model_pb2.Outcome.Name(answer.classification.category)[8:].lower()] += 1
        return counts

    with ThreadPoolExecutor(32) as pool:
        counts = sum(pool.map(client, range(32)), Counter())
    total = daemon.admin.GetStats(admin_pb2.GetStatsRequest()).total
    assert sum(counts.values()) == 640 == total.decisions
    assert {name: getattr(total, name) for name in counts} == counts
    assert daemon.admin.VerifyStore(admin_pb2.VerifyStoreRequest()).ok


def test_one_call_id_recorded_by_many_at_the_same_moment(daemon: RunningDaemon) -> None:
    stubs = [guard_pb2_grpc.GuardServiceStub(daemon.channel()) for _ in range(8)]
    for attempt in range(20):
        barrier = threading.Barrier(len(stubs))

        def one(number: int, attempt: int = attempt, barrier: threading.Barrier = barrier) -> Any:
            barrier.wait()
            request = (failed if number % 2 else record)("t", {"n": number}, call_id=f"same{attempt}")
            return stubs[number].RecordCall(request, timeout=60)

        with ThreadPoolExecutor(len(stubs)) as pool:
            answers = list(pool.map(one, range(len(stubs))))
        assert [one.duplicate for one in answers].count(False) == 1
        assert len({one.sequence for one in answers}) == 1
        assert len({one.classification.category for one in answers}) == 1, "all are told what was kept"
    total = daemon.admin.GetStats(admin_pb2.GetStatsRequest()).total
    assert total.success + total.failure == 20


def test_a_stream_answers_in_order_and_survives_bad_records(shared_daemon: RunningDaemon) -> None:
    good = [record("streamed", {"n": n}, call_id=f"stream{n}") for n in range(600)]
    good[7].call.tool = ""
    good[8].call.arguments_json = "["
    good[9].ClearField("result")
    good[10].call.call_id = "stream6"
    answers = list(shared_daemon.guard.RecordCalls(each(good), timeout=60))
    assert [one.index for one in answers] == list(range(600))
    assert [one.index for one in answers if one.HasField("error")] == [7, 8, 9]
    assert all(one.error.code == 3 and one.error.details for one in answers[7:10])
    assert [one.index for one in answers if one.recorded.duplicate] == [10]
    assert len({one.recorded.sequence for one in answers}) == 597  # 596 and the 0 of what was refused


_DYING = """
import sys, grpc, itertools, time
from forewarn.v1 import guard_pb2, guard_pb2_grpc, model_pb2
stub = guard_pb2_grpc.GuardServiceStub(grpc.insecure_channel(sys.argv[1]))
def requests():
    for n in itertools.count():
        call = model_pb2.Call(tool="dying", call_id=f"{sys.argv[2]}-{n}")
        yield guard_pb2.RecordCallsRequest(record=dict(call=call, result=dict(outcome=1)))
for answer in stub.RecordCalls(requests()):
    print(answer.recorded.call_id, flush=True)
"""


def test_a_client_that_dies_in_mid_stream_leaves_nothing_behind(start_daemon: StartDaemon) -> None:
    daemon = start_daemon("--max-streams", "2")
    list(daemon.guard.RecordCalls(each([record("dying")]), timeout=60))  # threads that are kept are there by now
    before = threads_of(daemon)
    acknowledged: list[str] = []
    for number in range(4):  # twice as many as there are places
        with subprocess.Popen(
            [sys.executable, "-c", _DYING, daemon.guard_address, str(number)], stdout=subprocess.PIPE, text=True
        ) as child:
            assert child.stdout is not None
            lines = [child.stdout.readline() for _ in range(30)]
            child.send_signal(signal.SIGKILL)
            lines += child.stdout.read().splitlines(keepends=True)
        acknowledged += [line.strip() for line in lines if line.endswith("\n")]
    deadline = time.monotonic() + 10
    while threads_of(daemon) > before + 8 and time.monotonic() < deadline:
        time.sleep(0.1)
    assert threads_of(daemon) <= before + 8
    for call_id in acknowledged[::7]:
        assert daemon.admin.QueryCalls(admin_pb2.QueryCallsRequest(call_id=call_id)).calls, call_id
    assert daemon.admin.GetStats(admin_pb2.GetStatsRequest()).total.success >= len(acknowledged)
    answers = list(daemon.guard.RecordCalls(each([record("dying")]), timeout=10))
    assert answers[0].HasField("recorded"), "its place is free again"
    assert daemon.admin.VerifyStore(admin_pb2.VerifyStoreRequest()).ok


def test_too_many_streams_are_refused_at_once(start_daemon: StartDaemon) -> None:
    daemon = start_daemon("--max-streams", "2")
    feeds: list[queue.Queue[Any]] = [queue.Queue() for _ in range(2)]
    streams = [daemon.guard.RecordCalls(iter(feed.get, None), timeout=60) for feed in feeds]
    for feed, stream in zip(feeds, streams, strict=True):
        feed.put(guard_pb2.RecordCallsRequest(record=record()))
        assert next(stream).HasField("recorded")
    tails = [daemon.admin.TailDecisions(admin_pb2.TailDecisionsRequest(), timeout=60) for _ in range(2)]
    time.sleep(0.3)
    rpcs: list[Callable[[], Any]] = [
        lambda: next(daemon.guard.RecordCalls(each([record()]), timeout=10)),
        lambda: next(daemon.admin.TailDecisions(admin_pb2.TailDecisionsRequest(), timeout=10)),
    ]
    for rpc in rpcs:
        with pytest.raises(grpc.RpcError) as caught:
            rpc()
        assert caught.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
        assert reason_of(caught.value) == "TOO_MANY_STREAMS"
    for feed in feeds:
        feed.put(None)
    assert [list(stream) for stream in streams] == [[], []]
    for tail in tails:
        tail.cancel()
    assert next(daemon.guard.RecordCalls(each([record()]), timeout=10)).HasField("recorded")


def test_a_slow_reader_of_decisions_costs_nobody_anything(daemon: RunningDaemon) -> None:
    tail = daemon.admin.TailDecisions(admin_pb2.TailDecisionsRequest(), timeout=60)
    time.sleep(0.3)
    big = {"text": "x" * 1900}
    ids = [daemon.guard.ShouldPrevent(ask("t", big | {"n": n}), timeout=10).decision.decision_id for n in range(1500)]
    memory = int(Path(f"/proc/{daemon.pid}/statm").read_text().split()[1]) * 4096
    assert memory < 400 << 20
    seen = []
    for one in tail:  # it begins to read only now
        seen.append(one.decision.decision.decision_id)
        if len(seen) == 1500:
            break
    tail.cancel()
    assert sorted(seen) == ids


def test_a_stream_whose_answers_nobody_reads_is_not_read_from(daemon: RunningDaemon) -> None:
    sent = 0

    def endless() -> Any:
        nonlocal sent
        while sent < 50_000:
            sent += 1
            yield guard_pb2.RecordCallsRequest(record=record("unread", json.dumps({"x": "y" * 500})))

    stream = daemon.guard.RecordCalls(endless(), timeout=30)
    time.sleep(2.0)
    assert sent < 50_000
    assert daemon.admin.GetStats(admin_pb2.GetStatsRequest()).total.success < 40_000
    stream.cancel()
