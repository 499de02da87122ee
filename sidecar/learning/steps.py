"""What a call of a tool does, in a few marks: “action” is “login”, import numpy. Others may need such a step.

A session keeps the marks of steps that worked, so that one of the same tool can be told apart from the others:
six bytes each, two of the tool, four of the step.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final
from zlib import crc32

from ..model.call import JSON
from ..native.words import ends
from .session import Session

#: Steps that a session keeps, arguments of a call that make one, and characters of a word that does, and of its name.
MOST: Final = 64
_ARGUMENTS: Final = 3
_WORD: Final = 24
_NAME: Final = 64
_WIDTH: Final = 6
#: In place of a step: that a call of the tool failed.
_FAILED: Final = bytes(4)


def steps_of(arguments: dict[str, JSON]) -> dict[bytes, str]:
    """Marks of what a call does, with their words: its short words, and how its longest text opens."""
    found: dict[bytes, str] = {}
    longest = ""
    for name, value in arguments.items():
        if not isinstance(value, str) or len(name) > _NAME:
            continue
        if len(value) <= _WORD and len(found) < _ARGUMENTS and value.replace("_", "").replace("-", "").isalpha():
            words = f"“{name}” is “{value}”"
            found[_mark(words)] = words
        if len(value) > len(longest):
            longest = value
    first, stem, _, _ = ends(longest)
    if stem and len(first) <= _WORD and len(stem) <= _WORD:
        words = f"“{first} {stem}”"
        found[_mark(words)] = words
    return found


def has_worked(session: Session | None, tool: bytes, step: bytes) -> bool | None:
    """Whether a step of a tool (its key) worked in the session; None where steps were forgotten that may be it."""
    if session is None:
        return False
    at = _find(session.steps, tool[:2] + step)
    return True if at >= 0 else None if len(session.steps) >= MOST * _WIDTH else False


def recovered_by(session: Session, tool: bytes) -> list[bytes]:
    """The first steps of a tool that worked after its last failure, two at most: others may have needed them."""
    packed, mine = session.steps, tool[:2]
    at = _find(packed, mine + _FAILED)
    if at < 0:
        return []
    entries = [packed[i : i + _WIDTH] for i in range(at + _WIDTH, len(packed), _WIDTH)]
    return [entry[2:] for entry in entries if entry[:2] == mine][:2]


def remember(session: Session, tool: bytes, steps: Iterable[bytes], *, failed: bool) -> None:
    """Keep what a call did if it worked; what failed has not worked any more. The oldest of too many go."""
    packed = session.steps
    mine = tool[:2]
    for step in [*steps, _FAILED] if failed else steps:
        at = _find(packed, mine + step)
        if at >= 0:
            packed = packed[:at] + packed[at + _WIDTH :]
    packed += b"".join([mine + step for step in ([_FAILED] if failed else steps)])
    session.steps = packed[-MOST * _WIDTH :]


def _mark(words: str) -> bytes:
    return (crc32(words.encode("utf-8", "replace")) or 1).to_bytes(4, "big")


def _find(packed: bytes, entry: bytes) -> int:
    at = packed.find(entry)
    while at >= 0 and at % _WIDTH:
        at = packed.find(entry, at + 1)
    return at
