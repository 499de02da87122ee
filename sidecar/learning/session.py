"""What a session did last: a ring of its recent calls, packed so that reading it costs a few microseconds.

Each call is one entry in parallel byte strings: ``fingerprints`` and ``kinds`` 8 bytes, ``templates`` 8 bytes,
``marks`` 1 byte (bits below). Newest last. Nothing grows with the session's length.
"""

from __future__ import annotations

from typing import Final

import msgspec

from ..model.vocabulary import Cause
from ..native import rings

RING: Final = rings.RING
#: Tools that are remembered with how their last calls went.
TOOLS: Final = 24
#: Tools of which calls and failures are counted.
COUNTED_TOOLS: Final = 64
WIDTH: Final = 8

FAILED: Final = 0x01
#: It may have changed something: it succeeded, and its tool is not registered as read-only.
CHANGED: Final = 0x02
#: It gave no result: of what succeeds silently, more is a write than of what answers.
SILENT: Final = 0x04
#: The cause of its failure is in the upper four bits.
CAUSE_SHIFT: Final = 4

NOTHING: Final = bytes(WIDTH)


class Session(msgspec.Struct, array_like=True):
    """The recent calls of one session. ``successes`` and ``failures`` count all of them. Append fields only."""

    fingerprints: bytes = b""
    kinds: bytes = b""
    templates: bytes = b""
    marks: bytes = b""
    successes: int = 0
    failures: int = 0
    time: float = 0.0
    age_key: bytes = b""
    #: The newest failure: its tool, fingerprint and error template; what succeeds right after it may be its fix.
    failed_tool: str = ""
    failed_fingerprint: bytes = b""
    failed_template: bytes = b""
    #: What the calls ended with, 8 bytes each, see ``wording.py``.
    endings: bytes = b""
    #: No longer written.
    words: bytes = b""
    word_marks: bytes = b""
    #: Failures that nothing has mended yet, see ``pending.py``.
    unmended: bytes = b""
    #: Tools that were called, by name, with 1 where the last call worked and 0 where it failed; least recent first.
    worked: dict[str, int] = {}
    #: When the calls of the ring were made, in seconds, and the beginning of their tools' keys: 4 bytes each.
    moments: bytes = b""
    #: What the calls cost in all.
    cost: float = 0.0
    #: By tool: calls, and how many of them failed; least recent first.
    by_tool: dict[str, list[int]] = {}
    #: Words of the newest call, if it worked, see ``last_words.py``.
    last_words: bytes = b""
    #: Steps that worked, packed, see ``steps.py``.
    steps: bytes = b""

    def __len__(self) -> int:
        return len(self.marks)

    def last_index(self, fingerprint: bytes) -> int:
        """Where the newest call with this fingerprint (its first 8 bytes) stands, or -1."""
        return rings.last(self.fingerprints, fingerprint)

    def kind(self, index: int) -> bytes:
        """The kind of a call."""
        return self.kinds[index * WIDTH : index * WIDTH + WIDTH]

    def template(self, index: int) -> bytes:
        """The error template's id of a call that failed."""
        return self.templates[index * WIDTH : index * WIDTH + WIDTH]

    def failed(self, index: int) -> bool:
        """Whether a call failed."""
        return bool(self.marks[index] & FAILED)

    def cause(self, index: int) -> Cause:
        """Why a call failed."""
        return Cause(self.marks[index] >> CAUSE_SHIFT)

    def changes_since(self, index: int) -> set[bytes]:
        """The kinds of calls after ``index`` that may have changed something; silent ones are kinds of their own."""
        marks = self.marks
        found: set[bytes] = set()
        for i in range(index + 1, len(marks)):
            mark = marks[i]
            if mark & CHANGED:
                kind = self.kinds[i * WIDTH : i * WIDTH + WIDTH]
                found.add(kind + b"s" if mark & SILENT else kind)
        return found

    def failures_in_row(self, fingerprint: bytes) -> int:
        """How often the call with this fingerprint (8 bytes) failed since it last succeeded."""
        count = 0
        for place in reversed(rings.places(self.fingerprints, fingerprint)):
            if not self.marks[place] & FAILED:
                break
            count += 1
        return count

    def trailing_failures(self) -> int:
        """How many calls in a row failed, up to now."""
        count = 0
        for mark in reversed(self.marks):
            if not mark & FAILED:
                break
            count += 1
        return count

    def remember_tool(self, tool: str, *, failed: bool) -> None:
        """Remember how the newest call of a tool went; the least recently called of too many are forgotten."""
        self.worked.pop(tool, None)
        self.worked[tool] = 0 if failed else 1
        if len(self.worked) > TOOLS:
            del self.worked[next(iter(self.worked))]

    def remember_moment(self, tool: str, subject: bytes, now: float, cost: float, *, failed: bool) -> None:
        """Remember when the newest call was made, of which tool (its 8-byte key), and what it cost."""
        rings.add_moment(self, subject, now, cost)
        counts = self.by_tool.pop(tool, None) or [0, 0]
        self.by_tool[tool] = [counts[0] + 1, counts[1] + failed]
        if len(self.by_tool) > COUNTED_TOOLS:
            del self.by_tool[next(iter(self.by_tool))]

    def calls_since(self, time: float, subject: bytes = b"") -> int:
        """Calls of the ring made after a time (seconds), of one tool or of all: at most 64 are remembered."""
        count, start, wanted = 0, int(time), subject[:4]
        for at in range(0, len(self.moments), WIDTH):
            if int.from_bytes(self.moments[at : at + 4]) > start:
                count += not wanted or self.moments[at + 4 : at + WIDTH] == wanted
        return count

    def last_of_kind(self, kind: bytes) -> int:
        """Where the newest call of this kind stands, or -1."""
        return rings.last(self.kinds, kind)

    def of_kind(self, kind: bytes) -> tuple[int, int]:
        """Calls of this kind in the ring, and how many of them failed."""
        return rings.marked(self.kinds, kind, self.marks, FAILED)[:2]

    def ended_like(self, ending: bytes) -> tuple[int, int, bool]:
        """Calls in the ring with this ending, how many of them failed, and whether the last one did."""
        return rings.marked(self.endings, ending, self.marks, FAILED)  # the oldest calls may have none

    def remember_ending(self, ending: bytes) -> None:
        """Remember what the newest call ended with. To be called after ``add``."""
        rings.add_ending(self, ending)

    def episodes(self, fingerprint: bytes) -> tuple[int, int]:
        """How often, as far as is remembered, the call with this fingerprint (8 bytes) began to work, and to fail."""
        began = broke = 0
        before = -1
        for place in rings.places(self.fingerprints, fingerprint):
            failed = self.marks[place] & FAILED
            if failed != before:
                before = failed
                broke += failed
                began += not failed
        return began, broke

    def ever_worked(self, fingerprint: bytes) -> bool:
        """Whether a remembered call with this fingerprint (8 bytes) worked."""
        return not all(self.marks[place] & FAILED for place in rings.places(self.fingerprints, fingerprint))

    def add(self, fingerprint: bytes, kind: bytes, template: bytes, mark: int, now: float) -> None:
        """Remember one call that succeeded or failed."""
        rings.add(self, fingerprint, kind, template or NOTHING, mark, now)


rings.know(Session)
