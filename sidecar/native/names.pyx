"""Names in texts, and which of them are not known yet."""

from libc.stdint cimport uint8_t, uint32_t, uint64_t
from libc.string cimport memcmp, memcpy, memset

from sidecar.native.characters cimport is_ascii_digit, joins, parts, stops

cdef extern from "Python.h":
    bint PyUnicode_IS_ASCII(object text)
    void* PyUnicode_DATA(object text)
    str PyUnicode_Substring(str text, Py_ssize_t start, Py_ssize_t end)
    int __builtin_ctzll(unsigned long long number) noexcept nogil

cdef enum:
    _LEAST = 3
    _MOST = 64
    # Characters that are read of one value.
    _TEXT = 1024
    # Names that are looked for at once, and slots for them: of few lines more than one slot is looked at.
    _NAMES = 64
    _SLOTS = 1024
    # What a character of ASCII is: see ``characters.pxd``.
    _PARTS = 1
    _STOPS = 2
    _JOINS = 4
    _DIGIT = 8

cdef uint8_t[128] _kinds


cdef void _tell_kinds() noexcept:
    cdef int one
    for one in range(128):
        _kinds[one] = (
            (_PARTS if parts(one) else 0) | (_STOPS if stops(one) else 0) | (_JOINS if joins(one) else 0)
            | (_DIGIT if is_ascii_digit(one) else 0)
        )


_tell_kinds()

cdef struct Wanted:
    # By how long a name is, bits of what one begins with.
    uint64_t begins[_MOST + 1]
    const uint8_t* names[_NAMES]
    Py_ssize_t sizes[_NAMES]
    uint8_t slots[_SLOTS]  # places from 1 on, 0 for none


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


cdef int _add_ascii(list found, str text, const uint8_t* data, Py_ssize_t start, Py_ssize_t end) except -1:
    """As ``_add``, of a text in ASCII."""
    cdef Py_ssize_t i, first
    cdef int all_join = _JOINS
    while start < end and _kinds[data[start]] & _STOPS:
        start += 1
    while end > start and _kinds[data[end - 1]] & _STOPS:
        end -= 1
    if start == end:
        return 0
    if end - start >= _LEAST:
        found.append(PyUnicode_Substring(text, start, end))
    for i in range(start, end):
        all_join &= _kinds[data[i]]
    if all_join and not _kinds[data[start]] & _DIGIT:
        return 0  # a plain name
    first = start
    for i in range(start, end + 1):
        if i == end or not _kinds[data[i]] & _JOINS:
            if i - first >= _LEAST:
                found.append(PyUnicode_Substring(text, first, i))
            first = i + 1
    return 0


cdef int _names_of_ascii(list found, str text, Py_ssize_t size, Py_ssize_t most) except -1:
    cdef const uint8_t* data = <const uint8_t*>PyUnicode_DATA(text)
    cdef Py_ssize_t i, start = 0
    for i in range(size + 1):
        if i == size or _kinds[data[i]] & _PARTS:
            if i - start >= _LEAST:
                _add_ascii(found, text, data, start, i)
            start = i + 1
        elif i - start == _MOST:
            _add_ascii(found, text, data, start, i)
            start = i
        else:
            continue
        if len(found) >= most:
            break
    return 0


def names_in(str text not None, Py_ssize_t most):
    """The first so many names in a text, as often as they stand there.

    Names are runs of 3 to 64 characters between spaces, quotes and brackets, without stops (``.:!?*``) around them; then
    the parts of three letters and more of each that is no plain name.
    """
    cdef Py_ssize_t size = len(text), i, start = 0
    cdef list found = []
    if PyUnicode_IS_ASCII(text):
        _names_of_ascii(found, text, size, most)
        return found[:most] if len(found) > most else found
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


def words_in(values not None, hidden, Py_ssize_t most):
    """The first so many names inside values: whole short texts, names in texts, numbers of three digits and more.

    What ``hidden``, a pattern, finds is no name.
    """
    cdef list found = []
    cdef Py_ssize_t size
    cdef str text
    for value in values:
        if len(found) >= most:
            break
        if isinstance(value, str):
            text = value
            size = len(text)
            if _LEAST <= size <= _MOST and "\n" not in text and not ("<" in text and hidden.search(text)):
                found.append(text)
            if size > _TEXT:
                text = text[:_TEXT]
            found.extend(names_in(hidden.sub(" ", text) if "<" in text else text, most))
        elif isinstance(value, int) and not isinstance(value, bool) and abs(value) > 99:
            found.append(str(value))
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


cdef inline uint64_t _breaks(const uint8_t* data) noexcept nogil:
    """Which of eight characters are line breaks: the highest bit of each that is one, the first of them lowest."""
    cdef uint64_t eight = (
        <uint64_t>data[0] | <uint64_t>data[1] << 8 | <uint64_t>data[2] << 16 | <uint64_t>data[3] << 24
        | <uint64_t>data[4] << 32 | <uint64_t>data[5] << 40 | <uint64_t>data[6] << 48 | <uint64_t>data[7] << 56
    )
    eight ^= 0x0A0A0A0A0A0A0A0Au
    return ~(((eight & 0x7F7F7F7F7F7F7F7Fu) + 0x7F7F7F7F7F7F7F7Fu) | eight | 0x7F7F7F7F7F7F7F7Fu)


cdef inline int _strike_line(
    const uint8_t* line, Py_ssize_t size, Wanted* wanted, bint* found, int first
) noexcept nogil:
    cdef uint32_t slot
    cdef int at
    if not size or not wanted.begins[min(size, <Py_ssize_t>_MOST)] >> (line[0] & 63) & 1:
        return 0  # as of most lines
    slot = _key(line, size) % _SLOTS
    while wanted.slots[slot]:
        at = wanted.slots[slot] - 1
        if wanted.sizes[at] == size and not memcmp(wanted.names[at], line, size):
            if at >= first or found[at]:
                return 0
            found[at] = True
            return 1
        slot = (slot + 1) % _SLOTS
    return 0


cdef int _strike(const uint8_t* text, Py_ssize_t size, Wanted* wanted, bint* found, int first) noexcept nogil:
    """Mark each of the first wanted names that is a line of a text; gives how many.

    What stands before its first break, and after its last, is none.
    """
    cdef Py_ssize_t at = 0, here, before = -1
    cdef uint64_t breaks
    cdef int count = 0
    while at < size and count < first:
        if at + 8 <= size:
            breaks = _breaks(text + at)
        else:
            breaks = 0
            for here in range(at, size):
                if text[here] == c"\n":
                    breaks |= <uint64_t>0x80 << 8 * (here - at)
        while breaks:
            here = at + (__builtin_ctzll(breaks) >> 3)
            breaks &= breaks - 1
            if before >= 0:
                count += _strike_line(text + before + 1, here - before - 1, wanted, found, first)
            before = here
        at += 8
    return count


cdef class Sought:
    """Names that are looked for in several texts, and more that are in some. A name holds no line break."""

    cdef Wanted wanted
    # Each name once: in ASCII, as many as are looked for at once, and the others.
    cdef list names, others
    cdef int mine, count
    # How many of the names came before each of the others.
    cdef list places
    cdef Py_ssize_t mine_of_others

    def __init__(self, list names not None, list more not None):
        self.names, self.others, self.places, self.count = [], [], [], 0
        memset(&self.wanted, 0, sizeof(Wanted))
        self._look_for(names)
        self.mine, self.mine_of_others = self.count, len(self.others)
        self._look_for(more)

    cdef int _look_for(self, list names) except -1:
        cdef const uint8_t* data
        cdef Py_ssize_t size
        cdef uint32_t slot
        cdef int at
        cdef str one
        for one in names:
            if one is None:
                raise TypeError("a name is a text")
            if PyUnicode_IS_ASCII(one):
                data, size = <const uint8_t*>PyUnicode_DATA(one), len(one)
                slot = _key(data, size) % _SLOTS
                at = self.wanted.slots[slot]
                while at:
                    if self.wanted.sizes[at - 1] == size and not memcmp(self.wanted.names[at - 1], data, size):
                        break
                    slot = (slot + 1) % _SLOTS
                    at = self.wanted.slots[slot]
                if at:
                    continue
                if self.count < _NAMES and size:
                    self.wanted.begins[min(size, <Py_ssize_t>_MOST)] |= <uint64_t>1 << (data[0] & 63)
                    self.wanted.names[self.count], self.wanted.sizes[self.count] = data, size
                    self.count += 1
                    self.wanted.slots[slot] = self.count
                    self.names.append(one)
                    continue
            if one not in self.others:
                self.others.append(one)
                self.places.append(self.count)
        return 0

    def unknown_in(self, str known not None, bint more):
        """Those of the names, with ``more`` of all, that are no line of a text, each once, in order.

        A line stands between line breaks.
        """
        cdef bint[_NAMES] found
        cdef list unknown = []
        cdef str one
        cdef int at, first = self.count if more else self.mine
        cdef Py_ssize_t other = 0, others = len(self.others) if more else self.mine_of_others
        # Of a text in ASCII the other names are no line.
        cdef bint read = PyUnicode_IS_ASCII(known)
        if read:
            memset(found, 0, first * sizeof(bint))
            at = _strike(<const uint8_t*>PyUnicode_DATA(known), len(known), &self.wanted, found, first)
            if at == first and not others:
                return unknown
        for at in range(first + 1):
            while other < others and self.places[other] == at:
                one = self.others[other]
                if f"\n{one}\n" not in known:
                    unknown.append(one)
                other += 1
            if at == first:
                break
            one = self.names[at]
            if not found[at] if read else f"\n{one}\n" not in known:
                unknown.append(one)
        return unknown


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
