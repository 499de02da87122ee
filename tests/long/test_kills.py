"""A hundred kills of one store under load. FOREWARN_KILLS says how many, FOREWARN_SEED which moments."""

from __future__ import annotations

import os
import random

import pytest

from tests.server.killing import kill_and_check
from tests.server.running import RunningDaemon

KILLS = int(os.environ.get("FOREWARN_KILLS", "100"))
SEED = int(os.environ.get("FOREWARN_SEED", "0")) or random.SystemRandom().randrange(1, 1 << 30)


@pytest.mark.long
def test_nothing_acknowledged_is_lost_in_many_kills(daemon: RunningDaemon) -> None:
    print(f"FOREWARN_SEED={SEED}")
    slowest = kill_and_check(daemon, KILLS, random.Random(SEED))
    print(f"slowest restart: {slowest:.2f} s")  # the bar for starts is in make bench: machines are noisy
