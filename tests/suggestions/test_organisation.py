"""A year of a simulated organisation: what was planted is found, and little else is suggested."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest

from sidecar.config import Settings
from sidecar.runtime import open_rooms
from sidecar.suggestions import analyst
from tests.suggestions.organisation import Organisation


@pytest.mark.long
@pytest.mark.timeout(600)
@pytest.mark.parametrize("seed", [1, 2, 3, 11, 12, 13])
def test_a_year(seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(analyst, "REST", 0.002)  # a day passes in milliseconds here
    monkeypatch.setattr(analyst, "REST_SHARE", 0.0)
    organisation = Organisation(seed)
    known: dict[str, Any] = {"data_dir": tmp_path}
    rooms = open_rooms(Settings(**known), clock=lambda: organisation.now, randomness=random.Random(seed))
    try:
        organisation.found(rooms)
        outcome = organisation.live(rooms, 1_000)
    finally:
        rooms.close()
    print(
        f"seed {seed}: found {outcome.recall:.0%} of {len(outcome.truths)}, false {outcome.false_share:.0%} of "
        f"{outcome.suggested}, accepted {outcome.acceptance:.0%}"
    )
    missed = sorted(outcome.truths - outcome.found)
    assert outcome.recall >= 0.9, missed
    assert outcome.false_share <= 0.1, outcome.false
    assert outcome.acceptance >= 0.8
