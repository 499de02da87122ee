from __future__ import annotations

import threading
from typing import Any

import pytest

import forewarn
from forewarn.backlog import ThreadBacklog
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
