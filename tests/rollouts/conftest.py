"""Rooms over a real store, with workflows and calls of many sessions in a line each."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import pytest

from sidecar.config import Settings
from sidecar.model.call import Call, Result
from sidecar.model.decision import Decision
from sidecar.model.knowledge import Content, EntityKind, WorkflowOutcome
from sidecar.model.vocabulary import Outcome
from sidecar.policies.loading import load
from sidecar.policies.reference import ReferenceEvaluator
from sidecar.rollouts.counting import recounted
from sidecar.rollouts.records import Rollout
from sidecar.rollouts.rollouts import Rollouts
from sidecar.rollouts.trials import is_treated
from sidecar.runtime import Rooms, open_rooms

PATIENCE = 30.0
GUARD = """policy: guard
tools: [t]
rules: [{name: stop, when: {field: call.arguments.bad, equal: true}, then: {prevent: {message: no}}}]
"""


@dataclass
class Ground:
    """The rooms, and short ways to use them. ``now`` is the time of everything."""

    rooms: Rooms
    now: float = 1_800_000_000.0

    @property
    def rollouts(self) -> Rollouts:
        return self.rooms.rollouts

    def pattern(self, name: str, triggers: str = "public website") -> None:
        content = Content(f"Runs a {triggers}", tuple(triggers.split()), "as ever", ("Deployment",))
        made = self.rooms.knowledge.create(EntityKind.PATTERN, content, entity_id=name).result(PATIENCE)
        index = self.rooms.knowledge_index
        assert index.wait(index.follow([(made.kind, made.id)]))

    def offered(self, session: str = "", intent: str = "a public website", limit: int = 5) -> tuple[bytes, list[str]]:
        """A workflow that begins: its id, and the patterns that it is offered."""
        found = self.rooms.workflows.recommend(intent, session_id=session, limit=limit).result(PATIENCE)
        return found.workflow_id, [one.entity.id for one in found.patterns]

    def complete(self, workflow_id: bytes, *, well: bool, used: tuple[str, ...] = ()) -> None:
        outcome = WorkflowOutcome.SUCCESS if well else WorkflowOutcome.FAILURE
        self.rooms.workflows.complete(workflow_id, used, (), outcome).result(PATIENCE)

    def apply(self, text: str = GUARD) -> None:
        """A policy in the book; compiled at once, since the engine has tests of its own."""
        self.rooms.policies.evaluator = ReferenceEvaluator()
        self.rooms.policy_book.apply([(policy, "") for policy in load(text)], "ann", "")

    def ask(self, arguments: dict[str, Any], session: str, number: int = 0) -> Decision:
        """Decide a call, and wait until that is logged."""
        decision = self.rooms.tracker.should_prevent(self._call(arguments, session, number))
        self.rooms.store.submit(lambda txn: txn.commit_sequence).result(PATIENCE)
        return decision

    def tell(self, arguments: dict[str, Any], session: str, number: int, *, failed: bool) -> None:
        told = Result(Outcome.FAILURE if failed else Outcome.SUCCESS, error="broken" if failed else "")
        self.rooms.recorder.record(self._call(arguments, session, number), told).result(PATIENCE)

    def get(self, rollout: Rollout) -> Rollout:
        """A rollout as it is now, which must be what its journal says."""
        self.rollouts.settle().result(PATIENCE)
        with self.rooms.store.read() as reader:
            found = self.rollouts.get(reader, rollout.rollout_id.hex())
            assert recounted(found, self.rollouts.events(reader, found)) == found
        return found

    def _call(self, arguments: dict[str, Any], session: str, number: int) -> Call:
        text = msgspec.json.encode(arguments).decode()
        return Call("t", arguments, text, {}, session, "", f"{session}-{number}", "", "", self.now)


def sides(rollout: Rollout, sessions: list[str]) -> dict[bool, list[str]]:
    """Sessions by side."""
    return {
        side: [one for one in sessions if is_treated(rollout.rollout_id, rollout.share, one) is side]
        for side in (True, False)
    }


OpenGround = Callable[..., Ground]


@pytest.fixture
def open_ground(tmp_path: Path) -> Iterator[OpenGround]:
    """Opens rooms; called again, it opens the same folder anew."""
    opened: list[Rooms] = []

    def make(**settings: Any) -> Ground:
        for rooms in opened:
            rooms.close()
        opened.clear()
        ground = Ground(rooms=None)  # type: ignore[arg-type]
        known: dict[str, Any] = {"data_dir": tmp_path / "data", "mode": "off"} | settings
        ground.rooms = open_rooms(Settings(**known), clock=lambda: ground.now, randomness=random.Random(7))
        opened.append(ground.rooms)
        return ground

    yield make
    for rooms in opened:
        rooms.close()


@pytest.fixture
def ground(open_ground: OpenGround) -> Ground:
    """Rooms where nothing is prevented by what was learned."""
    return open_ground()
