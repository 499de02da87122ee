"""Names in texts, and which of them are not known yet."""

from libc.stdint cimport uint8_t, uint32_t
from libc.string cimport memchr, memcmp, memcpy, memset

from sidecar.native.characters cimport is_space, joins, parts, stops

cdef extern from "Python.h":
    bint PyUnicode_IS_ASCII(object text)
    void* PyUnicode_DATA(object text)

cdef enum:
    _LEAST = 3
    _MOST = 64
    # Names that are looked for at once, and slots for them: a quarter is taken at most.
    _NAMES = 64
    _SLOTS = 256

cdef struct Wanted:
    const uint8_t* names[_NAMES]
    Py_ssize_t sizes[_NAMES]
    bint found[_NAMES]
    uint8_t slots[_SLOTS]
    int left


cdef int _add(list found, str text, Py_ssize_t start, Py_ssize_t end) except -1:
    """Add a run, without stops around it, and its parts where it is no plain name."""
    cdef str one
    cdef Py_ssize_t i, first
    while start < end and stops(text[start]):
        start += 1
    while end > start and stops(text[end - 1]):
        end -= 1
    if start == end:
        return 0
    one = text[start:end]
    if end - start >= _LEAST:
        found.append(one)
    if one.isidentifier():
        return 0
    first = start
    for i in range(start, end + 1):
        if i == end or not joins(text[i]):
            if i - first >= _LEAST:
                found.append(text[first:i])
            first = i + 1
    return 0


def names_in(str text not None, Py_ssize_t most):
    """The first so many names in a text, as often as they stand there.

    Names are runs of 3 to 64 characters between spaces, quotes and brackets, without stops (``.:!?*``) around them; then
    the parts of three letters and more of each that is no plain name.
    """
    cdef Py_ssize_t size = len(text), i, start = 0
    cdef list found = []
    for i in range(size + 1):
        if i == size or parts(text[i]):
            if i - start >= _LEAST:
                _add(found, text, start, i)
            start = i + 1
        elif i - start == _MOST:
            _add(found, text, start, i)
            start = i
        else:
            continue
        if len(found) >= most:
            break
    return found[:most]


cdef inline uint32_t _key(const uint8_t* data, Py_ssize_t size) noexcept nogil:
    """A hash of how long a line is, and of its first and last four bytes: most lines need not be looked at further."""
    cdef uint32_t first = 0, last = 0
    if size >= 4:
        memcpy(&first, data, 4)
        memcpy(&last, data + size - 4, 4)
    else:
        memcpy(&first, data, size)
    first = (first ^ <uint32_t>size) * 2654435761u ^ last * 2246822519u
    return (first ^ first >> 15) * 2654435761u >> 16


cdef void _strike(const uint8_t* text, Py_ssize_t size, Wanted* wanted) noexcept nogil:
    """Forget each wanted name that is a line of a text. What stands before its first break, and after its last, is none."""
    cdef const uint8_t* end = text + size
    cdef const uint8_t* start = <const uint8_t*>memchr(text, c"\n", size)
    cdef const uint8_t* after
    cdef uint32_t slot
    cdef int at
    while start is not NULL and wanted.left:
        start += 1
        after = <const uint8_t*>memchr(start, c"\n", end - start)
        if after is NULL:
            break
        slot = _key(start, after - start) % _SLOTS
        while wanted.slots[slot]:
            at = wanted.slots[slot] - 1
            if wanted.sizes[at] == after - start and not memcmp(wanted.names[at], start, after - start):
                wanted.left -= not wanted.found[at]
                wanted.found[at] = True
                break
            slot = (slot + 1) % _SLOTS
        start = after


def unknown(str known not None, list names not None):
    """Those of the names that are no line of a text, each once, in order. A line stands between line breaks.

    A name holds none.
    """
    cdef Wanted wanted
    cdef uint32_t slot
    cdef str one
    cdef list found = [], looked_for = []
    cdef set seen = set()
    cdef int at
    cdef bint read = PyUnicode_IS_ASCII(known)
    wanted.left = 0
    memset(wanted.slots, 0, sizeof(wanted.slots))
    for one in names:
        if one is None:
            raise TypeError("a name is a text")
        if one in seen:
            continue
        seen.add(one)
        # Of a text in ASCII the other names are no line.
        if not read or wanted.left == _NAMES or not PyUnicode_IS_ASCII(one):
            looked_for.append((one, -1))
            continue
        at = wanted.left
        wanted.names[at] = <const uint8_t*>PyUnicode_DATA(one)
        wanted.sizes[at] = len(one)
        wanted.found[at] = False
        slot = _key(wanted.names[at], len(one)) % _SLOTS
        while wanted.slots[slot]:
            slot = (slot + 1) % _SLOTS
        wanted.left += 1
        wanted.slots[slot] = wanted.left
        looked_for.append((one, at))
    if wanted.left:
        _strike(<const uint8_t*>PyUnicode_DATA(known), len(known), &wanted)
    for one, at in looked_for:
        if at >= 0:
            if not wanted.found[at]:
                found.append(one)
        elif f"\n{one}\n" not in known:
            found.append(one)
    return found


def count_values(dict counted not None, list values not None, Py_ssize_t most_arguments, Py_ssize_t most_values):
    """Count values, each with the argument that it is of, in dicts of counts by argument; whether any was counted.

    Of more than so many arguments none is added; of more than so many values of one the least counted gives way, of
    equal ones the oldest.
    """
    cdef str name, value, least
    cdef dict counts
    cdef object count
    cdef long fewest = 0
    cdef bint changed = False
    for name, value in values:
        counts = counted.get(name)
        if counts is None:
            if len(counted) >= most_arguments:
                continue
            counts = counted[name] = {}
        count = counts.get(value, 0)
        if not count and len(counts) >= most_values:
            least = None
            for one, found in counts.items():
                if least is None or <long>found < fewest:
                    least, fewest = one, found
            del counts[least]
        counts[value] = count + 1
        changed = True
    return changed
