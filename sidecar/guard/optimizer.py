"""What to use: other tools, or other arguments for the same tool. The seed's UsagePatternOptimizer.

The score is the expected success, less what latency and cost weigh, both relative to the largest among the
candidates. With exploration the first place is drawn by Thompson sampling (Thompson 1933) from the posteriors of
success, so that a less known tool stands first now and then; that, and with which probability, is logged.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from msgspec.structs import replace

from ..capture.extractor import Extractor
from ..clock import TimeOrderedIds
from ..learning.describe import evidence_of, of_all
from ..learning.evidence import wilson
from ..learning.foresight import EVIDENCE_MODEL, Foresight, volatile_of
from ..learning.half_life import PERMANENT_HALF_LIFE
from ..learning.view import View
from ..model.call import Call
from ..model.decision import Alternative, Decision, DecisionRecord, Interval, Snapshot
from ..model.pattern import pattern_id, subject_key
from ..model.tool import Tool
from ..model.vocabulary import Level, Verdict
from ..native.seen import BASE_RATE
from ..store.reader import Reader
from ..store.store import Store
from ..store.tables import PATTERNS, TOOLS, tool_key
from .decision_log import DecisionLog
from .fixes import Fixes
from .latency import latency_of
from .modes import mode_of
from .objections import errors_of
from .other_tools import names_of_other_tools

_DRAWS: Final = 256
#: The prior is worth two calls at the base rate: an unknown tool is neither trusted nor written off.
_STRENGTH: Final = 2.0


@dataclass(frozen=True)
class Ranking:
    """What to use, best first. ``propensity`` is the probability with which the first one was put there."""

    decision_id: bytes
    alternatives: tuple[Alternative, ...]
    explored: bool
    propensity: float


@dataclass(frozen=True)
class _Candidate:
    alternative: Alternative
    successes: float
    failures: float
    explorable: bool


class UsagePatternOptimizer:
    """Ranks alternatives from real outcomes. Thread-safe."""

    def __init__(
        self,
        store: Store,
        extractor: Extractor,
        foresight: Foresight,
        log: DecisionLog,
        ids: TimeOrderedIds,
        randomness: random.Random,
    ) -> None:
        self._store = store
        self._extractor = extractor
        self._foresight = foresight
        self._log = log
        self._ids = ids
        self._random = randomness
        self._fixes = Fixes(extractor, foresight)

    def optimize(
        self,
        call: Call,
        candidates: tuple[str, ...] = (),
        *,
        latency_weight: float = 0.0,
        cost_weight: float = 0.0,
        explore: bool = False,
        limit: int = 5,
    ) -> Ranking:
        """Rank what could be done instead of, or for, a call, and log the ranking."""
        with self._store.read() as reader:
            tool = reader.get(TOOLS, tool_key(call.tool))
            features = self._extractor.features_of(call.tool, call.arguments, call.context, volatile_of(tool))
            view = self._foresight.view(reader, call, features, tool)
            found = self.rank_alternatives(
                self._candidates(reader, view, candidates), latency_weight=latency_weight, cost_weight=cost_weight
            )
            mode = mode_of(reader, tool)
            judgement = self._foresight.judge(view)
            sequence = reader.commit_sequence
        first, propensity = 0, 1.0
        if explore and len(found) > 1:
            first, propensity = self._draw(found)
        ranked = [found[first], *found[:first], *found[first + 1 :]][:limit] if found else []
        ranking = Ranking(self._ids(), tuple(one.alternative for one in ranked), first != 0, propensity)
        decision = Decision(
            decision_id=ranking.decision_id, verdict=Verdict.ALLOW, would_be=Verdict.ALLOW, mode=mode,
            p_fail=round(judgement.p, 6), interval=self._foresight.interval(view, judgement), known=judgement.known,
            reasons=(), remedy="", retry_after=-1.0, alternatives=ranking.alternatives, probe=None,
            snapshot=Snapshot(sequence, "", EVIDENCE_MODEL), time=call.time,
        )  # fmt: skip
        label = self._extractor.label
        self._log.add(
            DecisionRecord(
                decision,
                "optimize",
                call.tool,
                features.preview,
                label(call.session_id),
                label(call.caller),
                "",
                features.context,
                features.fingerprint,
                propensity,
            )
        )
        return ranking

    def rank_alternatives(
        self, candidates: Sequence[_Candidate], *, latency_weight: float, cost_weight: float
    ) -> list[_Candidate]:
        """Candidates with their scores, best first; equal scores by name."""
        slowest = max((one.alternative.latency for one in candidates), default=0.0)
        dearest = max((one.alternative.cost for one in candidates), default=0.0)
        scored = []
        for one in candidates:
            option = one.alternative
            score = option.expected_success
            if slowest > 0.0 and option.latency > 0.0:
                score -= latency_weight * option.latency / slowest
            if dearest > 0.0:
                score -= cost_weight * option.cost / dearest
            score = max(0.0, min(1.0, score))
            scored.append(_Candidate(replace(option, score=score), one.successes, one.failures, one.explorable))
        scored.sort(key=lambda one: (-one.alternative.score, one.alternative.tool, one.alternative.arguments_json))
        return scored

    def _candidates(self, reader: Reader, view: View, named: tuple[str, ...]) -> list[_Candidate]:
        found: list[_Candidate] = []
        names = list(named)
        if not names:
            names = [view.call.tool, *names_of_other_tools(reader, view.tool)]
        found += [
            self._planned(view) if name == view.call.tool else _other(reader, name) for name in dict.fromkeys(names)
        ]
        if not named or view.call.tool in named:
            found += [
                _Candidate(offer.alternative, offer.successes, offer.failures, False)
                for offer in self._fixes.corrections(reader, view, errors_of(view))
            ]
        return found

    def _planned(self, view: View) -> _Candidate:
        """The call as it is planned: its own probability, not its tool's."""
        judgement = self._foresight.judge(view)
        span = self._foresight.interval(view, judgement)
        pattern = view.tool_pattern
        tool = view.tool
        plain = view.call.arguments_json.strip() in ("", "{}")
        expected = 1.0 - judgement.p
        weight = pattern.rate.total + _STRENGTH if pattern is not None else _STRENGTH
        return _Candidate(
            Alternative(
                tool=view.call.tool,
                arguments_json="" if plain or view.features.redacted else view.features.preview,
                expected_success=expected,
                interval=Interval(1.0 - span.high, 1.0 - span.low, span.confidence),
                latency=latency_of(tool),
                cost=_cost(tool),
                score=0.0,
                rationale="the call as planned" + ("" if judgement.known else "; nothing is known against it"),
                evidence=evidence_of(pattern, view.now) if pattern is not None else None,
            ),
            expected * weight,
            judgement.p * weight,
            not (tool is not None and tool.descriptor.destructive),
        )

    def _draw(self, found: Sequence[_Candidate]) -> tuple[int, float]:
        """Who stands first by Thompson sampling, and how likely that was."""
        firsts: Counter[int] = Counter()
        chosen = 0
        for draw in range(_DRAWS):
            best, index = -1.0, 0
            for at, one in enumerate(found):
                if at and not one.explorable:
                    continue
                value = self._random.betavariate(one.successes + 0.5, one.failures + 0.5)
                value -= one.alternative.expected_success - one.alternative.score  # what latency and cost weigh
                if value > best:
                    best, index = value, at
            firsts[index] += 1
            if draw == 0:
                chosen = index
        return chosen, firsts[chosen] / _DRAWS


def _other(reader: Reader, name: str) -> _Candidate:
    """Another tool: its record over all its calls."""
    tool = reader.get(TOOLS, tool_key(name))
    pattern = reader.get(PATTERNS, pattern_id(subject_key(name), Level.TOOL, b""))
    successes = failures = 0.0
    if pattern is not None:
        now = tool.last_time if tool is not None else 0.0
        successes, failures = pattern.rate.faded(now, PERMANENT_HALF_LIFE)
    successes += _STRENGTH * (1.0 - BASE_RATE)
    failures += _STRENGTH * BASE_RATE
    expected = successes / (successes + failures)
    calls = pattern.failures + pattern.successes if pattern is not None else 0
    return _Candidate(
        Alternative(
            tool=name,
            arguments_json="",
            expected_success=expected,
            interval=wilson(expected, successes + failures),
            latency=latency_of(tool),
            cost=_cost(tool),
            score=0.0,
            rationale=f"{of_all(pattern.successes, calls)} worked" if pattern is not None else "never called yet",
            evidence=evidence_of(pattern, pattern.last_time) if pattern is not None else None,
        ),
        successes,
        failures,
        not (tool is not None and tool.descriptor.destructive),
    )


def _cost(tool: Tool | None) -> float:
    return tool.cost_sum / tool.cost_calls if tool is not None and tool.cost_calls else 0.0
