"""What a call is like: past calls, usage patterns, and what would improve it. The seed's UsagePatternChecker."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from rapidfuzz import fuzz, process

from ..capture.extractor import Extractor
from ..learning.foresight import Foresight, volatile_of
from ..learning.view import View
from ..model.call import Call, Observation
from ..model.pattern import UsagePattern
from ..model.vocabulary import Level
from ..store.reader import Reader
from ..store.store import Store
from ..store.tables import CALLS, PATTERNS, TOOLS, tool_key
from .fixes import Fixes
from .objections import errors_of

#: How many of the newest calls, and of the tool's patterns, are looked at: a look-up costs milliseconds, however
#: much is stored.
_CALLS_SEEN: Final = 4_000
_PATTERNS_SEEN: Final = 2_000
#: Below this likeness a call is another call.
_LEAST: Final = 0.3


@dataclass(frozen=True)
class SimilarCall:
    """A past call and how alike it is, in [0, 1]."""

    similarity: float
    observation: Observation


@dataclass(frozen=True)
class SimilarPattern:
    """A usage pattern and how alike what it covers is, in [0, 1]; 1 when it covers the call."""

    similarity: float
    pattern_id: bytes
    pattern: UsagePattern


@dataclass(frozen=True)
class CheckResult:
    """What a call is like, most alike first, and what would improve it."""

    calls: list[SimilarCall]
    patterns: list[SimilarPattern]
    suggestions: list[str]


class UsagePatternChecker:
    """Looks things up. Thread-safe."""

    def __init__(self, store: Store, extractor: Extractor, foresight: Foresight) -> None:
        self._store = store
        self._extractor = extractor
        self._foresight = foresight
        self._fixes = Fixes(extractor, foresight)

    def check_pattern(self, call: Call, limit: int) -> CheckResult:
        """All that is known of calls like this one; at most ``limit`` of each."""
        with self._store.read() as reader:
            view = self._view(reader, call)
            return CheckResult(
                self.find_similar(reader, view, limit),
                self._patterns(reader, view, limit),
                self.suggest_improvements(reader, view),
            )

    def find_similar(self, reader: Reader, view: View, limit: int) -> list[SimilarCall]:
        """Among the newest calls, those of the tool with the most similar arguments."""
        rows = [row for _, row in reader.scan(CALLS, reverse=True, limit=_CALLS_SEEN) if row.tool == view.call.tool]
        ranked = process.extract(
            view.features.preview,
            [row.preview for row in rows],
            scorer=fuzz.ratio,
            score_cutoff=_LEAST * 100.0,
            limit=limit,
        )
        exact = view.features.fingerprint
        return [
            SimilarCall(1.0 if rows[at].fingerprint == exact else min(0.99, score / 100.0), rows[at])
            for _, score, at in ranked
        ]

    def suggest_improvements(self, reader: Reader, view: View) -> list[str]:
        """What would make the call better, as facts, best first."""
        judgement = self._foresight.judge(view)
        errors = errors_of(view)
        found = [one.rationale for one in self._fixes.alternatives(reader, view, errors)]
        history = self._fixes.history(view, errors, calls=True)
        if history:
            found.append(history)
        if judgement.known:
            for _, part, finding in self._foresight.findings(view, judgement):
                if part > 0.0 and finding.remedy:
                    found.append(f"{finding.summary[:1].upper()}{finding.summary[1:]}. {finding.remedy}")
        return found

    def _patterns(self, reader: Reader, view: View, limit: int) -> list[SimilarPattern]:
        covering = []
        for level, covers in (
            (Level.CALL, view.features.fingerprint[:8]),
            (Level.TOOL, b""),
            (Level.SERVER, b""),
        ):
            pattern = view.pattern(level, covers) if level is not Level.SERVER or view.server else None
            if pattern is not None and pattern.failures:
                covering.append(SimilarPattern(1.0, view.id_of(level, covers), pattern))
        prefix = view.subject + bytes((Level.CALL,))
        stop = view.subject + bytes((Level.CALL + 1,))
        rows = [row for row in reader.scan(PATTERNS, prefix, stop, limit=_PATTERNS_SEEN) if row[1].epoch == view.epoch]
        known = {one.pattern_id for one in covering}
        ranked = process.extract(
            view.features.preview,
            [pattern.description for _, pattern in rows],
            scorer=fuzz.ratio,
            score_cutoff=_LEAST * 100.0,
            limit=limit,
        )
        alike = [
            SimilarPattern(min(0.99, score / 100.0), *rows[at]) for _, score, at in ranked if rows[at][0] not in known
        ]
        return (covering + alike)[:limit]

    def _view(self, reader: Reader, call: Call) -> View:
        tool = reader.get(TOOLS, tool_key(call.tool))
        features = self._extractor.features_of(call.tool, call.arguments, call.context, volatile_of(tool))
        return self._foresight.view(reader, call, features, tool)
