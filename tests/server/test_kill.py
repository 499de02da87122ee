"""kill -9 under load: whatever was acknowledged is there. tests/long does it a hundred times."""

from __future__ import annotations

import random

from .killing import kill_and_check
from .running import RunningDaemon


def test_nothing_acknowledged_is_lost(daemon: RunningDaemon) -> None:
    assert kill_and_check(daemon, rounds=5, chance=random.Random(11)) < 10
