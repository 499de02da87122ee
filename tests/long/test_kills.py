"""A hundred kills of one store under load. FOREWARN_KILLS says how many, FOREWARN_SEED which moments."""

from __future__ import annotations

import os
import random

import pytest

from tests.conftest import StartDaemon
from tests.server.killing import kill_and_check
from tests.server.running import RunningDaemon

KILLS = int(os.environ.get("FOREWARN_KILLS", "100"))
SEED = int(os.environ.get("FOREWARN_SEED", "0")) or random.SystemRandom().randrange(1, 1 << 30)


@pytest.mark.long
def test_nothing_acknowledged_is_lost_in_many_kills(daemon: RunningDaemon) -> None:
    print(f"FOREWARN_SEED={SEED}")
    slowest = kill_and_check(daemon, KILLS, random.Random(SEED))
    print(f"slowest restart: {slowest:.2f} s")
    assert slowest < 2.0


@pytest.mark.long
def test_a_fresh_process_starts_in_time(start_daemon: StartDaemon) -> None:
    """An interpreter of its own, as a user starts it: under 2 s on a machine that has nothing else to do."""
    daemon = start_daemon(fresh=True)
    seconds = []
    for _ in range(5):
        daemon.restart()
        seconds.append(daemon.start_seconds)
    print(f"starts: {[round(one, 2) for one in seconds]}")
    assert min(seconds) < 2.0
