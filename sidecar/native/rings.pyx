"""Rings of a session's calls: packed entries of eight bytes, newest last. Of an ``item`` the first eight bytes count."""

from libc.stdint cimport uint8_t, uint64_t
from libc.string cimport memcpy

cdef enum:
    _WIDTH = 8


cdef inline uint64_t _entry(const uint8_t* data) noexcept nogil:
    cdef uint64_t entry
    memcpy(&entry, data, _WIDTH)
    return entry


cdef Py_ssize_t last_of(bytes packed, bytes item) except -2:
    cdef const uint8_t* data = packed
    cdef uint64_t wanted
    cdef Py_ssize_t i
    if len(item) < _WIDTH:
        return -1
    wanted = _entry(item)
    for i in range(len(packed) // _WIDTH - 1, -1, -1):
        if _entry(data + i * _WIDTH) == wanted:
            return i
    return -1


def last(bytes packed not None, bytes item not None):
    """The index of the newest entry that equals the item, or -1."""
    return last_of(packed, item)


def places(bytes packed not None, bytes item not None):
    """The indexes of all entries that equal the item, in order."""
    cdef const uint8_t* data = packed
    cdef uint64_t wanted
    cdef Py_ssize_t i
    cdef list found = []
    if len(item) < _WIDTH:
        return found
    wanted = _entry(item)
    for i in range(len(packed) // _WIDTH):
        if _entry(data + i * _WIDTH) == wanted:
            found.append(i)
    return found


cdef int count_marked(bytes packed, bytes item, bytes marks, int bit, int* with_bit, bint* newest) except -1:
    cdef const uint8_t* data = packed
    cdef const uint8_t* at = marks
    cdef uint64_t wanted
    cdef Py_ssize_t i, count = len(packed) // _WIDTH, missing = len(marks) - count
    cdef int found = 0
    with_bit[0], newest[0] = 0, False
    if len(item) < _WIDTH:
        return 0
    if missing < 0:
        raise ValueError("there is a mark for each entry")
    wanted = _entry(item)
    for i in range(count):
        if _entry(data + i * _WIDTH) == wanted:
            newest[0] = bool(at[i + missing] & bit)
            found += 1
            with_bit[0] += newest[0]
    return found


def marked(bytes packed not None, bytes item not None, bytes marks not None, int bit):
    """How many entries equal the item, how many of them have the bit in their mark, and whether the newest has.

    ``marks`` has a byte for each entry; where it has more, the oldest are of entries that are missing. ValueError where
    it has fewer.
    """
    cdef int found, with_bit
    cdef bint newest
    found = count_marked(packed, item, marks, bit, &with_bit, &newest)
    return found, with_bit, newest
