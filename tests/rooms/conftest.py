"""All rooms over a real store in a temporary folder, without gRPC, with a clock that the test moves."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
import pytest

from sidecar.config import Settings
from sidecar.learning.learner import Recorded
from sidecar.model.call import Call, Result
from sidecar.model.decision import Decision
from sidecar.model.vocabulary import Outcome
from sidecar.runtime import Rooms, open_rooms


@dataclass
class Bench:
    """The rooms, and short ways to use them. ``now`` is event time and arrival time."""

    rooms: Rooms
    now: float = 1_800_000_000.0
    _calls: int = field(default=0)

    def call(self, arguments: dict[str, Any], **fields: Any) -> Call:
        """A call of the tool ``t`` in session ``s`` at ``now``, unless told otherwise."""
        known: dict[str, Any] = {
            "tool": "t", "context": {}, "session_id": "s", "caller": "", "call_id": "", "server": "",
            "tool_version": "", "time": self.now,
        }  # fmt: skip
        known |= fields
        return Call(arguments=arguments, arguments_json=msgspec.json.encode(arguments).decode(), **known)

    def ask(self, arguments: dict[str, Any], **fields: Any) -> Decision:
        """Decide a call, and wait until that is logged: what it is booked with counts for the next one."""
        decision = self.rooms.tracker.should_prevent(self.call(arguments, **fields))
        self.rooms.store.submit(lambda txn: txn.commit_sequence).result(10)
        return decision

    def tell(
        self, arguments: dict[str, Any], error: str = "", *, decision_id: str = "", result: str = "x", **fields: Any
    ) -> Recorded:
        """Record a call: a failure when there is an error."""
        outcome = Outcome.FAILURE if error else Outcome.SUCCESS
        told = Result(outcome, error=error, result_excerpt="" if error else result)
        return self.rooms.recorder.record(self.call(arguments, **fields), told, decision_id).result(10)


@pytest.fixture
def open_bench(tmp_path: Path) -> Iterator[Callable[..., Bench]]:
    """Opens rooms with settings; called again, it opens the same folder anew."""
    opened: list[Rooms] = []

    def make(**settings: Any) -> Bench:
        for rooms in opened:
            rooms.close()
        opened.clear()
        bench = Bench(rooms=None)  # type: ignore[arg-type]
        # Lots would let some of what a test expects to be prevented through; a test that is about them says so.
        known: dict[str, Any] = {
            "data_dir": tmp_path / "data",
            "mode": "enforce",
            "holdout_share": 0.0,
            "probe_seconds": 600.0,
        } | settings
        bench.rooms = open_rooms(Settings(**known), clock=lambda: bench.now, randomness=random.Random(7))
        opened.append(bench.rooms)
        return bench

    yield make
    for rooms in opened:
        rooms.close()


@pytest.fixture
def bench(open_bench: Callable[..., Bench]) -> Bench:
    """Rooms in mode enforce."""
    return open_bench()
