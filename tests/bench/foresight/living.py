"""Replaying recorded calls through the guard and the recorder themselves, over a store that is a dict.

In mode shadow every call is made and learned from, and what would have been prevented counts. In mode enforce a
prevented call is not made, and so teaches nothing; the books, probes, lots and the cap are the daemon's own. Nothing is
written and nothing is sent: ten times as fast as ``forewarn replay --private``.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Collection, Iterator, Mapping
from concurrent.futures import Future
from contextlib import nullcontext
from types import SimpleNamespace
from typing import Any, Final, TypeVar

from msgspec import structs

from sidecar.capture.extractor import Captured, Extractor
from sidecar.capture.redaction import Redactor
from sidecar.clock import TimeOrderedIds
from sidecar.config import Settings
from sidecar.guard.decision_log import DecisionLog
from sidecar.guard.fixes import Fixes
from sidecar.guard.leases import Leases
from sidecar.guard.letting_through import LettingThrough
from sidecar.guard.modes import set_mode
from sidecar.guard.prevention_tracker import UsagePreventionTracker
from sidecar.learning.foresight import Foresight
from sidecar.learning.learner import UsagePatternLearner
from sidecar.learning.recorder import Caps, Recorder
from sidecar.learning.schemas import Schemas
from sidecar.learning.tables import MODELS, OVERALL
from sidecar.model.call import Features, Result
from sidecar.model.decision import Alternative
from sidecar.model.vocabulary import FAILED, Mode, Outcome, Verdict
from sidecar.runtime import PROBE_LEASE_SECONDS
from sidecar.store.tables import CALL_IDS, CALLS, DECISION_CALLS, DECISIONS

from .replay import Decided, Recorded, Run

T = TypeVar("T")
#: Kept of journals: nothing of calls, decisions while their call is being made.
_JOURNAL: Final = frozenset((CALLS.name, CALL_IDS.name, DECISION_CALLS.name))


class Memory:
    """The store, its reader and its transaction in one. Bounded by what is replayed: nothing is evicted."""

    def __init__(self) -> None:
        self.tables: dict[str, dict[bytes, Any]] = {}
        self.commit_sequence = 0
        self.commit_time = 0.0
        self._sequence = 0

    def read(self) -> nullcontext[Memory]:
        return nullcontext(self)

    def submit(self, job: Callable[[Any], T]) -> Future[T]:
        future: Future[T] = Future()
        self.commit_sequence += 1
        future.set_result(job(self))
        return future

    def post(self, job: Callable[[Any], object], *, droppable: bool, on_drop: object) -> bool:
        del droppable, on_drop
        self.commit_sequence += 1
        job(self)
        return True

    def get(self, table: Any, key: bytes) -> Any:
        return self.tables.get(table.name, {}).get(key)

    get_raw = newest = get

    def put(self, table: Any, key: bytes, value: Any) -> None:
        if table.name not in _JOURNAL:
            self.tables.setdefault(table.name, {})[key] = value

    def delete(self, table: Any, key: bytes) -> bool:
        return self.tables.get(table.name, {}).pop(key, None) is not None

    def count(self, table: Any) -> int:
        return len(self.tables.get(table.name, ()))

    def scan(self, *_: object, **__: object) -> Iterator[tuple[bytes, Any]]:
        return iter(())

    def next_sequence(self) -> int:
        self._sequence += 1
        return self._sequence


class _Captured(Extractor):
    """Capture that was done before."""

    current: Recorded

    def features_of(
        self, tool: str, arguments: dict[str, Any], context: Mapping[str, str], volatile: frozenset[str] = frozenset()
    ) -> Features:
        if arguments is self.current.call.arguments:
            return self.current.captured.features
        return super().features_of(tool, arguments, context, volatile)

    def extract_pattern(self, *_: object, **__: object) -> Captured:
        return self.current.captured


class _NoFixes(Fixes):
    """Alternatives are not looked for: they change no verdict, and cost a judgement each."""

    def alternatives(self, reader: Any, view: Any, errors: Any) -> tuple[Alternative, ...]:
        return ()


class LivingReplay:
    """One replay from an empty store. Settings are the daemon's."""

    def __init__(self, order: int, *, enforced: bool, without: Collection[str] = (), **settings: Any) -> None:
        self._order, self._enforced = order, enforced
        self.settings = Settings(**settings)
        store: Any = Memory()
        self.memory = store
        self._now = 1.7e9
        self._extractor = _Captured(Redactor(b"k" * 32))
        self._foresight = Foresight(Schemas(), without)
        budget = self.settings.false_prevention_budget
        learner = UsagePatternLearner(self._foresight, self.settings.probe_seconds, budget)
        leases = Leases(PROBE_LEASE_SECONDS)
        log = DecisionLog(store, self.settings.queue_limit, self.settings.max_tools, leases=leases)
        caps = Caps(self.settings.max_patterns_per_tool, self.settings.max_patterns, self.settings.max_tools)
        self._recorder = Recorder(
            store, self._extractor, self._foresight, learner, self._clock, caps, leases.release, budget
        )
        letting_through = LettingThrough(
            leases, self.settings.probe_seconds, self.settings.holdout_share, self.settings.blast_cap,
            random.Random(7 * order + 1),
        )  # fmt: skip
        nobody: Any = SimpleNamespace(groups=lambda _tool: None)  # has written a policy
        self._tracker = UsagePreventionTracker(
            store, self._extractor, self._foresight, self._recorder, log, letting_through, self._clock, budget, nobody
        )
        self._tracker._fixes = _NoFixes(self._extractor, self._foresight)
        self._tracker._ids = TimeOrderedIds(self._clock, random.Random(order))
        set_mode(store, Mode.ENFORCE if enforced else Mode.SHADOW)

    def weights(self) -> dict[str, float]:
        """The weights of all tools together, by feature, as they are now."""
        model = self.memory.get(MODELS, OVERALL)
        return dict(zip(self._foresight.names, model.values, strict=True))

    def _clock(self) -> float:
        return self._now

    def run(self, runs: list[Run]) -> Iterator[Decided]:
        """Decide, make and record call by call, one second apart, the runs shuffled by the seed ``order``."""
        shuffled = list(runs)
        random.Random(self._order).shuffle(shuffled)
        for one in shuffled:
            for recorded in one:
                yield self._step(recorded)

    def _step(self, recorded: Recorded) -> Decided:
        self._now += 1.0
        self.memory.commit_time = self._now
        self._extractor.current = recorded
        call = structs.replace(recorded.call, time=self._now)
        decision = self._tracker.should_prevent(call)
        verdict = decision.verdict if self._enforced else decision.would_be
        failed = recorded.captured.classification.category in FAILED
        if not (self._enforced and verdict is Verdict.PREVENT):
            result = Result(Outcome.UNKNOWN, result_excerpt="" if recorded.silent else "x")
            self._recorder.record(call, result, decision.decision_id.hex()).result()
        self.memory.delete(DECISIONS, decision.decision_id)
        return Decided(decision.p_fail, verdict is Verdict.PREVENT, failed, decision.known)
