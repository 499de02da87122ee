"""Rings of a session's calls: packed entries of eight bytes, newest last. Of an ``item`` the first eight bytes count."""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize
from libc.stdint cimport uint8_t, uint32_t, uint64_t
from libc.string cimport memcpy

from sidecar.native.fields cimport get, place_of, put

cdef enum:
    _WIDTH = 8
    # Calls of a session that are remembered.
    _RING = 64
    _FAILED = 0x01

RING = _RING

# The class of sessions, and where what is remembered of their calls stands.
cdef object _known = None
cdef Py_ssize_t _at_fingerprints, _at_kinds, _at_templates, _at_marks, _at_endings, _at_moments
cdef Py_ssize_t _at_successes, _at_failures, _at_time, _at_cost


def know(session):
    """Sessions are of this class. TypeError where it has not all of their fields."""
    global _known, _at_fingerprints, _at_kinds, _at_templates, _at_marks, _at_endings, _at_moments
    global _at_successes, _at_failures, _at_time, _at_cost
    _known = None
    _at_fingerprints, _at_kinds = place_of(session, "fingerprints"), place_of(session, "kinds")
    _at_templates, _at_marks = place_of(session, "templates"), place_of(session, "marks")
    _at_endings, _at_moments = place_of(session, "endings"), place_of(session, "moments")
    _at_successes, _at_failures = place_of(session, "successes"), place_of(session, "failures")
    _at_time, _at_cost = place_of(session, "time"), place_of(session, "cost")
    _known = session


cdef inline int _check(object session) except -1:
    if type(session) is not _known:
        raise TypeError("this is no session")
    return 0


cdef int _push(object session, Py_ssize_t place, const uint8_t* item, Py_ssize_t size, Py_ssize_t width) except -1:
    """Add an entry to a ring; the oldest goes where there is no room."""
    cdef bytes packed = get(session, place), longer
    cdef Py_ssize_t all_of = len(packed), kept = min(all_of, (_RING - 1) * width)
    cdef char* data
    longer = PyBytes_FromStringAndSize(NULL, kept + size)
    data = PyBytes_AS_STRING(longer)
    memcpy(data, PyBytes_AS_STRING(packed) + all_of - kept, kept)
    memcpy(data + kept, item, size)
    put(session, place, longer)
    return 0


cdef inline int _push_item(object session, Py_ssize_t place, bytes item) except -1:
    return _push(session, place, item, min(<Py_ssize_t>len(item), <Py_ssize_t>_WIDTH), _WIDTH)


def add(session, bytes fingerprint not None, bytes kind not None, bytes template not None, uint8_t mark, double now):
    """Add a call to a session's rings, and count it. Of each item the first eight bytes are kept."""
    cdef double time
    cdef long long count
    cdef Py_ssize_t counted = _at_failures if mark & _FAILED else _at_successes
    _check(session)
    _push_item(session, _at_fingerprints, fingerprint)
    _push_item(session, _at_kinds, kind)
    _push_item(session, _at_templates, template)
    _push(session, _at_marks, &mark, 1, 1)
    count = get(session, counted)
    put(session, counted, count + 1)
    time = get(session, _at_time)
    if now > time:
        put(session, _at_time, now)


def add_ending(session, bytes ending not None):
    """Add what the newest call ended with, all of it."""
    _check(session)
    _push(session, _at_endings, ending, len(ending), _WIDTH)


def add_moment(session, bytes subject not None, double now, double cost):
    """Add when the newest call was made, in whole seconds that 32 bits hold, and the first four bytes of its tool's key.

    What it cost is added to what the others did.
    """
    cdef uint8_t[_WIDTH] entry
    cdef const uint8_t* tool = subject
    cdef Py_ssize_t size = min(<Py_ssize_t>len(subject), <Py_ssize_t>4), i
    cdef uint32_t second = 0
    cdef double before
    _check(session)
    if now >= 4294967295.0:
        second = 0xFFFFFFFFu
    elif now > 0.0:
        second = <uint32_t>now
    for i in range(4):
        entry[i] = second >> 8 * (3 - i) & 0xFF
    for i in range(size):
        entry[4 + i] = tool[i]
    _push(session, _at_moments, entry, 4 + size, _WIDTH)
    before = get(session, _at_cost)
    put(session, _at_cost, before + cost)


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
