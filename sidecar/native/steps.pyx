"""Marks of what a call does, and a session's of what worked, as ``learning/steps.py`` packs them: two bytes of the tool,
four of the step."""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize
from libc.stdint cimport uint8_t, uint32_t
from libc.string cimport memcmp, memcpy

from sidecar.native.words cimport more_text, opening

cdef extern from "Python.h":
    bint Py_UNICODE_ISALPHA(Py_UCS4 one) noexcept nogil

cdef enum:
    _WIDTH = 6
    # Steps that a session keeps, arguments of a call that make one, and characters of a word that does, and of its name.
    _MOST = 64
    _ARGUMENTS = 3
    _WORD = 24
    _NAME = 64
    # An argument each, the opening, and that a call failed.
    _AT_ONCE = 5

MOST = _MOST


cdef bytes _mark(str words):
    cdef uint32_t mark = ~more_text(0xFFFFFFFFu, words)
    cdef uint8_t[4] packed
    cdef int i
    if not mark:
        mark = 1
    for i in range(4):
        packed[i] = mark >> 8 * (3 - i) & 0xFF
    return packed[:4]


cdef bint _is_word(str value) noexcept:
    """Whether it is one letter after the other, but for what words are joined with."""
    cdef Py_ssize_t i
    cdef Py_UCS4 one
    cdef bint any_letter = False
    for i in range(len(value)):
        one = value[i]
        if one == c"_" or one == c"-":
            continue
        if not Py_UNICODE_ISALPHA(one):
            return False
        any_letter = True
    return any_letter


def steps_of(dict arguments not None):
    """Marks of what a call does, with their words: its short words, and how its longest text opens."""
    cdef dict found = {}
    cdef str name, text, words, first, stem, longest = ""
    for name, value in arguments.items():
        if not isinstance(value, str) or len(name) > _NAME:
            continue
        text = value
        if len(text) <= _WORD and len(found) < _ARGUMENTS and _is_word(text):
            words = f"“{name}” is “{text}”"
            found[_mark(words)] = words
        if len(text) > len(longest):
            longest = text
    first, stem = opening(longest)
    if stem and len(first) <= _WORD and len(stem) <= _WORD:
        words = f"“{first} {stem}”"
        found[_mark(words)] = words
    return found


def remembered(bytes packed not None, bytes tool not None, steps not None, *, bint failed):
    """What a session keeps after a call of a tool (its key) with these steps.

    They are its newest if it worked; what failed has not worked any more, which is kept instead. The oldest of too many
    go. ValueError for more steps than a call has, and where a step has not four bytes, or a key less than two.
    """
    cdef uint8_t[_AT_ONCE * _WIDTH] mine
    cdef bint[_AT_ONCE] gone
    cdef const uint8_t* old = packed
    cdef const uint8_t* key = tool
    cdef uint8_t* new
    cdef Py_ssize_t size = len(packed), at = 0, kept = 0, added
    cdef int count = 0, i
    cdef bytes step, longer
    if len(tool) < 2:
        raise ValueError("a key has two bytes and more")
    for step in steps:
        if count == _AT_ONCE - 1 or len(step) != 4:
            raise ValueError("four steps at most, of four bytes each")
        _entry(mine + count * _WIDTH, key, step)
        count += 1
    if failed:
        _entry(mine + count * _WIDTH, key, bytes(4))
        count += 1
    for i in range(count):
        gone[i] = False
    added = 1 if failed else count
    longer = PyBytes_FromStringAndSize(NULL, size + added * _WIDTH)
    new = <uint8_t*>PyBytes_AS_STRING(longer)
    while at < size:
        if at + _WIDTH > size:
            memcpy(new + kept, old + at, size - at)
            kept += size - at
            break
        for i in range(count):
            if not gone[i] and not memcmp(old + at, mine + i * _WIDTH, _WIDTH):
                gone[i] = True  # it stands there once
                break
        else:
            memcpy(new + kept, old + at, _WIDTH)
            kept += _WIDTH
        at += _WIDTH
    memcpy(new + kept, mine + (count - added) * _WIDTH, added * _WIDTH)
    kept += added * _WIDTH
    return longer[max(0, kept - _MOST * _WIDTH) : kept]


def recovered(bytes packed not None, bytes tool not None):
    """The first steps of a tool that worked after its last failure, two at most. ValueError for a key of less than two
    bytes.
    """
    cdef const uint8_t* data = packed
    cdef const uint8_t* key = tool
    cdef uint8_t[_WIDTH] failure
    cdef Py_ssize_t size = len(packed), at = 0
    cdef list found = []
    cdef bint after = False
    if len(tool) < 2:
        raise ValueError("a key has two bytes and more")
    _entry(failure, key, b"\0\0\0\0")
    while at + _WIDTH <= size and len(found) < 2:
        if data[at] == key[0] and data[at + 1] == key[1]:
            if after:
                found.append(packed[at + 2 : at + _WIDTH])
            elif not memcmp(data + at, failure, _WIDTH):
                after = True
        at += _WIDTH
    return found


cdef inline void _entry(uint8_t* to, const uint8_t* key, const uint8_t* step) noexcept nogil:
    to[0], to[1] = key[0], key[1]
    memcpy(to + 2, step, 4)
