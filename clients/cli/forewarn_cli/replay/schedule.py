"""In which order a source's calls are replayed, and when each is said to have happened.

Runs stay whole and their calls in order. As they stand in the file, calls keep their own times; shuffled, each run is
moved so that time goes forward over the replay, with the gaps inside it kept up to an hour.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence

from forewarn_cli.replay.trace_files import TraceCall

STEP = 1.0
"""Seconds between calls whose times are unknown, and between runs that were moved."""

MAX_GAP = 3600.0
"""Seconds that a gap inside a moved run may last."""


def schedule(calls: Sequence[TraceCall], order: int | None, start: float) -> Iterator[tuple[float, TraceCall]]:
    """The calls with their event times; `order` is the seed of a shuffle, `start` begins a clock where none is told."""
    return _as_recorded(calls, start) if order is None else _shuffled(calls, order, start)


def _as_recorded(calls: Sequence[TraceCall], start: float) -> Iterator[tuple[float, TraceCall]]:
    clock = start
    latest: dict[str, float] = {}
    for call in calls:
        before = latest.get(call.run)
        if call.time is not None:
            time = call.time if before is None else max(call.time, before)
        else:
            # A run with some known times goes on from them; one with none follows the clock.
            clock += STEP
            time = clock if before is None else max(clock, before + STEP)
        latest[call.run] = time
        yield time, call


def _shuffled(calls: Sequence[TraceCall], order: int, start: float) -> Iterator[tuple[float, TraceCall]]:
    runs: dict[str, list[TraceCall]] = {}
    for call in calls:
        runs.setdefault(call.run, []).append(call)
    names = list(runs)
    random.Random(order).shuffle(names)
    now = min((call.time for call in calls if call.time is not None), default=start)
    for name in names:
        before: float | None = None
        for call in runs[name]:
            gap = STEP
            if call.time is not None and before is not None:
                gap = min(max(call.time - before, 0.0), MAX_GAP)
            now += gap
            before = call.time if call.time is not None else before
            yield now, call
