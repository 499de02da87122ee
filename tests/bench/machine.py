"""One core for the daemon, the other for the load: what is compared must not compete."""

from __future__ import annotations

import contextlib
import os
import time
from pathlib import Path

_CORES = sorted(os.sched_getaffinity(0))
DAEMON_CORE = _CORES[-1]
LOAD_CORE = _CORES[0]


def pin(core: int, pid: int = 0) -> None:
    """Keep a process, with all threads it has and will start, on one core."""
    for thread in Path(f"/proc/{pid or 'self'}/task").iterdir():
        # A thread may end between being listed and being moved (gRPC's and the writer's do when a room closes).
        with contextlib.suppress(ProcessLookupError):
            os.sched_setaffinity(int(thread.name), {core})


def pinned(core: int, command: list[str]) -> list[str]:
    """A command that runs on one core."""
    return ["taskset", "-c", str(core), *command]


def cpu_seconds(pid: int) -> float:
    """What a process has used of its core so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def stolen(seconds: float = 0.0) -> float:
    """The share of the daemon's core that others used, over ``seconds`` of rest; how far to trust the numbers."""
    before = _busy()
    time.sleep(seconds)
    busy, total = (after - past for after, past in zip(_busy(), before, strict=True))
    return busy / total if total else 0.0


def _busy() -> tuple[int, int]:
    for line in Path("/proc/stat").read_text().splitlines():
        if line.startswith(f"cpu{DAEMON_CORE} "):
            numbers = [int(text) for text in line.split()[1:9]]
            return sum(numbers) - numbers[3] - numbers[4], sum(numbers)
    return 0, 0
