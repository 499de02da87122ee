"""What an error text names: its words, runs and quoted parts, and which of them stand in other text."""

from libc.stdint cimport uint16_t, uint32_t
from libc.string cimport memset

from sidecar.native.characters cimport is_ascii_digit, is_space, joins, parts, stops

cdef extern from "Python.h":
    int PyUnicode_KIND(object text)
    void* PyUnicode_DATA(object text)
    Py_UCS4 PyUnicode_READ(int kind, void* data, Py_ssize_t at) noexcept nogil

cdef enum:
    _LEAST = 3
    _MOST = 120
    # Characters of an error that are read, and slots for its words: each has three characters, and one stands between.
    _CHARS = 4096
    _SLOTS = 2048

LEAST_CHARS, MOST_CHARS, ERROR_CHARS = _LEAST, _MOST, _CHARS

cdef struct Text:
    int kind
    void* data
    Py_ssize_t size


cdef inline Text _text(str of):
    cdef Text text
    text.kind, text.data, text.size = PyUnicode_KIND(of), PyUnicode_DATA(of), len(of)
    return text


cdef inline Py_UCS4 _at(const Text* text, Py_ssize_t at) noexcept nogil:
    return PyUnicode_READ(text.kind, text.data, at)


cdef bint _next_word(const Text* text, Py_ssize_t* start, Py_ssize_t* end, uint32_t* mark) noexcept nogil:
    """Find the next word after ``end``, of a longer one the next part, and its hash (FNV-1a); whether there is one."""
    cdef Py_ssize_t i = end[0]
    cdef uint32_t state
    cdef Py_UCS4 one
    while i < text.size:
        while i < text.size and not joins(_at(text, i)):
            i += 1
        start[0] = i
        state = 2166136261u
        while i < text.size and i - start[0] < _MOST:
            one = _at(text, i)
            if not joins(one):
                break
            state = (state ^ <uint32_t>one) * 16777619u
            i += 1
        end[0] = i
        if i - start[0] >= _LEAST:
            mark[0] = state ^ state >> 15
            return True
    return False


cdef bint _stands(
    const Text* text, Py_ssize_t at, Py_ssize_t end, const Text* other, Py_ssize_t first, Py_ssize_t last
) noexcept nogil:
    """Whether what stands here is what stands there."""
    if end - at != last - first:
        return False
    while at < end:
        if _at(text, at) != _at(other, first):
            return False
        at += 1
        first += 1
    return True


def words_in_both(str error not None, str text not None):
    """Words of 3 to 120 letters that stand in both, as a set; of longer ones the parts. ValueError for a long error."""
    cdef Text subject = _text(error), other = _text(text)
    cdef uint16_t[_SLOTS] starts  # of words, plus one; 0 where there is none
    cdef uint16_t[_SLOTS] ends
    cdef Py_ssize_t start = 0, end = 0, slot
    cdef uint32_t mark = 0
    cdef set found = set()
    if subject.size > _CHARS:
        raise ValueError("the error is too long")
    memset(starts, 0, sizeof(starts))
    while _next_word(&subject, &start, &end, &mark):
        slot = mark % _SLOTS
        while starts[slot]:
            if _stands(&subject, starts[slot] - 1, ends[slot], &subject, start, end):
                break
            slot = (slot + 1) % _SLOTS
        else:
            starts[slot], ends[slot] = <uint16_t>(start + 1), <uint16_t>end
    start = end = 0
    while _next_word(&other, &start, &end, &mark):
        slot = mark % _SLOTS
        while starts[slot]:
            if _stands(&subject, starts[slot] - 1, ends[slot], &other, start, end):
                found.add(text[start:end])
                break
            slot = (slot + 1) % _SLOTS
    return found


cdef int _add_run(set found, str error, const Text* subject, Py_ssize_t start, Py_ssize_t end, str text) except -1:
    cdef Py_ssize_t i
    cdef str one
    while start < end and stops(_at(subject, start)):
        start += 1
    while end > start and stops(_at(subject, end - 1)):
        end -= 1
    if end - start < _LEAST:
        return 0
    for i in range(start, end):
        if _at(subject, i) > 127 or not joins(_at(subject, i)):
            break
    else:
        if not is_ascii_digit(_at(subject, start)):
            return 0  # a plain name
    one = error[start:end]
    if one in text and not one.isidentifier():
        found.add(one)
    return 0


def runs_in(str error not None, str text not None):
    """Runs of 3 to 120 characters between spaces, quotes and brackets of the error that stand in the text, as a set.

    Without stops around them (``.:!?*``), and none that is a plain name.
    """
    cdef Text subject = _text(error)
    cdef Py_ssize_t i, start = 0
    cdef set found = set()
    for i in range(subject.size + 1):
        if i == subject.size or parts(_at(&subject, i)):
            if i - start >= _LEAST:
                _add_run(found, error, &subject, start, i, text)
            start = i + 1
        elif i - start == _MOST:
            _add_run(found, error, &subject, start, i, text)
            start = i
    return found


cdef Py_ssize_t _stand_in(const Text* text, Py_ssize_t at) noexcept nogil:
    """Where the stand-in of a hidden value ends whose mark stands before: at its closing mark; -1 where there is none."""
    cdef Py_ssize_t i = at
    cdef Py_UCS4 one
    while i < text.size and i - at <= 16:
        one = _at(text, i)
        if not (c"a" <= one <= c"z" or one == c"_"):
            break
        i += 1
    if not 2 <= i - at <= 16 or text.size - i < 10 or _at(text, i) != c":" or _at(text, i + 9) != c">":
        return -1
    for at in range(i + 1, i + 9):
        one = _at(text, at)
        if not (c"0" <= one <= c"9" or c"a" <= one <= c"f"):
            return -1
    return i + 9


cdef Py_ssize_t _quoted(const Text* text, Py_ssize_t at) noexcept nogil:
    """Where what is quoted from the mark before on ends; -1 where it has no end, is too short or too long."""
    cdef Py_UCS4 mark = _at(text, at - 1), one, opens = mark, closes
    cdef Py_ssize_t i = at
    if mark == c"<":
        return _stand_in(text, at)
    if mark == c"'" and at > 1 and joins(_at(text, at - 2)):
        return -1
    closes = mark
    if mark == c"[":
        closes = c"]"
    elif mark == 0x2018:
        closes = opens = 0x2019
    elif mark == 0x201C:
        closes = opens = 0x201D
    while i < text.size and i - at <= _MOST:
        one = _at(text, i)
        if one == c"\n":
            return -1
        if mark == c"'":
            if one == c"'" and (i + 1 == text.size or not joins(_at(text, i + 1))):
                break
        elif one == closes or (mark == c"`" and one == c"'"):
            break
        elif one == opens:
            return -1
        i += 1
    else:
        return -1
    return i if _LEAST <= i - at <= _MOST else -1


def quoted(str error not None):
    """What stands in quotes, in square brackets, or as a stand-in in the error, 3 to 120 characters each, as a list."""
    cdef Text subject = _text(error)
    cdef Py_ssize_t i = 0, end
    cdef list found = []
    while i < subject.size:
        if _at(&subject, i) in (c"<", c"'", c'"', c"`", c"[", 0x2018, 0x201C):
            end = _quoted(&subject, i + 1)
            if end >= 0:
                found.append(error[i + 1:end])
                i = end
        i += 1
    return found


def texts_of(values):
    """The texts and numbers in JSON values, as they stand in them, as a list of texts: no names, true, false or null."""
    cdef list found = [], stack
    for value in values:
        if isinstance(value, str):
            found.append(value)
        elif isinstance(value, (dict, list)):
            stack = [value]
            while stack:
                item = stack.pop()
                if isinstance(item, str):
                    found.append(item)
                elif isinstance(item, dict):
                    stack.extend(reversed(item.values()))
                elif isinstance(item, list):
                    stack.extend(reversed(item))
                elif item is not None and not isinstance(item, bool):
                    found.append(str(item))
        elif value is not None and not isinstance(value, bool):
            found.append(str(value))
    return found
