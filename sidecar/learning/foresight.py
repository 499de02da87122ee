"""What is known of a call before it is made: a calibrated probability of failure, and who says so."""

from __future__ import annotations

from collections.abc import Collection
from itertools import accumulate
from typing import Final

import msgspec

from ..model.call import Call, Features
from ..model.decision import Interval
from ..model.tool import Tool
from ..native import proposals, weights
from ..native.seen import STRENGTH_TOOL
from .combiner import SCORE_LIMIT
from .detector import Detector, Finding
from .detectors import COMMON, all_detectors
from .evidence import sigmoid, wilson
from .schemas import Schemas
from .suspension import as_of_reset
from .versions import is_change
from .view import Source, View, places_of
from .wording import Wordings

#: Names the evidence and how it is combined, in snapshots; changes whenever the same records would decide otherwise.
EVIDENCE_MODEL: Final = "logistic-12"
#: What adds less than this to the log-odds is not worth a word.
_LEAST_PART: Final = 0.01


class Judgement(msgspec.Struct, frozen=True):
    """``x`` are the features, ``score`` the log-odds and ``p`` the probability of failure.

    ``known`` says whether anything was known beside base rates; ``leader`` is the index of the detector that adds most
    to the odds among those that may prevent, -1 where none adds.
    """

    x: list[float]
    score: float
    p: float
    known: bool
    leader: int
    parts: list[float]


class Foresight:
    """Runs the detectors on a view and combines what they say. Holds nothing that is learned."""

    def __init__(self, schemas: Schemas, without: Collection[str] = ()) -> None:
        """``without`` are codes of detectors that are left out, to see what they are worth."""
        found = all_detectors(schemas)
        self.detectors: tuple[Detector, ...] = tuple([detector for detector in found if detector.code not in without])
        #: How many features, the first, speak of most calls: their weights are learned together, see ``spread.py``.
        self.together = sum(len(one.features) for one in found[:COMMON] if one.code not in without)
        self.names = tuple(name for detector in self.detectors for name, _ in detector.features)
        self.first_values = tuple(value for detector in self.detectors for _, value in detector.features)
        bounds = list(accumulate((len(detector.features) for detector in self.detectors), initial=0))
        self._size = bounds[-1]
        self._told = [(detector.code, detector.about) for detector in self.detectors]
        self._plan = tuple([
            (detector.propose, start, detector.needs or None)
            for detector, start in zip(self.detectors, bounds, strict=False)
        ])  # fmt: skip
        self._ends = tuple(bounds[1:])
        self._wordings = Wordings()
        self._places = places_of(self.first_values, self._wordings)

    def view(self, source: Source, call: Call, features: Features, tool: Tool | None) -> View:
        """A view of one call, with weights for all features. ``tool`` is what ``source`` has of the call's tool.

        A call of a new version of the tool is seen as after the reset that its record will make.
        """
        view = View(source, call, features, tool, self._places)
        if call.tool_version and tool is not None and is_change(tool, call.tool_version, call.time):
            as_of_reset(view)
        return view

    def judge(self, view: View) -> Judgement:
        """What is known of the view's call."""
        x = [0.0] * self._size
        proposals.gather(view, x, self._plan)
        own = view.model.values if view.model is not None else None
        # The first detector is the base that all others are weighed against; if only it spoke, nothing is known.
        score, known, leader, parts = weights.combine(view.overall.values, own, x, self._ends)
        score = max(-SCORE_LIMIT, min(SCORE_LIMIT, score))
        p = view.p_fail = sigmoid(score)
        return Judgement(x, score, p, known, leader, parts)

    def interval(self, view: View, judgement: Judgement) -> Interval:
        """The 90 % interval of ``p``: as if it were a rate seen over as many calls as stand behind it."""
        weight = 1.0
        if view.tool_pattern is not None:
            weight += min(view.tool_pattern.rate.total, STRENGTH_TOOL)
        call = view.known_call()
        if call is not None:
            weight += call.rate.total
        error = view.last_error() if view.seen >= 0 else None
        if error is not None:
            weight += error.plain.total + error.changed.total
        return wilson(judgement.p, weight)

    def parts(self, judgement: Judgement, most: int | None = None) -> list[tuple[str, str, float]]:
        """What each detector adds, without its facts: (code, what it looks at, log-odds), strongest first.

        At most so many, where it is said.
        """
        told, parts = self._told, judgement.parts
        return [(*told[at], parts[at]) for at in weights.strongest(parts, _LEAST_PART)[:most]]

    def findings(self, view: View, judgement: Judgement) -> list[tuple[str, float, Finding]]:
        """The facts behind a judgement: (code, contribution in log-odds, fact), strongest first; no contradictions."""
        found = []
        detectors, parts = self.detectors, judgement.parts
        for at in weights.strongest(parts, _LEAST_PART) if parts else range(len(detectors)):
            detector, part = detectors[at], parts[at] if parts else 0.0
            finding = detector.explain(view)
            if finding is not None and not (part < 0.0 and _contradicts(finding, judgement.p)):
                found.append((detector.code, part, finding))
        return found


def _contradicts(finding: Finding, p: float) -> bool:
    """Whether a fact that lowers the odds says in words that such calls fail: of its calls as many failed as are to.

    A weight that was learned can turn what a detector says about; who reads the reasons would not know what to think.
    """
    if not finding.prevents:
        return False
    evidence = finding.evidence
    if finding.says_fail or evidence is None or not evidence.failures + evidence.successes:
        return True
    return evidence.failures / (evidence.failures + evidence.successes) >= p


def volatile_of(tool: Tool | None) -> frozenset[str]:
    """The arguments of a tool that mean nothing."""
    return frozenset(tool.descriptor.volatile_arguments) if tool is not None else frozenset()
