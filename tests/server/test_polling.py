"""Servers that share a queue and a thread: each answers for itself, starts and stops for itself."""

from __future__ import annotations

import gc
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import grpc
import pytest

from sidecar.server.grpc_insides import insides
from sidecar.server.polling import Polling

WAIT = 10.0


class Two:
    """Two servers of one ``Polling`` and a channel to each; both have a method ``/s/Say`` that is not registered."""

    def __init__(self) -> None:
        found = insides()
        assert found is not None
        self.pool = ThreadPoolExecutor(8)
        self.polling = Polling(found)
        self.servers = [self.polling.server(self.pool, (), (), 1_000) for _ in range(2)]
        self.channels: list[grpc.Channel] = []
        for number, server in enumerate(self.servers):
            server.add_generic_rpc_handlers((Says(number),))
            server.add_registered_method_handlers("r", {"Say": _answers(f"registered {number}")})
            port = server.add_insecure_port("127.0.0.1:0")
            self.channels.append(grpc.insecure_channel(f"127.0.0.1:{port}"))

    def start(self) -> None:
        for server in self.servers:
            server.start()

    def say(self, number: int, path: str = "/s/Say") -> str:
        method: Any = self.channels[number].unary_unary(path)
        answer: bytes = method(b"", timeout=WAIT)
        return answer.decode()

    def close(self) -> None:
        for channel in self.channels:
            channel.close()
        for server in self.servers:
            server.stop(0).wait(WAIT)
        self.pool.shutdown()


class Says(grpc.GenericRpcHandler):
    """Says which server it is: at once, after a while, or in a stream that does not end by itself."""

    def __init__(self, number: int) -> None:
        self._number = number

    def service(self, details: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler[bytes, bytes] | None:
        match details.method:
            case "/s/Say":
                return _answers(f"server {self._number}")
            case "/s/Slowly":
                return _answers(f"server {self._number}", 0.5)
            case "/s/Stream":
                return grpc.unary_stream_rpc_method_handler(_endless)
            case _:
                return None


def _answers(text: str, after: float = 0.0) -> grpc.RpcMethodHandler[bytes, bytes]:
    def answer(_request: bytes, _context: grpc.ServicerContext) -> bytes:
        time.sleep(after)
        return text.encode()

    return grpc.unary_unary_rpc_method_handler(answer)


def _endless(_request: bytes, context: grpc.ServicerContext) -> Iterator[bytes]:
    number = 0
    while context.is_active():
        yield str(number).encode()
        number += 1
        time.sleep(0.01)


def _threads() -> list[threading.Thread]:
    return [one for one in threading.enumerate() if one.name == "forewarn-grpc" or "_serve" in one.name]


@pytest.fixture
def two() -> Iterator[Two]:
    made = Two()
    yield made
    made.close()


def _no_threads() -> None:
    deadline = time.monotonic() + WAIT
    while _threads() and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not _threads()


def test_each_answers_for_itself_on_one_thread(two: Two) -> None:
    two.start()
    assert [two.say(0), two.say(1)] == ["server 0", "server 1"]
    assert [two.say(0, "/r/Say"), two.say(1, "/r/Say")] == ["registered 0", "registered 1"]
    assert len(_threads()) == 1


def test_what_none_of_them_knows_is_refused(two: Two) -> None:
    two.start()
    with pytest.raises(grpc.RpcError) as caught:
        two.say(1, "/s/Nothing")
    error: Any = caught.value
    assert error.code() is grpc.StatusCode.UNIMPLEMENTED
    assert two.say(0) == "server 0"


def test_many_calls_of_both_at_once(two: Two) -> None:
    two.start()
    calls: list[tuple[int, Any]] = []
    for number in range(600):
        method: Any = two.channels[number % 2].unary_unary("/s/Say" if number % 3 else "/r/Say")
        calls.append((number, method.future(b"", timeout=30)))
    for number, call in calls:
        assert call.result().decode() == f"{'server' if number % 3 else 'registered'} {number % 2}"


def test_one_stops_and_the_other_goes_on(two: Two) -> None:
    two.start()
    assert two.servers[0].stop(0).wait(WAIT)
    assert two.say(1) == "server 1"
    with pytest.raises(grpc.RpcError):
        two.say(0)
    assert two.servers[1].stop(0).wait(WAIT)
    _no_threads()


def test_one_that_starts_after_all_others_stopped_is_served(two: Two) -> None:
    two.servers[0].start()
    assert two.say(0) == "server 0"
    assert two.servers[0].stop(0).wait(WAIT)
    _no_threads()
    two.servers[1].start()
    assert two.say(1) == "server 1"


def test_stopping_lets_calls_end_within_the_grace(two: Two) -> None:
    two.start()
    method: Any = two.channels[0].unary_unary("/s/Slowly")
    call = method.future(b"", timeout=WAIT)
    time.sleep(0.1)
    stopped = two.servers[0].stop(5)
    assert call.result() == b"server 0"
    assert stopped.wait(WAIT)
    assert two.say(1) == "server 1"


def test_streams_run_and_are_ended_by_either_side(two: Two) -> None:
    two.start()
    streams: list[Any] = []
    for channel in two.channels:
        method: Any = channel.unary_stream("/s/Stream")
        streams.append(method(b"", timeout=30))
    for stream in streams:
        assert [next(stream), next(stream)] == [b"0", b"1"]
    streams[1].cancel()
    assert two.servers[0].stop(0.1).wait(WAIT)
    with pytest.raises(grpc.RpcError):
        for _ in streams[0]:
            pass
    assert two.say(1) == "server 1"


def test_a_server_starts_once(two: Two) -> None:
    two.start()
    with pytest.raises(ValueError, match="once"):
        two.servers[0].start()
    assert two.say(0) == "server 0"


def test_an_event_that_goes_wrong_harms_no_other(two: Two, monkeypatch: pytest.MonkeyPatch) -> None:
    two.start()
    server = two.polling.insides.server
    whole = server._handle_call

    def broken(*_: object) -> None:
        raise RuntimeError("inside")

    with monkeypatch.context() as patch:
        patch.setattr(server, "_handle_call", broken)
        for path in ("/r/Say", "/s/Say"):
            method: Any = two.channels[0].unary_unary(path)
            with pytest.raises(grpc.RpcError):
                method(b"", timeout=0.5)
    assert server._handle_call is whole
    for number in (0, 1):
        assert two.say(number) == f"server {number}"
        assert two.say(number, "/r/Say") == f"registered {number}"


def test_a_server_that_was_forgotten_ends(two: Two) -> None:
    two.start()
    del two.servers[0]
    gc.collect()
    deadline = time.monotonic() + WAIT
    while len(two.polling._serving) > 1 and time.monotonic() < deadline:
        time.sleep(0.05)
    assert len(two.polling._serving) == 1
    assert two.say(1) == "server 1"


def test_what_grpc_is_told_is_told_before_it_is_loaded() -> None:
    """gRPC reads its experiments when it is loaded: ``main`` must not load it before it has set them."""
    check = "import sys, sidecar.main; sys.exit('grpc' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", check], check=False).returncode == 0
