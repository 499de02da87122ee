"""A simulated organisation: a year of workflows with planted truths, and a reviewer who knows them.

People want what the organisation's needs are, in varying words; they use the right pattern if it is recommended, add
what their habits are, and sometimes do something odd. Nothing in here knows how suggestions are found.
"""

from __future__ import annotations

import random
import time
from collections import Counter
from dataclasses import dataclass, field

from sidecar.model.errors import ForewarnError
from sidecar.model.knowledge import Content, EntityKind, LearningResult, WorkflowOutcome
from sidecar.model.suggestion import Suggestion, SuggestionKind
from sidecar.runtime import Rooms

DAY = 86_400.0
START = 1_750_000_000.0

#: Things to build: the words that say so, and what they are made of.
SUBJECTS = (
    "payments ledger checkout", "image thumbnail gallery", "search catalogue facets", "mail newsletter campaign",
    "chat presence websocket", "billing invoice tax", "login identity sso", "video transcoding codec",
    "maps geocoding tiles", "feature flags rollout", "audit trail compliance", "warehouse etl ingestion",
    "recommendation ranking embeddings", "fraud scoring anomaly", "sensor telemetry gateway", "support ticket helpdesk",
    "inventory stock barcode", "calendar booking appointment", "document ocr scanning", "translation glossary locale",
    "secrets vault rotation", "backup snapshot archive", "metrics dashboard prometheus", "tracing spans jaeger",
    "certificate acme renewal", "proxy cdn edge", "queue rabbitmq worker", "notebook jupyter research",
    "blog cms editorial", "survey poll feedback", "auction bidding escrow", "loyalty coupon voucher",
    "podcast audio streaming", "drone fleet routing", "genome sequencing lab", "parking meter kiosk",
    "weather forecast radar", "recipe nutrition meal", "museum ticketing tour", "ferry timetable harbour",
)  # fmt: skip
FILLERS = "please deploy create a new service for our team application in the cluster with good defaults asap".split()
RESOURCES = (
    "Deployment Service Ingress StatefulSet PersistentVolumeClaim CronJob Job ConfigMap Secret HorizontalPodAutoscaler "
    "PodDisruptionBudget ServiceMonitor Bucket Database Cache Topic Queue Certificate DNSRecord LoadBalancer Function "
    "Volume Role ServiceAccount Gateway VirtualService Dashboard AlertRule BackupPlan Firewall"
).split()
EVERYWHERE = "NetworkPolicy"


@dataclass
class Need:
    """Something people want again and again."""

    name: str
    words: list[str]
    resources: list[str]
    pattern: str = ""  # what serves it; empty where nothing does
    weight: float = 1.0
    habit: str = ""  # a resource that is nearly always added
    skipped: str = ""  # a resource of the pattern that is nearly always left out
    beside: str = ""  # the other need that nearly always comes with it
    made: str = ""  # the pattern that came of a suggestion


@dataclass
class Outcome:
    """What a year led to."""

    truths: set[str]
    found: set[str] = field(default_factory=set)
    suggested: int = 0
    false: list[str] = field(default_factory=list)
    accepted: int = 0
    decided: int = 0
    workflows: int = 0
    late: Counter[str] = field(default_factory=Counter)

    @property
    def recall(self) -> float:
        return len(self.found) / len(self.truths)

    @property
    def false_share(self) -> float:
        return len(self.false) / self.suggested if self.suggested else 0.0

    @property
    def acceptance(self) -> float:
        return self.accepted / self.decided if self.decided else 0.0


class Organisation:
    """One organisation over rooms whose clock is ``self.now``."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.now = START
        subjects = [text.split() for text in self.random.sample(SUBJECTS, len(SUBJECTS))]
        self.needs = [
            Need(f"need{place}", words, self.random.sample(RESOURCES, self.random.randint(2, 4)), f"pattern-{place}")
            for place, words in enumerate(subjects[:24])
        ]
        for need in self.needs[:4]:
            need.habit = self.random.choice([name for name in RESOURCES if name not in need.resources])
            need.weight = 1.5
        for need in self.needs[4:5]:
            need.skipped, need.weight = need.resources[-1], 1.5
        for left, right in ((5, 6), (7, 8), (9, 10)):
            self.needs[left].beside = self.needs[right].name
            self.needs[left].weight = 1.5
        self.missing = [
            Need(f"gap{place}", words, self.random.sample(RESOURCES, 3), weight=1.5)
            for place, words in enumerate(subjects[24:28])
        ]
        self.dead = {f"dead-{place}": self.needs[place] for place in (12, 13)}
        for need in self.dead.values():
            need.weight = 2.5  # often recommended, therefore
        self.odd = subjects[28:]
        self.outcome = Outcome(
            truths={f"add {one.pattern} {one.habit}" for one in self.needs if one.habit}
            | {f"skip {one.pattern} {one.skipped}" for one in self.needs if one.skipped}
            | {f"together {one.pattern} {self._need(one.beside).pattern}" for one in self.needs if one.beside}
            | {f"missing {one.name}" for one in self.missing}
            | {f"dead {name}" for name in self.dead}
            | {f"everywhere {EVERYWHERE}"}
        )

    def found(self, rooms: Rooms) -> None:
        """Write the organisation's patterns."""
        for need in self.needs:
            self._create(rooms, need.pattern, need.words, need.resources)
        for name, need in self.dead.items():
            self._create(rooms, name, [*need.words, "legacy"], ["VirtualMachine", "LoadBalancer"])

    def live(self, rooms: Rooms, workflows: int, days: int = 365) -> Outcome:
        """A year: some workflows each day, and at its end a look into the inbox."""
        for day in range(days):
            self.now = START + (day + 1) * DAY
            until = workflows * (day + 1) // days
            last = b""
            while self.outcome.workflows < until:
                last = self._work(rooms)
                self.now += 60.0
            if last:
                _wait(rooms, last)
                self._review(rooms)
        return self.outcome

    def _work(self, rooms: Rooms) -> bytes:
        self.outcome.workflows += 1
        if self.random.random() < 0.08:  # something that nobody wants twice
            words = self.random.sample([word for words in self.odd for word in words], 3)
            return self._run(rooms, words, [], self.random.sample(RESOURCES, 2))
        needs = [*self.needs, *self.missing]
        need = self.random.choices(needs, [one.weight for one in needs])[0]
        wanted = [need]
        if need.beside and self.random.random() < 0.85:
            wanted.append(self._need(need.beside))
        resources: list[str] = []
        for one in wanted:
            kept = [name for name in one.resources if not (name == one.skipped and self.random.random() < 0.9)]
            resources += kept
            if one.habit and self.random.random() < 0.8:
                resources.append(one.habit)
        if self.random.random() < 0.12:
            resources.append(self.random.choice(RESOURCES))
        if self.random.random() < 0.75:
            resources.append(EVERYWHERE)
        words = [word for one in wanted for word in one.words if self.random.random() < 0.85] or need.words
        return self._run(rooms, words, wanted, list(dict.fromkeys(resources)))

    def _run(self, rooms: Rooms, words: list[str], wanted: list[Need], resources: list[str]) -> bytes:
        said = [*words, *self.random.sample(FILLERS, 4)]
        self.random.shuffle(said)
        answer = rooms.workflows.recommend(" ".join(said), scope=self.random.choice(["eu", "us"])).result(30)
        offered = {one.entity.id for one in answer.patterns}
        used: list[str] = []
        both = next((one.made for one in wanted if one.beside and one.made), "")
        if len(wanted) == 2 and both in offered:
            used = [both]
        else:
            for one in wanted:
                ours = one.made if one.made and not one.beside else one.pattern
                if ours and (ours in offered or self.random.random() < 0.5):
                    used.append(ours)
        outcome = WorkflowOutcome.SUCCESS if self.random.random() < 0.93 else WorkflowOutcome.FAILURE
        rooms.workflows.complete(answer.workflow_id, used, resources, outcome).result(30)
        return answer.workflow_id

    def _review(self, rooms: Rooms) -> None:
        """Take what is true, reject what is not."""
        with rooms.store.read() as reader:
            waiting = rooms.suggestions.inbox.pending(reader)
        for one in waiting:
            self.outcome.suggested += 1
            self.outcome.decided += 1
            truths = self._truths_of(one)
            shown = one.suggestion_id.hex()
            if not truths:
                self.outcome.false.append(f"{one.kind.name} {one.ground.name} {one.elements} {one.reason}")
                rooms.suggestions.inbox.reject(shown, "not so", actor="reviewer").result(30)
                continue
            try:
                done = rooms.suggestions.inbox.approve(shown, actor="reviewer").result(30)
            except ForewarnError:
                rooms.suggestions.inbox.dismiss(shown, actor="reviewer").result(30)
                continue
            self.outcome.accepted += 1
            self.outcome.found |= truths
            assert done.entity is not None
            rooms.knowledge_index.wait(rooms.knowledge_index.follow([(done.entity.kind, done.entity.id)]))
            self._take_up(one, truths, done.entity.id)

    def _truths_of(self, one: Suggestion) -> set[str]:
        """The planted truths that a suggestion tells; none where any part of it is not true."""
        truths = self.outcome.truths
        if one.kind is SuggestionKind.DEPRECATE_PATTERN:
            told = {f"dead {one.target_id}"}
        elif one.kind is SuggestionKind.CREATE_POLICY:
            told = {f"everywhere {name}" for name in one.draft.suggested_resources}
        elif one.kind is SuggestionKind.UPDATE_PATTERN:
            words = {"+": "add", "-": "skip"}
            told = {f"{words.get(text[0], 'other')} {one.target_id} {text[1:]}" for text in one.elements}
        elif len(one.evidence.entity_ids) == 2:
            left, right = one.evidence.entity_ids
            told = {f"together {left} {right}", f"together {right} {left}"} & truths or {"no pair"}
        else:
            near = [need for need in self.missing if len(set(need.words) & set(one.draft.triggers)) >= 2]
            right_one = [need for need in near if set(need.resources) <= set(one.draft.suggested_resources)]
            told = {f"missing {need.name}" for need in right_one} if len(right_one) == 1 else {"no gap"}
        return told if told <= truths else set()

    def _take_up(self, one: Suggestion, truths: set[str], entity_id: str) -> None:
        """From now on the organisation works with what was approved."""
        for truth in truths:
            what, *rest = truth.split(" ")
            if what == "missing":
                next(need for need in self.missing if need.name == rest[0]).made = entity_id
            elif what == "together":
                next(need for need in self.needs if need.pattern == rest[0]).made = entity_id

    def _create(self, rooms: Rooms, name: str, words: list[str], resources: list[str]) -> None:
        content = Content(f"Runs {' '.join(words)}", tuple(words), "", tuple(resources))
        entity = rooms.knowledge.create(EntityKind.PATTERN, content, entity_id=name).result(30)
        rooms.knowledge_index.wait(rooms.knowledge_index.follow([(entity.kind, entity.id)]))

    def _need(self, name: str) -> Need:
        return next(need for need in self.needs if need.name == name)


def _wait(rooms: Rooms, workflow_id: bytes) -> None:
    """Until a workflow was looked at."""
    until = time.monotonic() + 30.0
    while time.monotonic() < until:
        with rooms.store.read() as reader:
            if rooms.workflows.get(reader, workflow_id).learning is not LearningResult.PENDING:
                return
        time.sleep(0.002)
    raise AssertionError("a workflow was never looked at")
