"""What the steps cost by themselves, in this process: CPU time over real calls where there are any.

Means, of the median round; of decisions and of learning, which have bars, medians over calls. Both are measured twice:
many in a row, as in a busy daemon, and as one caller makes calls: each is asked about right after the one before was
recorded, when rows have to be read anew and the processor's caches are cold.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from statistics import fmean
from typing import TypeVar

from forewarn.v1 import guard_pb2
from sidecar.collection import collect_rarely
from sidecar.config import Settings
from sidecar.model.decision import DecisionRecord
from sidecar.runtime import Rooms, open_rooms
from sidecar.server import answers, chain
from sidecar.server.requests import call_of, plain_question, result_of
from sidecar.store.transaction import WriteTransaction

from .. import calls
from ..machine import DAEMON_CORE, LOAD_CORE, pin
from ..rows import Plan, Row, middle

T = TypeVar("T")
#: Bars of a later issue, µs.
DECISION_BAR = 60.0
RECORD_BAR = 300.0
_BAR = "(bar of issue 3, at the median)"


def measure(plan: Plan) -> Iterator[Row]:
    """Yields microseconds."""
    pin(DAEMON_CORE)
    rooms = open_rooms(Settings.model_validate({"data_dir": plan.folder / "costs"}))
    thresholds = gc.get_threshold()
    try:
        collect_rarely()  # as the daemon does
        records = calls.some(800 if plan.quick else 2_400)
        half, quarter = len(records) // 2, len(records) // 4
        known, asked, alone = records[:half], records[half:-quarter], records[-quarter:]
        for future in [rooms.recorder.record(call_of(one.call, time.time()), result_of(one.result)) for one in known]:
            future.result(60)
        rounds = plan.rounds(9)
        questions = [guard_pb2.ShouldPreventRequest(call=one.call) for one in [*known[::2], *asked]]
        yield Row("cost/message rules", _each(chain.broken_rules, questions, rounds), "µs")
        serialized = [one.SerializeToString() for one in questions]
        yield Row("cost/plain question", _each(lambda raw: plain_question(raw, 1e9), serialized, rounds), "µs")
        yield Row("cost/call from message", _each(lambda one: call_of(one.call, 1e9), questions, rounds), "µs")
        made = [call_of(one.call, time.time()) for one in questions]
        extractor = rooms.extractor
        yield Row(
            "cost/features",
            _each(lambda one: extractor.features_of(one.tool, one.arguments, one.context), made, rounds),
            "µs",
        )
        with rooms.store.read() as reader:
            views = [
                rooms.foresight.view(reader, one, extractor.features_of(one.tool, one.arguments, one.context), None)
                for one in made
            ]
            yield Row("cost/judge", _each(rooms.foresight.judge, views, rounds), "µs")
        decided: list[DecisionRecord] = []
        add, rooms.log.add = rooms.log.add, decided.append  # type: ignore[assignment]
        new = [call_of(one.call, time.time()) for one in asked]
        decisions: list[float] = []
        again: list[float] = []
        for _ in range(rounds):
            _forget(rooms)  # a call is asked about for the first time, and what is remembered of it helps to record it
            for one in new:
                _timed(decisions, rooms.tracker.should_prevent, one)
            for one in new:
                _timed(again, rooms.tracker.should_prevent, one)
        yield Row("cost/decision", middle(decisions), "µs", DECISION_BAR, best="low", later=True, note=_BAR)
        yield Row("cost/decision, mean", fmean(decisions), "µs")
        yield Row("cost/decision, asked again", middle(again), "µs")
        answered = [one.decision for one in decided[: len(new)]]
        yield Row("cost/response", _each(answers.decided, answered, rounds), "µs")
        jobs: list[Callable[[WriteTransaction], object]] = []
        submit, rooms.store.submit = rooms.store.submit, jobs.append  # type: ignore[assignment]
        captured: list[float] = []
        for call, request in zip(new, asked, strict=True):
            _timed(captured, partial(rooms.recorder.record, call), result_of(request.result))
        rooms.store.submit = submit  # type: ignore[method-assign]
        learned: list[float] = []

        def learn(txn: WriteTransaction) -> None:
            for job in jobs:
                _timed(learned, job, txn)

        submit(learn).result(60)
        yield Row("cost/record, before the writer", middle(captured), "µs")
        yield Row("cost/record, learn job", middle(learned), "µs", RECORD_BAR, best="low", later=True, note=_BAR)
        yield Row("cost/record, learn job, mean", fmean(learned), "µs")
        decisions, learned = _alone(rooms, alone)
        yield Row("cost/decision, right after a record", middle(decisions), "µs")
        yield Row("cost/record, learn job, right after a decision", middle(learned), "µs")
        rooms.log.add = add  # type: ignore[method-assign]
        yield Row("cost/decision log, add", _each(add, decided[:2_000], 1), "µs")
    finally:
        rooms.close()
        gc.unfreeze()
        gc.set_threshold(*thresholds)
        pin(LOAD_CORE)


def _forget(rooms: Rooms) -> None:
    """Let go of what is remembered of calls seen lately."""
    rooms.extractor._known.clear()
    rooms.foresight._wordings._known.clear()


def _alone(rooms: Rooms, records: Sequence[guard_pb2.RecordCallRequest]) -> tuple[list[float], list[float]]:
    """As one caller makes calls: what each decision took, and what learning did."""
    decisions: list[float] = []
    learned: list[float] = []
    jobs: list[Callable[[WriteTransaction], object]] = []
    submit, rooms.store.submit = rooms.store.submit, jobs.append  # type: ignore[assignment]
    for one in records:
        call = call_of(one.call, time.time())
        _timed(decisions, rooms.tracker.should_prevent, call)
        rooms.recorder.record(call, result_of(one.result))
        submit(lambda txn: _timed(learned, jobs.pop(), txn)).result(60)
    rooms.store.submit = submit  # type: ignore[method-assign]
    return decisions, learned


def _timed(times: list[float], run: Callable[[T], object], argument: T) -> None:
    """Note the CPU time of this thread, in microseconds."""
    before = time.thread_time_ns()
    run(argument)
    times.append((time.thread_time_ns() - before) / 1e3)


def _each(run: Callable[[T], object], over: Sequence[T], rounds: int) -> float:
    """The median over rounds of the mean CPU time of this thread for one, in microseconds."""
    found = []
    for _ in range(rounds):
        before = time.thread_time()
        for one in over:
            run(one)
        found.append((time.thread_time() - before) / len(over) * 1e6)
    return middle(found)
