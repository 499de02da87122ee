"""What a detector is: one way of proposing that a call will fail, explained and calibrated by its own record.

A detector turns the evidence it keeps into features of the log-odds of failure; the combiner weighs them. Adding a
detector is adding a file to ``detectors/`` and a line to its list: its weights start at what the file says and are
learned from then on.
"""

from __future__ import annotations

from typing import Protocol

import msgspec

from ..model.decision import Evidence
from ..model.vocabulary import Cause
from .view import Outcome, View


class Finding(msgspec.Struct, frozen=True):
    """What a detector knows of a call, for people: a fact, the pattern and the calls behind it.

    ``prevents`` says whether it may be the ground of a prevention: what only shifts the odds may not. ``learned`` says
    whether it was: what somebody has said of a tool is not put to the test by probes. ``of_state`` says that it speaks
    of the session and not of the call: then that the call mostly works is no argument against it. ``says_fail``: the
    words say that the call fails, whatever the counts: they are not told where they speak for success.
    ``mark``: without a pattern, what tells this from other things that the detector knows of the tool and that are put
    to the test each by itself; empty where all are one.
    """

    summary: str
    pattern_id: bytes = b""
    cause: Cause = Cause.NONE
    evidence: Evidence | None = None
    prevents: bool = True
    remedy: str = ""
    learned: bool = True
    of_state: bool = False
    says_fail: bool = False
    mark: bytes = b""


class Detector(Protocol):
    """See the module."""

    @property
    def code(self) -> str:
        """Stable: the reason's code in the API."""

    @property
    def about(self) -> str:
        """What it looks at, in half a sentence."""

    @property
    def features(self) -> tuple[tuple[str, float], ...]:
        """Names and first weights."""

    @property
    def needs(self) -> str:
        """The field of the tool's model without which it has nothing to propose; empty where it has none."""

    def propose(self, view: View, x: list[float], at: int) -> None:
        """Write this detector's features of the call to ``x[at:]``; what it leaves is 0, and says nothing."""

    def explain(self, view: View) -> Finding | None:
        """The fact behind what ``propose`` wrote; None when there is none. Only called when somebody is told."""

    def learn(self, view: View, outcome: Outcome) -> None:
        """Take in how the call went. Changes records of the view only; the view saves them."""
