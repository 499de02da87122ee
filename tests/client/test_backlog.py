from __future__ import annotations

import asyncio
import threading
import time
from pathlib import Path
from typing import Any

import pytest

import forewarn
from forewarn.backlog import TaskBacklog, ThreadBacklog
from forewarn.channel import RECORD_CALL
from forewarn.stats import Counts
from forewarn.v1 import guard_pb2

from .double import Double


def test_a_child_does_not_send_what_waits_in_its_parent() -> None:
    go = threading.Event()

    def send(request: guard_pb2.RecordCallRequest) -> None:
        go.wait(20)

    backlog = ThreadBacklog(send, Counts())
    backlog.put(guard_pb2.RecordCallRequest())
    assert not backlog.flush(0)
    backlog.after_fork_in_child()
    assert backlog.flush(0)
    backlog.close(0)  # the thread, which a real child does not have, ends with this
    go.set()


def test_the_queue_is_bounded_by_bytes() -> None:
    go = threading.Event()
    counts = Counts()
    backlog = ThreadBacklog(lambda request: go.wait(20), counts, size=100)
    request = guard_pb2.RecordCallRequest(decision_id="x" * 60)
    assert backlog.put(request)
    assert not backlog.put(request)
    go.set()
    assert backlog.flush(20)
    assert backlog.put(request)
    backlog.close(20)
    assert counts.snapshot(0).records_lost == 1


def test_who_waits_for_what_is_queued_does_not_wait_for_the_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("forewarn.backlog.PAUSES", (0.05, 600.0))
    up, tries = threading.Event(), []

    def send(request: guard_pb2.RecordCallRequest) -> None:
        tries.append(request)
        if not up.is_set():
            raise forewarn.UnavailableError("nobody is there")

    backlog = ThreadBacklog(send, Counts())
    backlog.put(guard_pb2.RecordCallRequest())
    end = time.monotonic() + 20
    while len(tries) < 2:  # from here on it rests for ten minutes
        assert time.monotonic() < end
        time.sleep(0.01)
    up.set()
    assert backlog.flush(20)
    backlog.close(0)


def test_a_task_that_is_waited_for_does_not_rest_either(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("forewarn.backlog.PAUSES", (0.05, 600.0))

    async def run() -> None:
        up, tries = asyncio.Event(), []

        async def send(request: guard_pb2.RecordCallRequest) -> None:
            tries.append(request)
            if not up.is_set():
                raise forewarn.UnavailableError("nobody is there")

        backlog = TaskBacklog(send, Counts())
        backlog.put(guard_pb2.RecordCallRequest())
        async with asyncio.timeout(20):
            while len(tries) < 2:  # noqa: ASYNC110 - what is tested would have to tell
                await asyncio.sleep(0.01)
            up.set()
            assert await backlog.flush(20)
            await backlog.close(0)

    asyncio.run(run())
    asyncio.run(run())


@pytest.mark.parametrize("on_error", ["open", "raise"])
def test_a_record_that_is_lost_says_so(tmp_path: Path, on_error: Any) -> None:
    with forewarn.Client(
        f"unix:{tmp_path}/nobody", queue=1, record="background", on_error=on_error, flush_timeout=0
    ) as client:
        assert client.record("t", {}, "success").queued
        if on_error == "raise":
            with pytest.raises(forewarn.ExhaustedError, match="is lost"):
                client.record("t", {}, "success")
        else:
            lost = client.record("t", {}, "success")
            assert isinstance(lost.error, forewarn.ExhaustedError)
            assert not lost.queued
        assert client.stats.records_lost == 1


@pytest.mark.parametrize(("reason", "opened"), [("STORE_UNAVAILABLE", 0), ("", 1)])
def test_a_daemon_that_says_why_is_there(client: forewarn.Client, reason: str, opened: int) -> None:
    for _ in range(20):
        client._core.answered(forewarn.UnavailableError("no room on the disk", reason=reason))
    assert client.stats.breaker_opened == opened


def test_a_record_that_is_interrupted_is_sent_again(
    client: forewarn.Client, double: Double, monkeypatch: pytest.MonkeyPatch
) -> None:
    unary, interrupts = client._link.unary, [KeyboardInterrupt()]

    def interrupted(rpc: Any, request: Any, timeout: float) -> Any:
        answer = unary(rpc, request, timeout)
        if rpc is RECORD_CALL and interrupts:
            raise interrupts.pop()
        return answer

    monkeypatch.setattr(client._link, "unary", interrupted)
    with pytest.raises(KeyboardInterrupt), client.guard("t"):
        pass
    assert client.flush()
    assert double.outcomes() == [("success", 0)]
    assert (client.stats.records_queued, client.stats.records_stored) == (1, 1)
