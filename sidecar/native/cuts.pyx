"""Numbers of calls that failed and that worked, packed as ``learning/cuts.py`` lays them out: a row of 166 bytes for each.

A row is the number's key, how many values of either sort it has (counts go round), 16 of calls that failed and 24 of
calls that worked: little-endian, of 32 bits each.
"""

from libc.math cimport pow
from libc.stdint cimport uint8_t, uint32_t
from libc.string cimport memcpy

cdef enum:
    _FAILURES = 16
    _SUCCESSES = 24
    _HEAD = 6
    _ROW = 166
    _ROWS = 16
    # Values that are compared at once.
    _MOST = 256

FAILURES, SUCCESSES, MAX_MEASURED = _FAILURES, _SUCCESSES, _ROWS

# A cut counts if it tells calls apart as hardly happens by chance: the statistic's 10 % point, near enough.
cdef double _least = 1.2


cdef inline uint32_t _u32(const uint8_t* data) noexcept nogil:
    return <uint32_t>data[3] << 24 | <uint32_t>data[2] << 16 | <uint32_t>data[1] << 8 | data[0]


cdef inline void _put_u32(uint8_t* data, uint32_t value) noexcept nogil:
    data[0], data[1], data[2], data[3] = value & 0xFF, (value >> 8) & 0xFF, (value >> 16) & 0xFF, value >> 24


cdef inline double _value(const uint8_t* data) noexcept nogil:
    cdef uint32_t bits = _u32(data)
    cdef float value
    memcpy(&value, &bits, 4)
    return value


cdef Py_ssize_t _find(const uint8_t* table, Py_ssize_t size, uint32_t key) noexcept nogil:
    """Where the row of a key stands, or -1."""
    cdef Py_ssize_t at = 0
    while at + _ROW <= size:
        if _u32(table + at) == key:
            return at
        at += _ROW
    return -1


def note(bytearray table not None, list measured not None, *, bint failed):
    """Keep a call's values, the oldest of their sort go. Of more than 16 numbers none is kept.

    Each is the key of a number, another one that is not looked at, and the value.
    """
    cdef uint32_t key, bits
    cdef float single
    cdef Py_ssize_t at
    cdef uint8_t* row
    cdef int side = 1 - failed, room = _FAILURES if failed else _SUCCESSES, count
    cdef int start = _HEAD if failed else _HEAD + 4 * _FAILURES
    for number, _, value in measured:
        key, single = number, <float><double>value
        at = _find(<const uint8_t*><char*>table, len(table), key)
        if at < 0:
            if len(table) >= _ROWS * _ROW:
                continue
            at = len(table)
            table += bytes(_ROW)
            _put_u32(<uint8_t*><char*>table + at, key)
        row = <uint8_t*><char*>table + at
        # A count past the room goes round: which slot is next, and that all are full.
        count = row[4 + side]
        memcpy(&bits, &single, 4)
        _put_u32(row + start + 4 * (count % room), bits)
        row[4 + side] = <uint8_t>(count + 1 if count + 1 < 2 * room else room)


cdef tuple _between(double* values, int failures, int successes):
    """Of values of calls that failed, and then of those that worked."""
    cdef double[_MOST] parts
    cdef double one, other, value, part, enough, share = 0.0, most = 0.0, least = 0.0
    cdef double over_low = 0.0, over_high = 0.0, under_low = 0.0, under_high = 0.0
    cdef int i, at, size = failures + successes
    if not failures or not successes:
        return None
    one, other = 1.0 / failures, 1.0 / successes
    for i in range(size):
        value, part = values[i], -one if i < failures else other
        at = i
        while at and values[at - 1] > value:
            values[at], parts[at] = values[at - 1], parts[at - 1]
            at -= 1
        values[at], parts[at] = value, part
    # The share of successes up to a value, less that of failures: above its largest calls fail, below its least.
    for i in range(size - 1):
        share += parts[i]
        if values[i] != values[i + 1]:
            if share > most:
                most, over_low, over_high = share, values[i], values[i + 1]
            if share < least:
                least, under_low, under_high = share, values[i], values[i + 1]
    enough = _least * pow(one + other, 0.5)
    if most < enough and -least < enough:
        return None
    return (
        (over_low, over_high) if most >= enough else None,
        (under_low, under_high) if -least >= enough else None,
    )


def between(list failures not None, list successes not None):
    """Between which two numbers calls are best told apart: those above them fail, and those below; None for neither.

    A side where chance does as well is None. ValueError for more than 256 numbers.
    """
    cdef double[_MOST] values
    cdef Py_ssize_t i, count = len(failures), size = len(failures) + len(successes)
    if size > _MOST:
        raise ValueError("too many numbers")
    for i in range(size):
        values[i] = failures[i] if i < count else successes[i - count]
    return _between(values, <int>count, <int>(size - count))


def between_kept(bytearray table not None, uint32_t key):
    """The same of what is kept of a number; None where nothing is."""
    cdef double[_FAILURES + _SUCCESSES] values
    cdef const uint8_t* row = <const uint8_t*><char*>table
    cdef Py_ssize_t at = _find(row, len(table), key)
    cdef int failures, successes, i
    if at < 0:
        return None
    row += at
    failures, successes = min(<int>row[4], <int>_FAILURES), min(<int>row[5], <int>_SUCCESSES)
    for i in range(failures):
        values[i] = _value(row + _HEAD + 4 * i)
    for i in range(successes):
        values[failures + i] = _value(row + _HEAD + 4 * (_FAILURES + i))
    return _between(values, failures, successes)
