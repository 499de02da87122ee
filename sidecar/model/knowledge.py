"""Organisational knowledge and the workflows that use it, as typed records. Fields are only ever appended."""

from __future__ import annotations

from enum import IntEnum
from typing import Final

import msgspec

#: Below this relevance a match is weak: what was looked for is probably not there.
WEAK: Final = 0.3


class EntityKind(IntEnum):
    """What an entity is: what to build, or what must hold of what is built. Numbers as in ``knowledge.proto``."""

    PATTERN = 1
    POLICY = 2


class WorkflowKind(IntEnum):
    """What a workflow does. Numbers as in ``workflow.proto``."""

    RECOMMEND = 1
    OPERATE = 2


class WorkflowOutcome(IntEnum):
    """How a workflow ended; ``OPEN`` while it has not. Numbers as in ``workflow.proto``."""

    OPEN = 0
    SUCCESS = 1
    FAILURE = 2
    ABANDONED = 3


class LearningResult(IntEnum):
    """What became of a workflow's last stage."""

    WAITING = 0
    PENDING = 1
    SUCCESS = 2
    SKIPPED = 3
    FAILED = 4


class Semantic(IntEnum):
    """Whether meaning had a part in a match, beside words. Numbers as in ``knowledge.proto``."""

    OFF = 1
    USED = 2
    BUILDING = 3
    UNAVAILABLE = 4


class Content(msgspec.Struct, frozen=True):
    """What people write of an entity."""

    description: str
    triggers: tuple[str, ...] = ()
    rationale: str = ""
    suggested_resources: tuple[str, ...] = ()
    policy_document: str = ""


class Entity(msgspec.Struct, array_like=True, frozen=True):
    """An organisational pattern or policy in one of its revisions. Times are seconds since the epoch; 0: never.

    ``origin`` is ``created``, ``imported`` or ``suggestion:ID``. Texts are redacted.
    """

    id: str
    kind: EntityKind
    description: str
    triggers: tuple[str, ...]
    rationale: str
    suggested_resources: tuple[str, ...]
    policy_document: str
    created_time: float
    created_by: str
    origin: str
    revision: int
    updated_time: float
    updated_by: str
    deleted_time: float = 0.0

    @property
    def content(self) -> Content:
        """What people wrote."""
        return Content(self.description, self.triggers, self.rationale, self.suggested_resources, self.policy_document)


class Recommended(msgspec.Struct, array_like=True, frozen=True):
    """An entity as it was shown: its revision and scores of then. ``relevance`` and ``p_use`` lie in [0, 1].

    What matched weakly was shown, and does not count as recommended: nearly everything matches something weakly.
    """

    id: str
    kind: EntityKind
    revision: int
    score: float
    relevance: float
    p_use: float
    weak: bool = False
    #: By words alone, 0 to 1, where that is not what ``relevance`` is; and the cosine of the vectors.
    lexical: float | None = None
    semantic: float | None = None


class Trial(msgspec.Struct, array_like=True, frozen=True):
    """That a workflow is part of a rollout of a pattern, which was offered to it (``treated``) or kept from it."""

    rollout_id: bytes
    treated: bool


class Used(msgspec.Struct, array_like=True, frozen=True):
    """An entity that a workflow used, and what it suggests that was not generated."""

    id: str
    kind: EntityKind
    recommended: bool
    omissions: tuple[str, ...] = ()


class Began(msgspec.Struct, array_like=True, frozen=True, tag="began"):
    """A workflow began. ``scope_counted``: whether the scope has metrics of its own."""

    time: float
    workflow_id: bytes
    kind: WorkflowKind
    intent: str
    scope: str
    scope_counted: bool
    caller: str
    recommended: tuple[Recommended, ...]
    #: Whether the best pattern was weak, or there was none.
    without_match: bool


class Completed(msgspec.Struct, array_like=True, frozen=True, tag="completed"):
    """A workflow ended. Holds all that metrics are made of: no other event is needed to count it.

    ``additions`` are resources that were generated and that nothing used suggests.
    """

    time: float
    workflow_id: bytes
    kind: WorkflowKind
    scope: str
    scope_counted: bool
    recommended: tuple[Recommended, ...]
    used: tuple[Used, ...]
    resources: tuple[str, ...]
    additions: tuple[str, ...]
    outcome: WorkflowOutcome
    detail: str


#: What the append-only journal of workflows holds.
WorkflowEvent = Began | Completed


class Workflow(msgspec.Struct, array_like=True):
    """One run as its events tell it, and its last stage. ``last_sequence`` is its last event in the journal."""

    workflow_id: bytes
    kind: WorkflowKind
    intent: str
    scope: str
    scope_counted: bool
    caller: str
    started_time: float
    recommended: tuple[Recommended, ...]
    without_match: bool
    last_sequence: int
    completed_time: float = 0.0
    outcome: WorkflowOutcome = WorkflowOutcome.OPEN
    used: tuple[Used, ...] = ()
    resources: tuple[str, ...] = ()
    additions: tuple[str, ...] = ()
    detail: str = ""
    learning: LearningResult = LearningResult.WAITING
    learning_detail: str = ""
    suggestion_ids: tuple[str, ...] = ()
    session_id: str = ""
    trials: tuple[Trial, ...] = ()
    #: When the last stage was filled; 0 where it was not, or before that was kept.
    learned_time: float = 0.0


def is_without_match(recommended: tuple[Recommended, ...]) -> bool:
    """Whether the best pattern is weak, or there is none."""
    return all(one.weak for one in recommended if one.kind is EntityKind.PATTERN)


class Usage(msgspec.Struct, array_like=True):
    """How an entity was used, in one scope or over all. Made from events alone; see ``knowledge/metrics.py``."""

    times_recommended: int = 0
    times_used: int = 0
    offered: int = 0
    accepted: int = 0
    succeeded: int = 0
    failed: int = 0
    resources_known: int = 0
    last_recommended: float = 0.0
    last_used: float = 0.0
    additions: dict[str, int] = msgspec.field(default_factory=dict)
    omissions: dict[str, int] = msgspec.field(default_factory=dict)
    #: The last workflows that used it, oldest first; over all scopes only.
    recent: list[bytes] = msgspec.field(default_factory=list)
    #: Workflows that were shown it as a weak match, and those of them that used it all the same.
    weakly_matched: int = 0
    weakly_used: int = 0


class Neighbours(msgspec.Struct, array_like=True):
    """What is used together with an entity: workflows that used both, by the other's id."""

    times: dict[str, int] = msgspec.field(default_factory=dict)


class WorkflowTotals(msgspec.Struct, array_like=True):
    """What was counted over all workflows. ``shown`` and ``used`` by bins of relevance; see ``calibration.py``."""

    started: int = 0
    completed: int = 0
    succeeded: int = 0
    failed: int = 0
    abandoned: int = 0
    without_match: int = 0
    #: Completed workflows that used anything: what co-usage is out of.
    using: int = 0
    shown: list[int] = msgspec.field(default_factory=lambda: [0] * 20)
    used: list[int] = msgspec.field(default_factory=lambda: [0] * 20)
