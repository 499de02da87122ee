"""Which calls that are to be prevented are made all the same: probes, the blast cap, the holdout.

A prevented call shows nothing. So that preventions can be found wrong, some that rest on what was learned are let
through: one at a time when a pattern is due (a probe, see ``leases.py``), and by lot (the holdout), with the lot's
probability logged beside the decision. And however sure learning is, no more than a set share of a tool's recent calls
is prevented by it (the blast cap, see ``blast_cap.py``). None of this touches what somebody has said of a tool, and
what cannot be undone is never tried: tools registered as destructive are neither probed nor held out.
"""

from __future__ import annotations

import random
from typing import Final

import msgspec

from ..clock import AHEAD
from ..learning.detector import Finding
from ..learning.learner import LONGEST_PERMANENT, longest_pause
from ..learning.view import View
from ..model.decision import Probe, Reason
from ..model.pattern import is_ground
from ..model.vocabulary import Cause, Verdict
from ..store.reader import Reader
from ..store.tables import LEASES
from .blast_cap import over_cap
from .leases import Leases

#: The code of the detector whose preventions the cap leaves alone: an outage is ended by its probes.
OUTAGE: Final = "outage"


class Passage(msgspec.Struct, frozen=True):
    """What happens to a call that is to be prevented, with which probability, and why if it is let through."""

    verdict: Verdict = Verdict.PREVENT
    probe: Probe | None = None
    holdout: bool = False
    capped: bool = False
    propensity: float = 1.0


PREVENTED: Final = Passage()
CAPPED: Final = Passage(Verdict.WARN, capped=True)


#: Tells of the cap in a decision. It shifts no odds.
CAP_REASON: Final = Reason(
    "blast_cap", "let through: learning prevented as large a share of the tool's recent calls as it may",
    0.0, b"", Cause.NONE, None,
)  # fmt: skip


class LettingThrough:
    """Thread-safe. Shares and seconds are the settings' of the same names; ``randomness`` draws the lots."""

    def __init__(
        self, leases: Leases, probe_seconds: float, holdout_share: float, blast_cap: float, randomness: random.Random
    ) -> None:
        self._leases = leases
        self._probe_seconds = probe_seconds
        self._blast_cap = blast_cap
        self._randomness = randomness
        self._prevented = Passage(propensity=1.0 - holdout_share)
        self._held_out = Passage(Verdict.ALLOW, holdout=True, propensity=holdout_share)
        self._share = holdout_share

    def passage(self, reader: Reader, view: View, code: str, lead: Finding, decision_id: bytes) -> Passage:
        """Whether a call that the detector ``code`` prevents on the ground of ``lead``, which has an id, is made."""
        if not lead.learned:
            return PREVENTED
        destructive = view.tool is not None and view.tool.descriptor.destructive
        if not destructive:
            probe = self._probe(reader, view, lead.pattern_id, decision_id)
            if probe is not None:
                return Passage(Verdict.ALLOW, probe=probe)
        if code != OUTAGE and view.tool is not None and over_cap(view.tool.recent, view.now, self._blast_cap):
            return CAPPED
        if destructive or not self._share:
            return PREVENTED
        return self._held_out if self._randomness.random() < self._share else self._prevented

    def _probe(self, reader: Reader, view: View, ground: bytes, decision_id: bytes) -> Probe | None:
        """A lease to try the call all the same, when its ground is due for one.

        What is no pattern of the call, its error, tool or server (a word, a likeness) is probed once per ground and
        interval, first after one; the interval doubles with each probe in vain, as such a pattern's does.
        """
        stored = reader.get(LEASES, ground)
        pause, longest = self._probe_seconds, LONGEST_PERMANENT
        if not is_ground(ground):
            longest = pause  # the pattern itself counts what was in vain
            pattern = view.by_id(ground)
            if pattern is None:
                return None
            # Of what failed in other sessions nobody was kept out before it was first prevented: from then on the
            # interval counts. An outage keeps everybody out, and an appeal brings the probe forward.
            advanced = pattern.probe_due < pattern.last_time + self._probe_seconds
            if pattern.transient or view.seen >= 0 or advanced:
                pause = 0.0
            if view.now < pattern.probe_due <= view.now + longest_pause(pattern, self._probe_seconds) + AHEAD:
                if pause:
                    self._leases.ask(ground, view.now, stored)
                return None
        lease = self._leases.grant(ground, decision_id, view.now, stored, pause, longest)
        return Probe(ground, lease.deadline) if lease is not None else None

    def bring_forward(self, ground: bytes) -> None:
        """The store has noted that somebody says that a ground is wrong: its next probe is due at once."""
        self._leases.bring_forward(ground)
