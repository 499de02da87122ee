from __future__ import annotations

import asyncio
import logging
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

import forewarn
from forewarn import CallRecord, Outcome, Prevented, Verdict

from .double import Double, serve

ROOT = Path(__file__).parents[2]

# grpcio prints a traceback when a channel is closed under its polling thread: see ``Link.close``.
pytestmark = pytest.mark.filterwarnings("error::pytest.PytestUnhandledThreadExceptionWarning")


class Child:
    """The double as a process, to be stopped and killed."""

    def __init__(self, address: str, *more: str) -> None:
        paths = os.pathsep.join([str(ROOT), str(ROOT / "clients/python"), os.environ.get("PYTHONPATH", "")])
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.client.double", address, *more],
            stdout=subprocess.PIPE,
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": paths},
        )
        assert self._process.stdout
        assert self._process.stdout.readline() == b"ready\n"

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()
        assert self._process.stdout
        self._process.stdout.close()


@pytest.fixture
def hanging(address: str) -> Iterator[Child]:
    child = Child(address, "--hang")
    yield child
    child.kill()


@pytest.mark.parametrize(("mode", "verdict"), [("open", Verdict.ALLOW), ("closed", Verdict.PREVENT)])
def test_down(address: str, mode: forewarn.calls.OnError, verdict: Verdict) -> None:
    with forewarn.Client(address, on_error=mode, timeout=10, flush_timeout=0) as client:
        decision = client.should_prevent("t", {"a": 1})
        assert decision.source == "fallback"
        assert decision.verdict is verdict
        assert decision.fallback_reason == "unavailable"
        assert "Forewarn did not decide" in decision.reasons[0].summary
        assert client.check("t").decision.source == "fallback"
        assert client.optimize("t").source == "fallback"
        assert client.inject_context(["t"]).source == "fallback"
        assert client.find_similar("t").source == "fallback"
        with pytest.raises(forewarn.UnavailableError):
            client.register_tools([forewarn.Tool("t")])
        assert client.stats.fallbacks == 5
        assert client.stats.breaker_opened == 1
        assert client.stats.fallback_reasons == {"unavailable": 3, "circuit_open": 2}


def test_down_and_raise(address: str) -> None:
    with forewarn.Client(address, on_error="raise", timeout=10) as client:
        with pytest.raises(forewarn.UnavailableError):
            client.should_prevent("t")
        with pytest.raises(forewarn.UnavailableError):
            client.record("t", {}, Outcome.SUCCESS)
        with pytest.raises(forewarn.UnavailableError), client.guard("t"):
            pytest.fail("the call was made")
        with pytest.raises(forewarn.ArgumentsTooLargeError), client.guard("t", {"x": "y" * (1 << 20)}):
            pytest.fail("the call was made")


def test_down_and_closed_prevents_the_guarded_call(address: str) -> None:
    with forewarn.Client(address, on_error="closed", timeout=10, flush_timeout=0) as client:
        with pytest.raises(Prevented, match="failure mode is closed"), client.guard("t"):
            pytest.fail("the call was made")
        assert client.stats.records_queued == 1


def test_records_wait_for_the_daemon_to_come_back(address: str) -> None:
    with forewarn.Client(address, timeout=10, record_timeout=10) as client:
        with client.guard("t", {"n": 1}) as call:
            pass
        assert call.recorded
        assert call.recorded.queued
        assert isinstance(call.recorded.error, forewarn.UnavailableError)
        double = Double()
        server = serve(double, address)
        try:
            assert client.flush(20)
            assert double.outcomes() == [("success", 0)]
            assert client.stats.records_stored == 1
        finally:
            server.stop(0).wait()


def test_slow(double: Double, address: str, caplog: pytest.LogCaptureFixture) -> None:
    double.gate.clear()
    with forewarn.Client(address, timeout=0.05, flush_timeout=0) as client, caplog.at_level(logging.WARNING):
        reasons = [client.should_prevent("t").fallback_reason for _ in range(5)]
        assert reasons == ["deadline_exceeded"] * 3 + ["circuit_open"] * 2
    assert len(caplog.records) == 2, "each kind is said once a minute"


def test_a_trial_closes_the_breaker(double: Double, address: str) -> None:
    now = [0.0]
    breaker = forewarn.Breaker(threshold=1, cooldown=5, clock=lambda: now[0])
    with forewarn.Client(address, timeout=5, breaker=breaker) as client:
        double.gate.clear()
        assert client.should_prevent("t", timeout=0.05).source == "fallback"
        double.gate.set()
        assert client.should_prevent("t").fallback_reason == "circuit_open"
        now[0] = 5.0
        assert client.should_prevent("t").source == "daemon"
        assert client.should_prevent("t").source == "daemon"


def test_the_channel_reports_a_daemon_that_came_back(address: str) -> None:
    breaker = forewarn.Breaker(threshold=1, cooldown=3600)
    with forewarn.Client(address, timeout=10, breaker=breaker) as client:
        assert client.should_prevent("t").source == "fallback"
        server = serve(Double(), address)
        try:
            assert eventually(lambda: client.should_prevent("t").source == "daemon")
        finally:
            server.stop(0).wait()


async def test_the_async_channel_reports_it_too(address: str) -> None:
    breaker = forewarn.Breaker(threshold=1, cooldown=3600)
    async with forewarn.AsyncClient(address, timeout=10, breaker=breaker) as client:
        assert (await client.should_prevent("t")).source == "fallback"
        server = serve(Double(), address)
        try:
            for _ in range(400):
                if (await client.should_prevent("t")).source == "daemon":
                    break
                await asyncio.sleep(0.05)
            else:
                pytest.fail("the daemon was not asked again")
        finally:
            server.stop(0).wait()


def test_killed_in_mid_call(address: str, hanging: Child) -> None:
    with forewarn.Client(address, timeout=30, flush_timeout=0) as client:
        killer = threading.Timer(0.3, hanging.kill)
        killer.start()
        decision = client.should_prevent("t")
        killer.join()
        assert decision.source == "fallback"
        assert decision.fallback_reason == "unavailable"


async def test_killed_in_mid_call_async(address: str, hanging: Child) -> None:
    async with forewarn.AsyncClient(address, timeout=30, on_error="closed", flush_timeout=0) as client:
        asked = asyncio.create_task(client.should_prevent("t"))
        await asyncio.sleep(0.3)
        hanging.kill()
        assert (await asked).verdict is Verdict.PREVENT


def test_killed_between_check_and_record(address: str) -> None:
    child = Child(address)
    with forewarn.Client(address, timeout=10, record_timeout=10) as client:
        with client.guard("t") as call:
            assert call.decision.source == "daemon"
            child.kill()
        assert call.recorded
        assert call.recorded.queued
        second = Child(address)
        try:
            assert client.flush(20)
            assert client.stats.records_stored == 1
        finally:
            second.kill()


def test_stopped_daemon_costs_its_deadline_a_few_times_only(address: str) -> None:
    child = Child(address)
    try:
        with forewarn.Client(address, timeout=5, flush_timeout=0) as client:
            assert client.should_prevent("t").source == "daemon"
            os.kill(child._process.pid, signal.SIGSTOP)
            os.waitid(os.P_PID, child._process.pid, os.WSTOPPED)  # until its last thread stands still
            reasons = [client.should_prevent("t", timeout=0.1).fallback_reason for _ in range(6)]
            assert reasons == ["deadline_exceeded"] * 3 + ["circuit_open"] * 3
            os.kill(child._process.pid, signal.SIGCONT)
            assert eventually(lambda: client.should_prevent("t").source == "daemon")
    finally:
        child.kill()


def test_wrong_token(double: Double, address: str, caplog: pytest.LogCaptureFixture) -> None:
    double.token = "right"
    with forewarn.Client(address, token="wrong", timeout=10) as client:
        assert client.should_prevent("t").fallback_reason == "unauthenticated"
        assert [r.levelname for r in caplog.records] == ["ERROR"]
        assert isinstance(client.record("t", {}, Outcome.SUCCESS).error, forewarn.UnauthenticatedError)
        assert client.stats.breaker_opened == 0, "it answers: it is not down"
        answers = client.record_many([CallRecord("t", {}, Outcome.SUCCESS)])
        assert isinstance(answers[0].error, forewarn.UnauthenticatedError)
        assert client.stats.records_refused == 2
    with forewarn.Client(address, token="right", timeout=10) as client:
        assert client.should_prevent("t").source == "daemon"


def test_a_refusal_names_the_field(double: Double, address: str) -> None:
    with forewarn.Client(address, on_error="raise", timeout=10) as client:
        with pytest.raises(forewarn.RefusedError) as caught:
            client.should_prevent("t", session_id="s" * 300)
        assert caught.value.reason == "INVALID_ARGUMENT"
        assert caught.value.metadata == {"field": "call.session_id"}
        assert caught.value.violations == (("call.session_id", "must be at most 256 bytes"),)


def test_background_records_arrive_by_close(double: Double, address: str) -> None:
    client = forewarn.Client(address, record="background", timeout=10, flush_timeout=20)
    for n in range(200):
        with client.guard("t", {"n": n}) as call:
            pass
        assert call.recorded
        assert call.recorded.queued
    client.close()
    assert len(double.records) == 200
    assert (client.stats.records_queued, client.stats.records_lost) == (200, 0)


async def test_background_records_arrive_by_close_async(double: Double, address: str) -> None:
    async with forewarn.AsyncClient(address, record="background", timeout=10, flush_timeout=20) as client:
        for n in range(200):
            async with client.guard("t", {"n": n}):
                pass
    assert len(double.records) == 200


def test_the_queue_is_bounded_and_counts_what_it_loses(
    double: Double, address: str, caplog: pytest.LogCaptureFixture
) -> None:
    double.record_gate.clear()
    client = forewarn.Client(address, queue=5, flush_timeout=0.05)
    queued = [client.record("t", {"n": n}, Outcome.SUCCESS, record="background").queued for n in range(8)]
    assert queued == [True] * 5 + [False] * 3
    assert client.stats.records_lost == 3
    client.close()
    assert client.stats.records_lost == 8
    assert [r.message for r in caplog.records] == [
        "the queue of records is full (5); new ones are lost",
        "5 records were not sent and are lost",
    ]


def test_background_records_arrive_at_exit(double: Double, address: str) -> None:
    code = (
        "import sys, forewarn; c = forewarn.Client(sys.argv[1], record='background', flush_timeout=20)\n"
        "with c.guard('t'): pass"
    )
    env = {**os.environ, "PYTHONPATH": str(ROOT / "clients/python")}
    subprocess.run([sys.executable, "-c", code, address], check=True, timeout=60, env=env)
    assert double.outcomes() == [("success", 0)]


FORK = """
import os, sys, forewarn
client = forewarn.Client(sys.argv[1], timeout=10, record="background")
assert client.should_prevent("parent").source == "daemon"
client.record("parent", {}, "success")
pid = os.fork()
decision = client.should_prevent("child" if pid == 0 else "parent")
client.record("child" if pid == 0 else "parent", {}, "success")
client.flush(10)
# One write: both write to one pipe, at about the same time.
os.write(1, f"{decision.source} {decision.fallback_reason}\\n".encode())
if pid == 0:
    os._exit(0)
assert os.waitpid(pid, 0)[1] == 0
client.close()
"""


@pytest.mark.parametrize(("support", "child"), [("1", "daemon "), ("0", "fallback forked")])
def test_fork(double: Double, address: str, support: str, child: str) -> None:
    env = {**os.environ, "PYTHONPATH": str(ROOT / "clients/python"), "GRPC_ENABLE_FORK_SUPPORT": support}
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", FORK, address],
        env=env, timeout=60, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert sorted(done.stdout.splitlines()) == sorted(["daemon ", child])
    tools = sorted(record.call.tool for record in double.records)
    assert tools == (["child"] if support == "1" else []) + ["parent", "parent"]


def eventually(holds: object) -> bool:
    for _ in range(400):
        if holds():  # type: ignore[operator]
            return True
        time.sleep(0.05)
    return False
