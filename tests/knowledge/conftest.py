"""All rooms over a real store, without gRPC, with a clock that the test moves."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from sidecar.config import Settings
from sidecar.knowledge.verification import Verified, verify_metrics
from sidecar.knowledge.workflows import Completion, Recommendation
from sidecar.model.knowledge import Content, Entity, EntityKind, WorkflowOutcome
from sidecar.runtime import Rooms, open_rooms


class Organisation:
    """The rooms and short ways to use them. ``now`` is every clock."""

    def __init__(self, folder: Path, **settings: Any) -> None:
        self.now = 1_800_000_000.0
        self._folder = folder
        self.settings = settings
        self.rooms: Rooms = self._open()

    def _open(self) -> Rooms:
        known: dict[str, Any] = {"data_dir": self._folder} | self.settings
        return open_rooms(Settings(**known), clock=lambda: self.now, randomness=random.Random(7))

    def restart(self, **settings: Any) -> None:
        """Close and open again."""
        self.rooms.close()
        self.settings |= settings
        self.rooms = self._open()

    def add(
        self, entity_id: str, description: str, kind: EntityKind = EntityKind.PATTERN, **content: Sequence[str] | str
    ) -> Entity:
        """Create an entity, and wait until it can be found."""
        made: dict[str, Any] = {
            key: value if isinstance(value, str) else tuple(value) for key, value in content.items()
        }
        entity = self.rooms.knowledge.create(kind, Content(description, **made), entity_id=entity_id).result(10)
        self.follow(entity)
        return entity

    def follow(self, entity: Entity) -> None:
        """Wait until a change can be found."""
        index = self.rooms.knowledge_index
        assert index.wait(index.follow([(entity.kind, entity.id)]), 10)

    def recommend(self, intent: str, scope: str = "", limit: int = 5) -> Recommendation:
        """Begin a workflow."""
        return self.rooms.workflows.recommend(intent, scope=scope, limit=limit).result(10)

    def complete(
        self,
        workflow_id: bytes,
        used: Sequence[str] = (),
        resources: Sequence[str] = (),
        outcome: WorkflowOutcome = WorkflowOutcome.SUCCESS,
    ) -> Completion:
        """End it."""
        return self.rooms.workflows.complete(workflow_id, used, resources, outcome).result(10)

    def verified(self, between: Callable[[], None] | None = None) -> Verified:
        """Compute all metrics anew."""
        return verify_metrics(self.rooms.store, self.rooms.workflow_retention, between or (lambda: None))


@pytest.fixture
def open_organisation(tmp_path: Path) -> Iterator[Callable[..., Organisation]]:
    opened: list[Organisation] = []

    def make(**settings: Any) -> Organisation:
        opened.append(Organisation(tmp_path / f"data{len(opened)}", **settings))
        return opened[-1]

    yield make
    for one in opened:
        one.rooms.close()


@pytest.fixture
def organisation(open_organisation: Callable[..., Organisation]) -> Organisation:
    return open_organisation()
