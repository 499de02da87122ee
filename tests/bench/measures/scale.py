"""A check and a record at a million stored usage patterns cost at most 1.5 × what they cost at a thousand.

In this process, in CPU time of all its threads; stores take turns, so that noise falls on both.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator

from sidecar.model.call import Result
from sidecar.model.vocabulary import Outcome
from sidecar.runtime import Rooms

from ..machine import DAEMON_CORE, LOAD_CORE, pin
from ..rows import Plan, Row, middle
from ..stores import TOOL_COUNT, call, open_with

SMALL = 1_000
BAR = 1.5
_CALLS = 300


def measure(plan: Plan) -> Iterator[Row]:
    """Yields both ratios, and the costs behind them."""
    large = 100_000 if plan.quick else 1_000_000
    began = time.monotonic()
    rooms = {count: open_with(plan.folder / f"scale-{count}", count) for count in (SMALL, large)}
    yield Row(f"scale/filling {large:,}", time.monotonic() - began, "s")
    costs: dict[str, dict[int, list[float]]] = {"check": {SMALL: [], large: []}, "record": {SMALL: [], large: []}}
    choice = random.Random(5)
    pin(DAEMON_CORE)
    try:
        for turn in range(plan.rounds(12) + 1):
            for what, run in (("check", _check), ("record", _record)):
                for count, room in rooms.items():
                    cost = run(room, count, choice, turn)
                    if turn:  # the first warms up
                        costs[what][count].append(cost)
    finally:
        pin(LOAD_CORE)
        for room in rooms.values():
            room.close()
    for what, by_count in costs.items():
        ratio = middle([most / least for least, most in zip(by_count[SMALL], by_count[large], strict=True)])
        yield Row(f"scale/{what} at {large:,} to {SMALL:,}", ratio, "ratio", BAR, best="low")
        for count in (SMALL, large):
            yield Row(f"scale/{what} at {count:,}", middle(by_count[count]), "µs")


def _check(rooms: Rooms, count: int, choice: random.Random, turn: int) -> float:
    calls = _calls(count, choice, turn)
    return _cpu(lambda: [rooms.tracker.should_prevent(one) for one in calls])


def _record(rooms: Rooms, count: int, choice: random.Random, turn: int) -> float:
    calls = _calls(count, choice, turn)
    results = [_RESULTS[choice.random() < 0.3] for _ in calls]

    def run() -> None:
        waiting = [rooms.recorder.record(one, result) for one, result in zip(calls, results, strict=True)]
        for one in waiting:
            one.result(60)

    return _cpu(run)


_RESULTS = (
    Result(Outcome.SUCCESS, result_excerpt="ok"),
    Result(Outcome.FAILURE, error="Error: order #W1 not found in the shop's database"),
)


def _calls(count: int, choice: random.Random, turn: int) -> list:  # type: ignore[type-arg]
    """Calls anywhere in the store; a third of them not in it."""
    each = count // TOOL_COUNT
    return [
        call(choice.randrange(TOOL_COUNT), choice.randrange(each * 3 // 2 + 1), f"s{turn}-{choice.randrange(20)}")
        for _ in range(_CALLS)
    ]


def _cpu(run: Callable[[], object]) -> float:
    """Microseconds of CPU a call."""
    before = time.process_time()
    run()
    return (time.process_time() - before) / _CALLS * 1e6
