"""Rooms over a real store, with a clock that the test moves, and workflows in a line each."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from pytest_httpserver import HTTPServer

from sidecar.config import Settings
from sidecar.model.knowledge import Content, Entity, EntityKind, LearningResult, Workflow, WorkflowOutcome
from sidecar.model.suggestion import Suggestion, SuggestionKind
from sidecar.runtime import Rooms, open_rooms
from sidecar.suggestions.inbox import Inbox
from tests.suggestions.model_server import ModelServer

PATIENCE = 30.0


@dataclass
class Office:
    """The rooms, and short ways to use them. ``now`` is the time of everything."""

    rooms: Rooms
    now: float = 1_800_000_000.0

    @property
    def inbox(self) -> Inbox:
        return self.rooms.suggestions.inbox

    def pattern(self, name: str, triggers: str, *resources: str) -> Entity:
        content = Content(f"Runs {triggers}", tuple(triggers.split()), "as ever", resources)
        entity = self.rooms.knowledge.create(EntityKind.PATTERN, content, entity_id=name).result(PATIENCE)
        self.indexed(entity)
        return entity

    def indexed(self, entity: Entity | None) -> None:
        assert entity is not None
        assert self.rooms.knowledge_index.wait(self.rooms.knowledge_index.follow([(entity.kind, entity.id)]))

    def run(self, intent: str, used: Sequence[str] = (), resources: Sequence[str] = (), detail: str = "") -> bytes:
        """One workflow that succeeds."""
        begun = self.rooms.workflows.recommend(intent).result(PATIENCE)
        outcome = WorkflowOutcome.SUCCESS
        self.rooms.workflows.complete(begun.workflow_id, used, resources, outcome, detail).result(PATIENCE)
        return begun.workflow_id

    def learned(self, workflow_id: bytes) -> Workflow:
        """The workflow, once it was looked at."""

        def look() -> Workflow | None:
            with self.rooms.store.read() as reader:
                found = self.rooms.workflows.get(reader, workflow_id)
            return found if found.learning is not LearningResult.PENDING else None

        found: Workflow = until(look)
        return found

    def gap(self, times: int = 6, about: str = "kafka topics for event streaming") -> Suggestion:
        """A recurring intent that nothing matches, and the suggestion that it leads to."""
        for _ in range(times):
            last = self.run(about, resources=["KafkaTopic", "KafkaUser"])
        self.learned(last)
        return next(one for one in self.pending() if one.kind is SuggestionKind.CREATE_PATTERN)

    def additions(self, times: int = 10, skipped: int = 2) -> list[bytes]:
        """A pattern ``web`` whose workflows add a cache in all but some cases."""
        self.pattern("web", "public website", "Deployment", "Service")
        ids = [
            self.run("public website", ["web"], ["Deployment", "Service", *(["Cache"] if number >= skipped else [])])
            for number in range(times)
        ]
        self.learned(ids[-1])
        return ids

    def pending(self) -> list[Suggestion]:
        with self.rooms.store.read() as reader:
            return self.inbox.pending(reader)

    def get(self, suggestion: Suggestion) -> Suggestion:
        with self.rooms.store.read() as reader:
            return self.inbox.get(reader, suggestion.suggestion_id.hex())

    def entity(self, name: str) -> Entity:
        with self.rooms.store.read() as reader:
            return self.rooms.knowledge.get(reader, name)

    def generate(self) -> list[str]:
        """What became of all that is found now."""
        return [one.outcome for one in self.rooms.suggestions.analyst.generate().result(PATIENCE)]


def until(look: Callable[[], Any], patience: float = PATIENCE) -> Any:
    """What ``look`` gives once it gives something."""
    end = time.monotonic() + patience
    while time.monotonic() < end:
        found = look()
        if found:
            return found
        time.sleep(0.005)
    raise AssertionError("it did not come to that")


OpenOffice = Callable[..., Office]


@pytest.fixture
def open_office(tmp_path: Path) -> Iterator[OpenOffice]:
    """Opens rooms with settings; called again, it opens the same folder anew."""
    opened: list[Rooms] = []

    def make(**settings: Any) -> Office:
        now = 1_800_000_000.0
        for rooms in opened:
            now = rooms.clock()
            rooms.close()
        opened.clear()
        office = Office(rooms=None, now=now)  # type: ignore[arg-type]
        known: dict[str, Any] = {"data_dir": tmp_path / "data"} | settings
        office.rooms = open_rooms(Settings(**known), clock=lambda: office.now, randomness=random.Random(7))
        opened.append(office.rooms)
        return office

    yield make
    for rooms in opened:
        rooms.close()


@pytest.fixture
def office(open_office: OpenOffice) -> Office:
    """Rooms where statistics draft."""
    return open_office()


@pytest.fixture
def model() -> Iterator[ModelServer]:
    """A model that answers well until told otherwise."""
    with HTTPServer(threaded=True) as server:
        yield ModelServer(server)


@pytest.fixture
def open_drafting(open_office: OpenOffice, model: ModelServer, tmp_path: Path) -> Callable[..., Office]:
    """Opens rooms where the model drafts."""
    key = tmp_path / "key"
    key.write_text("sk-ant-api03-THE-KEY\n")

    def make(**settings: Any) -> Office:
        known: dict[str, Any] = {"drafting": "claude", "llm_base_url": model.url, "llm_key_file": key} | settings
        return open_office(**known)

    return make
