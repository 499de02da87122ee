"""From the start of the process to its ready file: under two seconds."""

from __future__ import annotations

from collections.abc import Iterator

from .. import daemons
from ..rows import Plan, Row, middle


def measure(plan: Plan) -> Iterator[Row]:
    """Yields the median over a few starts, the first on a new store."""
    found = []
    for _ in range(plan.rounds(5)):
        with daemons.running(plan.folder / "start", "sidecar.main") as daemon:
            found.append(daemon.start_seconds)
    yield Row("start/process to ready", middle(found), "s", 2.0, best="low")
