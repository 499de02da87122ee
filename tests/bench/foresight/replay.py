"""Replaying recorded calls in this process: asked first, then learned from, as a daemon in shadow mode does.

Nothing is written and nothing is sent, so that a run over all sources takes a minute. ``forewarn replay`` does the same
over gRPC; both decide alike.
"""

from __future__ import annotations

import gzip
import json
import random
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple

from msgspec import structs

from sidecar.capture.extractor import Captured, Extractor
from sidecar.capture.redaction import Redactor
from sidecar.learning.budget import DEFAULT_BUDGET, within
from sidecar.learning.foresight import Foresight, Judgement
from sidecar.learning.learner import UsagePatternLearner
from sidecar.learning.schemas import Schemas
from sidecar.learning.tables import MODELS, OVERALL, SESSIONS
from sidecar.learning.view import Outcome as Learned
from sidecar.learning.view import View
from sidecar.model.call import Call, Result
from sidecar.model.tool import Tool, ToolDescriptor
from sidecar.model.vocabulary import FAILED, Outcome, State

#: Keys of a trace's context that are known only after the call.
RESULT_KEYS: Final = frozenset({"exit_code", "status_code", "duration_ms"})
_OUTCOMES: Final = {"success": Outcome.SUCCESS, "failure": Outcome.FAILURE, "timeout": Outcome.TIMEOUT}


class Recorded(NamedTuple):
    """A recorded call as capture sees it; ``silent`` when it gave no result."""

    call: Call
    captured: Captured
    silent: bool


class Decided(NamedTuple):
    """What was said of a call before it was made, and how it went."""

    p: float
    prevented: bool
    failed: bool
    known: bool


Run = list[Recorded]


class _Memory:
    """What a transaction does, in a dict."""

    def __init__(self) -> None:
        self.rows: dict[tuple[str, bytes], Any] = {}

    def get(self, table: Any, key: bytes) -> Any:
        return self.rows.get((table.name, key))

    def put(self, table: Any, key: bytes, value: Any) -> None:
        self.rows[table.name, key] = value


def runs_of(path: Path) -> list[Run]:
    """The runs of a trace file, in order."""
    extractor = Extractor(Redactor(b"k" * 32))
    runs: dict[str, Run] = {}
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        for line in lines:
            row = json.loads(line)
            context = {key: str(value) for key, value in row["context"].items() if key not in RESULT_KEYS}
            call = Call(
                row["tool"], row["args"], json.dumps(row["args"]), context, row["session_id"], "", "", "", "", 0.0
            )
            excerpt = row["result_excerpt"] or ""
            result = Result(_OUTCOMES[row["outcome"]], error=row["error"] or "", result_excerpt=excerpt)
            recorded = Recorded(call, extractor.extract_pattern(call, result), not excerpt)
            runs.setdefault(row["session_id"], []).append(recorded)
    return list(runs.values())


class Replay:
    """One replay from an empty store. ``without`` are codes of detectors that are left out."""

    def __init__(self, without: Collection[str] = (), budget: float = DEFAULT_BUDGET) -> None:
        self._foresight = Foresight(Schemas(), without)
        self._learner = UsagePatternLearner(self._foresight, 600.0, budget)
        self._budget = budget
        self._memory: Any = _Memory()
        self._tools: dict[str, Tool] = {}
        self._now = 1.7e9

    def run(self, runs: list[Run], order: int) -> Iterator[Decided]:
        """Decide and learn call by call, one second apart, the runs shuffled by the seed ``order``."""
        shuffled = list(runs)
        random.Random(order).shuffle(shuffled)
        for one in shuffled:
            for recorded in one:
                yield self._step(recorded)

    def weights(self) -> dict[str, float]:
        """The weights of all tools together, by feature, as they are now."""
        model = self._memory.get(MODELS, OVERALL)
        return dict(zip(self._foresight.names, model.values, strict=True))

    def _step(self, recorded: Recorded) -> Decided:
        self._now += 1.0
        call = structs.replace(recorded.call, time=self._now)
        features, classification, error = recorded.captured[:3]
        tool = self._tools.setdefault(call.tool, Tool(ToolDescriptor(call.tool)))
        view = self._foresight.view(self._memory, call, features, tool)
        judgement = self._foresight.judge(view)
        failed = classification.category in FAILED
        decided = Decided(judgement.p, self._prevents(view, judgement), failed, judgement.known)
        view = self._foresight.view(self._memory, call, features, tool)
        self._learner.learn(
            view,
            Learned(
                failed=failed,
                classification=classification,
                error=error,
                silent=recorded.silent,
                call_id="c",
                now=self._now,
            ),
            would_prevent=decided.prevented,
        )
        self._learner.save(self._memory, view)
        self._memory.put(SESSIONS, view.session_key, view.session)
        return decided

    def _prevents(self, view: View, judgement: Judgement) -> bool:
        """Whether the budget allows it and there is a fact to give: what ``guard/prevention_tracker.py`` asks."""
        own = view.model.budget if view.model is not None else None
        if judgement.leader < 0 or not within(judgement.score, self._budget, view.overall.budget, own):
            return False
        fact = self._foresight.detectors[judgement.leader].explain(view)
        if fact is None or not fact.prevents:
            return False
        pattern = view.by_id(fact.pattern_id) if fact.pattern_id else None
        return pattern is None or pattern.state not in (State.REFUTED, State.SUSPENDED)
