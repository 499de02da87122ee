"""Load on a daemon, kill -9 at a random moment, and what must be there after the next start."""

from __future__ import annotations

import contextlib
import random
import threading
import time
from typing import Any

import grpc

from forewarn.v1 import admin_pb2, admin_pb2_grpc, guard_pb2, guard_pb2_grpc, model_pb2

from .messages import ask, failed, record
from .running import RunningDaemon

_CATEGORIES = (model_pb2.OUTCOME_SUCCESS, model_pb2.OUTCOME_FAILURE, model_pb2.OUTCOME_RETRY)


class Load:
    """Threads of clients. `acknowledged` holds what was answered: call id → category."""

    def __init__(self, daemon: RunningDaemon, round_number: int) -> None:
        self.acknowledged: dict[str, int] = {}
        self.prevented: list[str] = []
        self.registered: set[str] = set()
        self.stop = threading.Event()
        self.problems: list[str] = []
        self._daemon = daemon
        self._round = round_number
        work = [self._unary, self._unary, self._unary, self._stream, self._register]
        self._threads = [threading.Thread(target=self._run, args=(one, n)) for n, one in enumerate(work)]
        for thread in self._threads:
            thread.start()

    def join(self) -> None:
        """Wait until all have noticed that the daemon is gone."""
        self.stop.set()
        for thread in self._threads:
            thread.join(30)
            assert not thread.is_alive()

    def _run(self, work: Any, number: int) -> None:
        with grpc.insecure_channel(
            self._daemon.guard_address, options=[("grpc.use_local_subchannel_pool", 1)]
        ) as channel:
            try:
                work(guard_pb2_grpc.GuardServiceStub(channel), number)
            except grpc.RpcError as error:
                if error.code() not in (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.CANCELLED):
                    self.problems.append(str(error))

    def _unary(self, stub: Any, number: int) -> None:
        n = 0
        while not self.stop.is_set():
            n += 1
            session, arguments = f"{self._round}.{number}.{n // 5}", {"n": n // 5 % 50}
            made = stub.ShouldPrevent(ask(f"tool{number}", arguments, session=session), timeout=30).decision
            kind = failed if n % 5 else record
            request = kind(f"tool{number}", arguments, session=session, call_id=f"u{self._round}.{number}.{n}")
            request.decision_id = made.decision_id
            self._note(stub.RecordCall(request, timeout=30))
            if made.would_be == model_pb2.VERDICT_PREVENT:
                self.prevented.append(made.decision_id)

    def _stream(self, stub: Any, number: int) -> None:
        def requests() -> Any:
            n = 0
            while not self.stop.is_set():
                n += 1
                kind = failed if n % 3 else record
                said = kind(f"tool{number}", {"n": n % 40}, call_id=f"s{self._round}.{n}", session=f"{self._round}")
                yield guard_pb2.RecordCallsRequest(record=said)

        for answer in stub.RecordCalls(requests(), timeout=60):
            self._note(answer.recorded)

    def _register(self, stub: Any, number: int) -> None:
        n = 0
        while not self.stop.is_set():
            n += 1
            name = f"registered{n % 60}"
            tools = [model_pb2.ToolDescriptor(tool=name, version=f"{self._round}.{n}", description="x" * 500)]
            stub.RegisterTools(guard_pb2.RegisterToolsRequest(tools=tools), timeout=30)
            self.registered.add(name)
            self.stop.wait(0.005)

    def _note(self, answer: Any) -> None:
        self.acknowledged[answer.call_id] = answer.classification.category


def kill_and_check(daemon: RunningDaemon, rounds: int, chance: random.Random) -> float:
    """Kill it `rounds` times under load; the slowest restart in seconds. Raises AssertionError for what was lost."""
    acknowledged: dict[str, int] = {}
    slowest = 0.0
    for number in range(rounds):
        load = Load(daemon, number)
        deadline = time.monotonic() + 20
        while not load.acknowledged and time.monotonic() < deadline:  # a busy machine may need a moment
            time.sleep(0.01)
        time.sleep(chance.random() * 0.5)
        daemon.kill()
        load.join()
        assert not load.problems, load.problems
        acknowledged |= load.acknowledged
        daemon.start()
        slowest = max(slowest, daemon.start_seconds)
        report = daemon.admin.VerifyStore(admin_pb2.VerifyStoreRequest(), timeout=60)
        assert report.ok, (number, list(report.problems))
        # Of earlier rounds a sample: what was there once and is not touched again stays.
        before = [one for one in acknowledged if one not in load.acknowledged]
        for call_id in [*load.acknowledged, *chance.sample(before, min(50, len(before)))]:
            calls = daemon.admin.QueryCalls(admin_pb2.QueryCallsRequest(call_id=call_id), timeout=30).calls
            assert [one.classification.category for one in calls] == [acknowledged[call_id]], (number, call_id)
        for decision_id in load.prevented:
            found = daemon.admin.GetDecision(admin_pb2.GetDecisionRequest(decision_id=decision_id), timeout=30)
            assert found.decision.decision.would_be == model_pb2.VERDICT_PREVENT
            assert found.decision.classification.category in _CATEGORIES
        known = {one.descriptor.tool for one in _tools(daemon)}
        assert load.registered <= known
        total = daemon.admin.GetStats(admin_pb2.GetStatsRequest()).total
        assert total.success + total.failure + total.retry >= len(acknowledged)
    assert len(acknowledged) > rounds * 5
    return slowest


def _tools(daemon: RunningDaemon) -> list[Any]:
    with grpc.insecure_channel(daemon.admin_address) as channel, contextlib.suppress(StopIteration):
        stub = admin_pb2_grpc.AdminServiceStub(channel)
        return list(stub.ListTools(admin_pb2.ListToolsRequest(page_size=1000), timeout=30).tools)
    return []
