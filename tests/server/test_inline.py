"""Methods that gRPC's thread answers itself say the same as through threads, whatever is sent and whoever goes away."""

from __future__ import annotations

import gc
import queue
import shutil
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest

from forewarn.v1 import admin_pb2, admin_pb2_grpc, guard_pb2, guard_pb2_grpc
from sidecar.config import Settings
from sidecar.daemon import Daemon
from sidecar.learning.learner import Recorded
from sidecar.model.call import Call
from sidecar.model.decision import Decision
from sidecar.server import grpc_insides, inline
from sidecar.server.inbox import MOST, Inbox
from sidecar.server.inline import InlineMethods
from sidecar.store.backlog import Job
from sidecar.store.receipts import Receipt

from .case_runner import reason_of
from .messages import ask, record

QUESTION = "/forewarn.v1.GuardService/ShouldPrevent"
RECORD = "/forewarn.v1.GuardService/RecordCall"


class Served:
    """A daemon in this process, and a channel to its guard listener."""

    def __init__(self, folder: Path, **options: Any) -> None:
        values: dict[str, Any] = {
            "data_dir": folder / "data",
            "guard_address": [f"unix:{folder}/g"],
            "admin_address": [f"unix:{folder}/a"],
            "drain_seconds": 1,
            **options,
        }
        self.daemon = Daemon(Settings(**values))
        self.daemon.start()
        self.channel = grpc.insecure_channel(f"unix:{folder}/g", options=[("grpc.max_send_message_length", -1)])
        self.guard: Any = guard_pb2_grpc.GuardServiceStub(self.channel)
        self.admin_channel = grpc.insecure_channel(f"unix:{folder}/a")
        self.admin: Any = admin_pb2_grpc.AdminServiceStub(self.admin_channel)
        self.writer_goes_on = threading.Event()

    def raw(self, path: str, request: bytes, timeout: float | None = 10.0, **more: Any) -> tuple[grpc.StatusCode, str]:
        """The status and text that bytes come to."""
        method: Any = self.channel.unary_unary(path)
        call = method.future(request, timeout=timeout, **more)
        return call.code(), call.details() or ""

    @property
    def methods(self) -> InlineMethods | None:
        """What the guard listener answers inline."""
        return self.daemon._listeners[0].inline

    def stall(self) -> None:
        """Let the writer run a job that does not end by itself."""
        running = threading.Event()

        def job(_: object) -> None:
            running.set()
            self.writer_goes_on.wait(60)

        rooms = self.daemon._rooms
        assert rooms is not None
        rooms.store.submit(job)
        assert running.wait(10)

    def close(self) -> None:
        self.writer_goes_on.set()
        self.channel.close()
        self.admin_channel.close()
        self.daemon.stop()


@pytest.fixture
def folder() -> Iterator[Path]:
    made = Path(tempfile.mkdtemp(prefix="fw", dir="/tmp"))
    yield made
    shutil.rmtree(made, ignore_errors=True)


@pytest.fixture
def served(folder: Path) -> Iterator[Served]:
    made = Served(folder)
    yield made
    made.close()


@pytest.fixture
def threaded(monkeypatch: pytest.MonkeyPatch) -> Iterator[Served]:
    """The same without answering inline, as beside a grpcio that was not tested."""
    monkeypatch.setattr(grpc_insides, "TESTED", frozenset())
    made = Path(tempfile.mkdtemp(prefix="fw", dir="/tmp"))
    held = Served(made)
    yield held
    held.close()
    shutil.rmtree(made, ignore_errors=True)


def _stopped(served: Served) -> None:
    assert served.methods is not None
    deadline = time.monotonic() + 5.0
    while served.methods.in_flight and time.monotonic() < deadline:
        time.sleep(0.01)
    assert served.methods.in_flight == 0


def test_the_methods_are_answered_inline(served: Served, threaded: Served) -> None:
    """Else every other test here would test threads twice."""
    assert served.methods is not None
    assert threaded.methods is None
    assert grpc.__version__.rpartition(".")[0] == "1.85", "a new grpcio: see that this holds, then add it to TESTED"


@pytest.mark.parametrize("path", [QUESTION, RECORD])
@pytest.mark.parametrize(
    "request_bytes",
    [
        b"",
        b"\xff" * 40,
        b"\x0a\xff\xff\xff\xff\x0f",
        guard_pb2.ShouldPreventRequest(call=ask("t" * 300).call).SerializeToString(),
        guard_pb2.ShouldPreventRequest(call=ask("t").call).SerializeToString(),
        guard_pb2.ShouldPreventRequest(call=ask("t", {"text": "x" * 100_000}).call).SerializeToString(),
        guard_pb2.ShouldPreventRequest(call=ask("t", {"text": "x" * 1_100_000}).call).SerializeToString(),
        bytes(5 << 20),
    ],
    ids=["empty", "garbage", "cut", "long name", "fine", "large", "too long", "too large"],
)
def test_the_same_is_said_as_through_threads(served: Served, threaded: Served, path: str, request_bytes: bytes) -> None:
    found = served.raw(path, request_bytes)
    assert found == threaded.raw(path, request_bytes)
    assert found[0] is not grpc.StatusCode.UNKNOWN
    _stopped(served)


def test_a_record_leaves_nothing_for_the_collector(served: Served) -> None:
    """Cycles of a future, its callbacks and its call were a tenth of what a record cost, and all garbage there was."""
    assert served.methods is not None
    method = served.methods._methods[RECORD]
    told: queue.Queue[Receipt[Any]] = queue.Queue()

    def ask() -> bytes:
        assert method.act(record("t", {"a": 1}, call_id="").SerializeToString(), told.put) is None
        answer = method.word(told.get(timeout=10))
        assert isinstance(answer, bytes)
        return answer

    def alive() -> int:
        time.sleep(0.1)  # the writer lets go of its last batch
        return sum(isinstance(one, (Receipt, Job, Recorded)) for one in gc.get_objects())

    ask()
    gc.collect()
    gc.disable()
    try:
        before = alive()
        for _ in range(20):
            ask()
        assert alive() <= before
    finally:
        gc.enable()


def test_typed_details_are_the_same(served: Served, threaded: Served) -> None:
    wrong = guard_pb2.ShouldPreventRequest(call=ask("t", {"n": 1}).call)
    wrong.call.arguments_json = "[1, 2]"
    found = []
    for one in (served, threaded):
        with pytest.raises(grpc.RpcError) as caught:
            one.guard.ShouldPrevent(wrong, timeout=10)
        error: Any = caught.value
        found.append((error.code(), error.details(), reason_of(error), dict(error.trailing_metadata())))
    assert found[0] == found[1]
    assert found[0][2] == "INVALID_ARGUMENT"


def test_a_call_without_a_message_is_refused(served: Served) -> None:
    call: Any = served.channel.stream_unary(QUESTION)
    with pytest.raises(grpc.RpcError) as caught:
        call(iter(()), timeout=10)
    error: Any = caught.value
    assert error.code() is grpc.StatusCode.UNIMPLEMENTED
    _stopped(served)


def test_a_defect_has_an_id_and_harms_nobody(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    rooms = served.daemon._rooms
    assert rooms is not None

    def broken(*_: object) -> None:
        raise RuntimeError("secret inside")

    with monkeypatch.context() as patch:
        patch.setattr(rooms.tracker, "should_prevent", broken)
        with pytest.raises(grpc.RpcError) as caught:
            served.guard.ShouldPrevent(ask("t"), timeout=10)
    error: Any = caught.value
    assert error.code() is grpc.StatusCode.INTERNAL
    assert "error_id" in error.details()
    assert "secret" not in error.details()
    served.guard.ShouldPrevent(ask("t"), timeout=10)


@pytest.mark.parametrize(
    ("path", "request_bytes"),
    [
        (QUESTION, ask("t").SerializeToString()),
        (QUESTION, ask("t", {"text": "x" * 20_000}).SerializeToString()),
        (RECORD, record("t", {"n": 1}).SerializeToString()),
    ],
    ids=["at once", "from the pool", "after the commit"],
)
def test_an_answer_that_grpc_does_not_take_ends_one_call_only(
    served: Served, monkeypatch: pytest.MonkeyPatch, path: str, request_bytes: bytes
) -> None:
    class Broken:
        """As cygrpc, but for one operation."""

        def __getattr__(self, name: str) -> Any:
            if name == "SendMessageOperation":
                raise MemoryError
            return getattr(whole, name)

    assert served.methods is not None
    whole = served.methods.cygrpc
    with monkeypatch.context() as patch:
        patch.setattr(served.methods, "cygrpc", Broken())
        assert served.raw(path, request_bytes)[0] is grpc.StatusCode.CANCELLED
        _stopped(served)
    assert served.raw(path, request_bytes)[0] is grpc.StatusCode.OK
    _stopped(served)


def test_a_record_that_waits_too_long_is_told_so(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    """A caller without a deadline is not left waiting for ever; what was sent is kept all the same."""
    monkeypatch.setattr(inline, "_LONGEST_WAIT", 0.2)
    served.stall()
    with pytest.raises(grpc.RpcError) as caught:
        served.guard.RecordCall(record("t", {"a": 1}, call_id="late"))
    error: Any = caught.value
    assert error.code() is grpc.StatusCode.DEADLINE_EXCEEDED
    assert reason_of(error) == "DEADLINE_EXCEEDED"
    served.writer_goes_on.set()
    answer = served.guard.RecordCall(record("t", {"a": 1}, call_id="late"), timeout=10)
    assert answer.duplicate
    _stopped(served)


def test_clients_that_go_away_leave_nothing_behind(served: Served) -> None:
    served.stall()
    late = [served.guard.RecordCall.future(record("t", {"n": n}, call_id=f"n{n}"), timeout=30) for n in range(50)]
    served.guard.ShouldPrevent(ask("t"), timeout=10)  # behind them on the connection: they have arrived
    for one in late:
        one.cancel()
    served.writer_goes_on.set()
    _stopped(served)
    assert served.guard.RecordCall(record("t", {"n": 0}, call_id="n0"), timeout=10).duplicate
    assert served.admin.VerifyStore(admin_pb2.VerifyStoreRequest()).ok


def test_more_calls_than_may_be_in_flight_are_refused(folder: Path) -> None:
    served = Served(folder, max_concurrent_calls=8)
    try:
        served.stall()
        late = [served.guard.RecordCall.future(record("t", {"n": n}), timeout=20) for n in range(30)]
        refused = 0
        deadline = time.monotonic() + 10.0
        while refused < 22 and time.monotonic() < deadline:
            refused = sum(one.done() and one.code() is grpc.StatusCode.RESOURCE_EXHAUSTED for one in late)
            time.sleep(0.01)
        served.writer_goes_on.set()
        codes = [one.code() for one in late]
        assert codes.count(grpc.StatusCode.OK) == 8
        assert codes.count(grpc.StatusCode.RESOURCE_EXHAUSTED) == 22
        _stopped(served)
    finally:
        served.close()


def test_a_token_is_asked_for(folder: Path) -> None:
    token = folder / "token"
    token.write_text("a token of sixteen or more\n")
    token.chmod(0o600)
    served = Served(folder, guard_token_file=token)
    try:
        question = ask("t").SerializeToString()
        assert served.raw(QUESTION, question)[0] is grpc.StatusCode.UNAUTHENTICATED
        wrong = (("authorization", "Bearer another"),)
        assert served.raw(QUESTION, question, metadata=wrong)[0] is grpc.StatusCode.UNAUTHENTICATED
        right = (("authorization", "Bearer a token of sixteen or more"),)
        assert served.raw(QUESTION, question, metadata=right)[0] is grpc.StatusCode.OK
        _stopped(served)
    finally:
        served.close()


def test_stopping_finishes_what_is_in_flight(folder: Path) -> None:
    served = Served(folder, drain_seconds=10)
    served.stall()
    late = [served.guard.RecordCall.future(record("t", {"n": n}), timeout=20) for n in range(20)]
    # A few are taken at a time: what lies behind them when the daemon stops is refused, as it should be.
    end = time.monotonic() + 10.0
    while (methods := served.methods) is None or methods.in_flight < len(late):
        assert time.monotonic() < end, "not all calls have arrived"
        time.sleep(0.01)
    stopping = threading.Thread(target=served.daemon.stop)
    stopping.start()
    time.sleep(0.3)
    served.writer_goes_on.set()
    assert {one.code() for one in late} == {grpc.StatusCode.OK}
    stopping.join(15)
    assert not stopping.is_alive()
    served.channel.close()


def test_stopping_does_not_wait_for_what_never_ends(folder: Path) -> None:
    served = Served(folder, drain_seconds=0.5)
    served.stall()
    late = [served.guard.RecordCall.future(record("t", {"n": n}), timeout=60) for n in range(5)]
    served.guard.ShouldPrevent(ask("t"), timeout=10)
    # The store waits for its writer when it closes; the listeners must not.
    began = time.monotonic()
    for listener in served.daemon._listeners:
        listener.stop(0.5)
    assert time.monotonic() - began < 8.0
    assert grpc.StatusCode.OK not in {one.code() for one in late}
    served.writer_goes_on.set()
    served.close()


@pytest.fixture
def together(served: Served, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many messages were answered each time."""
    assert served.methods is not None
    numbers: list[int] = []
    answer = Inbox.answer

    def counted(held: Inbox) -> None:
        numbers.append(len(held))
        answer(held)

    monkeypatch.setattr(Inbox, "answer", counted)
    return numbers


def test_calls_that_come_together_are_answered_together(
    served: Served, together: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    rooms = served.daemon._rooms
    assert rooms is not None
    goes_on, decide = threading.Event(), rooms.tracker.should_prevent

    def when_all_are_sent(call: Call, *more: str) -> Decision:
        goes_on.wait(10)
        return decide(call, *more)

    monkeypatch.setattr(rooms.tracker, "should_prevent", when_all_are_sent)
    pending = [served.guard.ShouldPrevent.future(ask("t", {"n": number}), timeout=20) for number in range(400)]
    time.sleep(0.3)
    goes_on.set()
    answers = [one.result().decision for one in pending]
    assert len({answer.decision_id for answer in answers}) == 400
    assert sum(together) == 400
    assert max(together) <= MOST
    assert len(together) < 100
    for number in (0, 199, 399):  # to each its own
        asked = admin_pb2.GetDecisionRequest(decision_id=answers[number].decision_id)
        assert served.admin.GetDecision(asked, timeout=10).decision.arguments_json == f'{{"n":{number}}}'


def test_one_by_one_each_is_answered_at_once(served: Served, together: list[int]) -> None:
    for number in range(50):
        served.guard.ShouldPrevent(ask("t", {"n": number}), timeout=10)
    assert together == [1] * 50


def test_a_call_that_sends_no_message_holds_up_nobody(served: Served) -> None:
    goes_on = threading.Event()

    def never() -> Iterator[Any]:
        goes_on.wait(30)
        yield from ()

    calls: list[Any] = [served.channel.stream_unary(QUESTION).future(never(), timeout=30) for _ in range(3)]
    try:
        assert served.methods is not None
        end = time.monotonic() + 10
        while served.methods.in_flight < 3:
            assert time.monotonic() < end
            time.sleep(0.01)
        began = time.monotonic()
        for number in range(20):
            served.guard.ShouldPrevent(ask("t", {"n": number}), timeout=5)
        assert time.monotonic() - began < 5
    finally:
        goes_on.set()
    assert {one.code() for one in calls} == {grpc.StatusCode.UNIMPLEMENTED}


def test_messages_that_wait_are_answered_or_refused_when_the_daemon_stops(folder: Path) -> None:
    served = Served(folder)
    pending = [served.guard.ShouldPrevent.future(ask("t", {"n": number}), timeout=20) for number in range(200)]
    pending[0].result()
    served.daemon.stop()
    codes = {one.code() for one in pending}
    served.channel.close()
    served.admin_channel.close()
    assert codes <= {grpc.StatusCode.OK, grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.CANCELLED}
    assert grpc.StatusCode.OK in codes
