"""Which calls of a tool worked the last time, in a table of bytes: a byte for each slot that a call's hash points at.

The byte is a part of the hash: another call is taken for one that worked once in 255 times. The newer call keeps the
slot. The table grows by doubling: both halves begin as what was there. 4 KiB a tool at most.
"""

from __future__ import annotations

from typing import Final
from zlib import crc32

from ..native import lessons

#: Slots of a new tool, and of one with many calls. Powers of two.
FIRST_SLOTS: Final = lessons.FIRST_SLOTS
MOST_SLOTS: Final = lessons.MOST_SLOTS

#: The table after a call was made.
note = lessons.note_call


def worked(table: bytes | bytearray, call: int) -> bool:
    """Whether this call, a hash of 32 bits, worked the last time, as far as is remembered."""
    return bool(table) and table[call & (len(table) - 1)] == _mark(call)


def hash_of(fingerprint: bytes, epoch: int) -> int:
    """The hash of a call; another one after each reset of its tool."""
    return crc32(fingerprint, epoch)


def _mark(call: int) -> int:
    """Never 0, which is an empty slot's."""
    return (call >> 20) % 255 + 1
