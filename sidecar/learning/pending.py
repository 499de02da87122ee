"""Failures of a session that nothing has mended yet, with when they were: what a later success may be the answer to.

Packed into the session's record, 41 bytes each, newest last, at most ``MOST``. An entry goes when the same call
succeeds, and when newer failures need the room.
"""

from __future__ import annotations

from collections.abc import Iterator
from struct import Struct
from typing import Final, NamedTuple

from .session import NOTHING, WIDTH, Session

MOST: Final = 8
_ENTRY: Final = Struct(">8s8s8sdQ?")
#: Bytes of the tool and the fingerprint, with which an entry begins.
_KEY: Final = 2 * WIDTH


class Pending(NamedTuple):
    """A failed call: its tool (subject key), fingerprint and error template (8 bytes each), event time in seconds.

    ``number`` counts the calls of the session before it. ``answered``: a call that looks like its correction worked.
    """

    subject: bytes
    fingerprint: bytes
    template: bytes
    time: float
    number: int
    answered: bool = False


def pending(session: Session) -> Iterator[Pending]:
    """The failures that are open, newest first."""
    packed = session.unmended
    for at in range(len(packed) - _ENTRY.size, -1, -_ENTRY.size):
        yield Pending(*_ENTRY.unpack_from(packed, at))


def newest_failures(session: Session, subject: bytes, most: int) -> list[bytes]:
    """The fingerprints of the newest failures of a tool that are open, newest first."""
    packed, found = session.unmended, []
    for at in range(len(packed) - _ENTRY.size, -1, -_ENTRY.size):
        if packed.startswith(subject, at):
            found.append(packed[at + WIDTH : at + _KEY])
            if len(found) == most:
                break
    return found


def failures_beside(session: Session, subject: bytes, fingerprint: bytes, since: int = 0) -> Iterator[Pending]:
    """The failures of other calls of this tool that are open, newest first: of the session's calls from ``since`` on.

    Found as they are asked for: the newest one or two are.
    """
    packed = session.unmended
    for at in range(len(packed) - _ENTRY.size, -1, -_ENTRY.size):
        if packed.startswith(subject, at) and not packed.startswith(fingerprint, at + WIDTH):
            one = Pending._make(_ENTRY.unpack_from(packed, at))
            if one.number < since:
                return
            yield one


def open_failure(session: Session, subject: bytes, fingerprint: bytes) -> Pending | None:
    """The newest open failure of this call (the fingerprint's first 8 bytes)."""
    packed, key = session.unmended, subject + fingerprint
    if key in packed:
        for at in range(len(packed) - _ENTRY.size, -1, -_ENTRY.size):
            if packed[at : at + _KEY] == key:
                return Pending._make(_ENTRY.unpack_from(packed, at))
    return None


def remember(session: Session, subject: bytes, fingerprint: bytes, template: bytes, now: float) -> None:
    """A call failed. An older failure of the same call gives way to it. To be called before the call is counted."""
    settle(session, subject, fingerprint)
    number = session.successes + session.failures
    entry = _ENTRY.pack(subject, fingerprint, template or NOTHING, now, number, False)
    session.unmended = session.unmended[-(MOST - 1) * _ENTRY.size :] + entry


def settle(session: Session, subject: bytes, fingerprint: bytes) -> None:
    """The same call succeeded: nothing of it is open any more."""
    packed, key = session.unmended, subject + fingerprint
    if key in packed:
        places = range(0, len(packed), _ENTRY.size)
        session.unmended = b"".join([packed[at : at + _ENTRY.size] for at in places if packed[at : at + _KEY] != key])


def answer(session: Session, answered: Pending) -> None:
    """A correction of this failure was seen; what succeeds later is not taken for another one."""
    newest_first = [one._replace(answered=True) if one == answered else one for one in pending(session)]
    session.unmended = b"".join([_ENTRY.pack(*one) for one in reversed(newest_first)])
