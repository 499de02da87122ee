"""What a call of a tool does, in a few marks: “action” is “login”, import numpy. Others may need such a step.

A session keeps the marks of steps that worked, so that one of the same tool can be told apart from the others:
six bytes each, two of the tool, four of the step.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from ..native import steps as marks
from ..native.steps import recovered, remembered
from .session import Session

#: Marks of what a call does, with their words: its short words, and how its longest text opens.
steps_of = marks.steps_of
#: Steps that a session keeps.
MOST: Final = marks.MOST
_WIDTH: Final = 6


def has_worked(session: Session | None, tool: bytes, step: bytes) -> bool | None:
    """Whether a step of a tool (its key) worked in the session; None where steps were forgotten that may be it."""
    if session is None:
        return False
    at = _find(session.steps, tool[:2] + step)
    return True if at >= 0 else None if len(session.steps) >= MOST * _WIDTH else False


def recovered_by(session: Session, tool: bytes) -> list[bytes]:
    """The first steps of a tool that worked after its last failure, two at most: others may have needed them."""
    return recovered(session.steps, tool)


def remember(session: Session, tool: bytes, steps: Collection[bytes], *, failed: bool) -> None:
    """Keep what a call did if it worked; what failed has not worked any more. The oldest of too many go."""
    session.steps = remembered(session.steps, tool, steps, failed=failed)


def _find(packed: bytes, entry: bytes) -> int:
    at = packed.find(entry)
    while at >= 0 and at % _WIDTH:
        at = packed.find(entry, at + 1)
    return at
