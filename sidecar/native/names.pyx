"""Names in texts, and which of them are not known yet."""

from libc.stdint cimport uint8_t, uint16_t, uint32_t
from libc.string cimport memcmp, memset

from sidecar.native.characters cimport is_space, joins

cdef extern from "Python.h":
    bint PyUnicode_IS_ASCII(object text)
    void* PyUnicode_DATA(object text)

cdef enum:
    _LEAST = 3
    _MOST = 64
    # Characters of the known names that are looked through by hash, and slots for their lines.
    _TEXT = 4096
    _SLOTS = 4096

cdef inline bint _parts(Py_UCS4 one) noexcept nogil:
    return one in (
        c"'", c'"', c"`", c"(", c")", c"[", c"]", c"{", c"}", c"<", c">", c",", c";", c"=", c"|",
        0x2018, 0x2019, 0x201C, 0x201D,
    ) or is_space(one)


cdef inline bint _stops(Py_UCS4 one) noexcept nogil:
    return one in (c".", c":", c"!", c"?", c"*")


cdef int _add(list found, str text, Py_ssize_t start, Py_ssize_t end) except -1:
    """Add a run, without stops around it, and its parts where it is no plain name."""
    cdef str one
    cdef Py_ssize_t i, first
    while start < end and _stops(text[start]):
        start += 1
    while end > start and _stops(text[end - 1]):
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
        if i == size or _parts(text[i]):
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


cdef inline uint32_t _hash(const uint8_t* data, Py_ssize_t size) noexcept nogil:
    """FNV-1a."""
    cdef uint32_t state = 2166136261u
    cdef Py_ssize_t i
    for i in range(size):
        state = (state ^ data[i]) * 16777619u
    return state ^ state >> 15


def unknown(str known not None, list names not None):
    """Those of the names that are no line of a text, each once, in order. A line stands between line breaks.

    A name holds none.
    """
    cdef const uint8_t* data = NULL
    cdef const uint8_t* name
    cdef Py_ssize_t size = len(known), i, start, length
    cdef uint16_t[_SLOTS] starts  # of lines, plus one; 0 where there is none
    cdef uint32_t slot
    cdef str one
    cdef list found = []
    cdef set seen = set()
    cdef bint by_hash = PyUnicode_IS_ASCII(known) and size <= _TEXT
    if by_hash:
        data = <const uint8_t*>PyUnicode_DATA(known)
        memset(starts, 0, sizeof(starts))
        start = 0
        for i in range(size):
            if data[i] == c"\n":
                # A line holds a character and a break at least, so that half of the slots stay free. What stands before
                # the first break is none.
                if start and i > start:
                    slot = _hash(data + start, i - start) % _SLOTS
                    while starts[slot]:
                        slot = (slot + 1) % _SLOTS
                    starts[slot] = <uint16_t>(start + 1)
                start = i + 1
    for one in names:
        if one is None:
            raise TypeError("a name is a text")
        if one in seen:
            continue
        seen.add(one)
        if not by_hash or not one:
            if f"\n{one}\n" not in known:
                found.append(one)
            continue
        if not PyUnicode_IS_ASCII(one):
            found.append(one)
            continue
        length = len(one)
        name = <const uint8_t*>PyUnicode_DATA(one)
        slot = _hash(name, length) % _SLOTS
        while starts[slot]:
            start = starts[slot] - 1
            if start + length < size and data[start + length] == c"\n" and not memcmp(data + start, name, length):
                break
            slot = (slot + 1) % _SLOTS
        else:
            found.append(one)
    return found
