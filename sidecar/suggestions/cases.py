"""The window of recent workflows that evidence is looked for in: bounded, in memory, made of what the store holds.

Counts are kept as cases come and go, so that what one more workflow changes can be seen without reading the others.
One thread uses it.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable
from itertools import combinations
from typing import Final

import msgspec

from ..model.knowledge import EntityKind, Workflow, WorkflowOutcome
from .clusters import Clusters
from .words import stems_of

#: Completed workflows in the window, and how old (seconds before the newest) they may be.
WINDOW: Final = 5_000
AGE: Final = 180 * 86_400.0
#: Cases that are kept by pattern: of its use, of its being offered.
USES: Final = 50
OFFERS: Final = 200
#: A recommendation counts as an offer where such ones are used at least so often (the calibrated probability of then).
LIKELY: Final = 0.2
#: Workflows with more used patterns than this say nothing about pairs.
_MOST_USED: Final = 12


class Case(msgspec.Struct, frozen=True, eq=False):
    """A completed workflow, as far as evidence needs it. Ids are those of patterns unless told otherwise."""

    workflow_id: bytes
    time: float
    intent: str
    stems: dict[str, str]
    scope: str
    used: tuple[str, ...]
    offered: tuple[str, ...]
    best: str
    omissions: dict[str, tuple[str, ...]]
    resources: tuple[str, ...]
    additions: tuple[str, ...]
    worked: bool
    without_match: bool


def case_of(workflow: Workflow) -> Case:
    """What evidence needs of a completed workflow. ``offered`` patterns were likely ones, ``best`` the first."""
    patterns = [one for one in workflow.used if one.kind is EntityKind.PATTERN]
    return Case(
        workflow_id=workflow.workflow_id,
        time=workflow.completed_time,
        intent=workflow.intent,
        stems=stems_of(workflow.intent),
        scope=workflow.scope,
        used=tuple(one.id for one in patterns),
        offered=tuple(one.id for one in workflow.recommended if one.kind is EntityKind.PATTERN and one.p_use >= LIKELY),
        best=next((one.id for one in workflow.recommended if one.kind is EntityKind.PATTERN), ""),
        omissions={one.id: one.omissions for one in patterns},
        resources=workflow.resources,
        additions=workflow.additions,
        worked=workflow.outcome is WorkflowOutcome.SUCCESS,
        without_match=workflow.without_match,
    )


class Cases:
    """See the module."""

    def __init__(self) -> None:
        self._window: deque[Case] = deque()
        self._known: set[bytes] = set()
        self.newest = 0.0
        #: Latest cases that used a pattern and worked, and latest to which it was offered; oldest first.
        self.uses: dict[str, deque[Case]] = {}
        self.offers: dict[str, deque[Case]] = {}
        #: How many cases of the window used a pattern, each pair of patterns, any.
        self.used: Counter[str] = Counter()
        self.pairs: Counter[tuple[str, str]] = Counter()
        self.using = 0
        #: Cases that say what was generated, and in how many of them each resource was added, by its folded name.
        self.telling = 0
        self.added: Counter[str] = Counter()
        #: Intents that nothing matched well.
        self.gaps = Clusters()

    def __len__(self) -> int:
        return len(self._window)

    def __contains__(self, workflow_id: bytes) -> bool:
        return workflow_id in self._known

    @property
    def all(self) -> Iterable[Case]:
        """Oldest first."""
        return self._window

    def add(self, case: Case) -> bool:
        """Take a case in, and let go of what is too old or too much. False where it is there already."""
        if case.workflow_id in self._known:
            return False
        self._window.append(case)
        self._known.add(case.workflow_id)
        self.newest = max(self.newest, case.time)
        if case.worked:
            for one in case.used:
                self.uses.setdefault(one, deque(maxlen=USES)).append(case)
            self._count(case, 1)
            if case.without_match:
                self.gaps.add(case)
        for one in case.offered:
            self.offers.setdefault(one, deque(maxlen=OFFERS)).append(case)
        while len(self._window) > WINDOW or self._window[0].time < self.newest - AGE:
            self._remove(self._window.popleft())
        return True

    def together(self, left: str, right: str) -> list[Case]:
        """The cases of the window that used both, newest first."""
        return [case for case in reversed(self._window) if case.worked and left in case.used and right in case.used]

    def _remove(self, case: Case) -> None:
        self._known.discard(case.workflow_id)
        for book, names in ((self.uses, case.used), (self.offers, case.offered)):
            for one in names:
                kept = book.get(one)
                if kept and kept[0] is case:
                    kept.popleft()
                if kept is not None and not kept:
                    del book[one]
        if case.worked:
            self._count(case, -1)
            self.gaps.remove(case)

    def _count(self, case: Case, times: int) -> None:
        if case.resources:
            self.telling += times
            for name in case.additions:
                _add(self.added, name.casefold(), times)
        if not case.used:
            return
        self.using += times
        for one in case.used:
            _add(self.used, one, times)
        if len(case.used) <= _MOST_USED:
            for pair in combinations(sorted(case.used), 2):
                _add(self.pairs, pair, times)


def _add(counts: Counter, key: object, times: int) -> None:  # type: ignore[type-arg]
    counts[key] += times
    if counts[key] <= 0:
        del counts[key]
