"""What is known of the probes of one ground of prevention: who holds one, when the last was granted, how many in vain.

A ground is what a prevention rests on: a usage pattern, of the call, its error, its tool or server; or, where what
speaks against a call has none of these (a word, a likeness, the form of its arguments), one at level ground.
"""

from __future__ import annotations

from typing import Final

import msgspec
from msgspec.structs import replace

from .decision import Reason
from .pattern import covered_ground, pattern_id, subject_key
from .vocabulary import Level

#: ``granted`` of a ground that nobody has asked for a probe of.
NEVER: Final = -1.0
#: ``granted`` of a ground of which a probe is due at once.
DUE: Final = 0.0
#: More probes in vain than this are not counted.
MOST_VAIN: Final = 16


class Lease(msgspec.Struct, frozen=True, array_like=True):
    """Who may probe a ground, and until when (event time, seconds; 0 once it is reported). Append fields only.

    ``granted`` is when the last probe was granted, or before any, when one was first asked for; it may also be
    ``NEVER`` or ``DUE``. ``vain`` counts probes that failed since something on this ground worked.
    """

    decision_id: bytes
    deadline: float
    granted: float = NEVER
    vain: int = 0

    def told(self, decision_id: bytes, *, worked: bool) -> Lease:
        """What becomes of it once a call that was to be prevented on this ground was made, and worked or failed."""
        if decision_id == self.decision_id and self.deadline:
            return replace(self, deadline=0.0, vain=0 if worked else min(self.vain + 1, MOST_VAIN))
        return replace(self, vain=0) if worked else self

    def brought_forward(self) -> Lease:
        """The same, due at once: somebody says that the ground is wrong."""
        return replace(self, granted=DUE, vain=0)


def id_of_ground(tool: str, epoch: int, code: str, mark: bytes) -> bytes:
    """The id of a tool's ground in an epoch: of a detector, by its code, and what ``mark`` tells apart within it."""
    covers = covered_ground(code, mark)
    return pattern_id(subject_key(tool), Level.GROUND, covers + epoch.to_bytes(4, "big") if epoch else covers)


def ground_of_reason(tool: str, epoch: int, reason: Reason) -> bytes:
    """The key of the ground of a reason that a prevention rests on: a pattern's id, 20 bytes.

    Decisions of before grounds had ids of their own name none: then it is that of all that the detector knows of the
    tool.
    """
    return reason.pattern_id or id_of_ground(tool, epoch, reason.code, b"")
