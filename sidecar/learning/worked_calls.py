"""Which calls of a tool worked the last time, in a table of bytes: a byte for each slot that a call's hash points at.

The byte is a part of the hash: another call is taken for one that worked once in 255 times. The newer call keeps the
slot. The table grows by doubling: both halves begin as what was there. 4 KiB a tool at most.
"""

from __future__ import annotations

from typing import Final
from zlib import crc32

#: Slots of a new tool, of one with many calls, and for each call, as far as there may be as many. Powers of two.
FIRST_SLOTS: Final = 256
MOST_SLOTS: Final = 4_096
_SLOTS_PER_CALL: Final = 16


def worked(table: bytes | bytearray, call: int) -> bool:
    """Whether this call, a hash of 32 bits, worked the last time, as far as is remembered."""
    return bool(table) and table[call & (len(table) - 1)] == _mark(call)


def note(table: bytearray, call: int, calls: int, *, failed: bool) -> bytearray:
    """The table after the call was made, of a tool that was called so many times before."""
    if not table:
        table = bytearray(FIRST_SLOTS)
    while len(table) < MOST_SLOTS and len(table) < calls * _SLOTS_PER_CALL:
        table = table + table
    slot, mark = call & (len(table) - 1), _mark(call)
    if not failed:
        table[slot] = mark
    elif table[slot] == mark:
        table[slot] = 0
    return table


def hash_of(fingerprint: bytes, epoch: int) -> int:
    """The hash of a call; another one after each reset of its tool."""
    return crc32(fingerprint, epoch)


def _mark(call: int) -> int:
    """Never 0, which is an empty slot's."""
    return (call >> 20) % 255 + 1
