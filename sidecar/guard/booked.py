"""Which prevented calls stand in the books already: an agent that tries one call 500 times makes no 500 calls.

Had the call been made at the first try and worked, there would have been no second. So a session's further tries of one
call are not booked while nothing has succeeded since, and what was booked stays prevented meanwhile, whatever else the
budget was spent on. Once something succeeded, the call may find things changed and is booked again; as an agent may go
round in circles, each booking counts half of the one before: all together no more than two.

How often callers try again is learned for all their calls together (``Budget.tries``), from a call's first few tries,
so that one that goes on and on says no more than others.

A ring in the tool's model, 14 bytes a call, newest last: a hash of session and call, the successes by then, how often
it was booked, and how often tried since. What is pushed out is booked anew, which errs on the side of the budget.
"""

from __future__ import annotations

from hashlib import blake2b
from struct import Struct
from typing import Final

from ..learning.session import Session
from ..learning.tool_model import Model
from ..model.tool import Tool

#: Calls that are remembered for a tool.
MOST: Final = 64
_ENTRY: Final = Struct(">8sIBB")
_HASH: Final = 8
_MOST_TIMES: Final = 255
#: Further tries of one call that tell how often calls are tried again.
_TELLING: Final = 4


def successes_before(session: Session | None, tool: Tool | None) -> int:
    """Calls that have worked in the session, or of the tool where there is none: they may have changed things."""
    if session is not None:
        return session.successes & 0xFFFFFFFF
    return (tool.counts.success + tool.counts.retry) & 0xFFFFFFFF if tool is not None else 0


def is_booked(model: Model, session_id: str, fingerprint: bytes, successes: int) -> bool:
    """Whether the session's call was prevented before and booked, and nothing has succeeded since."""
    at = _place(model.booked, _key(session_id, fingerprint)) if model.booked else -1
    return at >= 0 and _ENTRY.unpack_from(model.booked, at)[1] == successes


def book(model: Model, session_id: str, fingerprint: bytes, successes: int) -> tuple[float, bool]:
    """How much a prevented call counts in the books, from 0 to 1, and whether it tells how often calls are tried again.

    Notes it in ``model``.
    """
    key, packed, times, tries = _key(session_id, fingerprint), model.booked, 0, 0
    at = _place(packed, key)
    again = False
    if at >= 0:
        _, before, times, tries = _ENTRY.unpack_from(packed, at)
        again = before == successes
        if again and tries >= _TELLING:
            return 0.0, False
        packed = packed[:at] + packed[at + _ENTRY.size :]
    entry = _ENTRY.pack(key, successes, times if again else min(times + 1, _MOST_TIMES), tries + 1 if again else 0)
    model.booked = packed[-(MOST - 1) * _ENTRY.size :] + entry
    if again:
        return 0.0, True
    # Without a session, others' calls look the same: each may be a call of its own.
    return float(0.5**times) if session_id else 1.0, False


def _key(session_id: str, fingerprint: bytes) -> bytes:
    return blake2b(session_id.encode("utf-8", "surrogatepass") + fingerprint, digest_size=_HASH).digest()


def _place(packed: bytes, key: bytes) -> int:
    """Where a call's entry begins, or -1."""
    at = packed.find(key)
    while at >= 0 and at % _ENTRY.size:
        at = packed.find(key, at + 1)
    return at
