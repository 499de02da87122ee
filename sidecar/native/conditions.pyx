"""The conditions on the form of arguments that a call meets (``learning/forms.py``), as hashes.

A condition's hash is the CRC-32 of the argument's name, a zero byte and the form, 1 where that is 0.
"""

from libc.stdint cimport uint8_t, uint32_t

from sidecar.native.characters cimport is_ascii_digit
from sidecar.native.words cimport more, more_text

cdef extern from "Python.h":
    bint PyUnicode_IS_ASCII(object text)
    void* PyUnicode_DATA(object text)
    bint Py_UNICODE_ISALPHA(Py_UCS4 one)
    bint Py_UNICODE_ISALNUM(Py_UCS4 one)
    bint Py_UNICODE_ISDIGIT(Py_UCS4 one)
    bint Py_UNICODE_ISUPPER(Py_UCS4 one)

cdef enum:
    # Values that are looked at, characters of each, and conditions from which on no further value is.
    _LEAVES = 16
    _CHARS = 400
    _MOST = 80
    _DIGIT_CHARS = 64
    _VALUE_CHARS = 24
    # Sizes that are told apart, by doubling.
    _BUCKETS = 66
    _QUOTES = 1
    _BRACKETS = 2
    _LINES = 4
    _OTHER = 8
    _CAPITALS = 16
    _DIGITS = 32

MAX_CONDITIONS = _MOST

cdef list _has, _buckets
_has = [
    b"has:quotes", b"has:brackets", b"has:lines", b"has:letters beyond ASCII", b"has:capitals", b"has:digits",
]
_buckets = [
    b"%d" % one if one < 4 else b"%d to %d" % (1 << (one - 2), (2 << (one - 2)) - 1) for one in range(_BUCKETS)
]


cdef class _Found:
    """Conditions that were met, each once, in order. ``spelled`` is the one that is wanted, with its argument's name."""

    cdef dict met
    cdef uint32_t wanted
    cdef tuple spelled


cdef int _note(_Found to, str name, uint32_t state, bytes sort, bytes detail) except -1:
    cdef uint32_t mark = ~state
    if not mark:
        mark = 1
    to.met[mark] = None
    if mark == to.wanted:
        to.spelled = name, (sort + detail).decode("utf-8", "surrogatepass")
    return 0


cdef int _add(_Found to, str name, uint32_t state, bytes form) except -1:
    """Note a form, after the state of its argument's name."""
    return _note(to, name, more(state, <const uint8_t*>form, len(form)), form, b"")


cdef int _add_with(_Found to, str name, uint32_t state, bytes sort, bytes detail) except -1:
    state = more(state, <const uint8_t*>sort, len(sort))
    return _note(to, name, more(state, <const uint8_t*>detail, len(detail)), sort, detail)


cdef int _add_text(_Found to, str name, uint32_t state, bytes sort, str detail) except -1:
    """The same with a text in it."""
    state = more_text(more(state, <const uint8_t*>sort, len(sort)), detail)
    return _note(to, name, state, sort, detail.encode("utf-8", "surrogatepass") if to.wanted else b"")


cdef uint32_t _of_name(str name):
    cdef uint8_t zero = 0
    return more(more_text(0xFFFFFFFFu, name), &zero, 1)


cdef inline bytes _bucket(Py_ssize_t number):
    """0, 1, 2, 3, then by doubling."""
    cdef Py_ssize_t bits = number
    if number >= 4:
        bits = 1
        while number:
            number >>= 1
            bits += 1
    return <bytes>_buckets[bits]


cdef int _ascii_has(const uint8_t* text, Py_ssize_t size, Py_ssize_t* spaces) noexcept nogil:
    cdef int has = 0
    cdef uint8_t one
    cdef Py_ssize_t i
    for i in range(size):
        one = text[i]
        if one == c" ":
            spaces[0] += 1
        elif c"A" <= one <= c"Z":
            has |= _CAPITALS
        elif one == c"'" or one == c'"':
            has |= _QUOTES
        elif one == c"(" or one == c"[" or one == c"<":
            has |= _BRACKETS
        elif one == c"\n":
            has |= _LINES
        elif i < _DIGIT_CHARS and is_ascii_digit(one):
            has |= _DIGITS
    return has


cdef int _other_has(str text, Py_ssize_t* spaces) except -1:
    """The same of a text that is not ASCII."""
    cdef int has = _OTHER
    cdef Py_ssize_t i
    cdef Py_UCS4 one
    for i in range(len(text)):
        one = text[i]
        if one == c" ":
            spaces[0] += 1
        elif one == c"'" or one == c'"':
            has |= _QUOTES
        elif one == c"(" or one == c"[" or one == c"<":
            has |= _BRACKETS
        elif one == c"\n":
            has |= _LINES
        elif i < _DIGIT_CHARS and Py_UNICODE_ISDIGIT(one):
            has |= _DIGITS
    if text != text.lower():
        has |= _CAPITALS
    return has


cdef bint _is_word(str text):
    """Whether a short text is letters alone, beside points and hyphens: then it is a value that others may have."""
    cdef Py_UCS4 one
    cdef bint letters = False
    for one in text:
        if one != c"-" and one != c".":
            if not Py_UNICODE_ISALPHA(one):
                return False
            letters = True
    return letters


cdef int _add_forms_of_text(_Found to, str name, uint32_t state, str whole) except -1:
    cdef Py_ssize_t length = len(whole), spaces = 0
    cdef str text = whole if length <= _CHARS else whole[:_CHARS]
    cdef Py_UCS4 one
    cdef int has, i
    if not length:
        _add(to, name, state, b"empty")
        return 0
    if PyUnicode_IS_ASCII(text):
        has = _ascii_has(<const uint8_t*>PyUnicode_DATA(text), len(text), &spaces)
    else:
        has = _other_has(text, &spaces)
    one = text[0]
    if Py_UNICODE_ISALPHA(one):
        _add(to, name, state, b"first:A" if Py_UNICODE_ISUPPER(one) else b"first:a")
    elif Py_UNICODE_ISDIGIT(one):
        _add(to, name, state, b"first:0")
    else:
        _add_text(to, name, state, b"first:", chr(one))
    if length <= _CHARS:
        one = text[length - 1]
        if not Py_UNICODE_ISALNUM(one):
            _add_text(to, name, state, b"last:", chr(one))
    for i in range(6):
        if has >> i & 1:
            _add(to, name, state, <bytes>_has[i])
    _add_with(to, name, state, b"words:", _bucket(spaces + 1))
    _add_with(to, name, state, b"length:", _bucket(length))
    if length <= _VALUE_CHARS and _is_word(text):
        _add_text(to, name, state, b"value:", text.lower())
    return 0


cdef int _add_forms(_Found to, str name, item) except -1:
    cdef uint32_t state = _of_name(name)
    if isinstance(item, str):
        _add_forms_of_text(to, name, state, <str>item)
    elif isinstance(item, bool):
        _add(to, name, state, b"value:true" if item else b"value:false")
    elif isinstance(item, (int, float)):
        _add(to, name, state, b"whole" if item == int(item) else b"fraction")
        if item < 0:
            _add(to, name, state, b"negative")
        elif not item:
            _add(to, name, state, b"value:0")
    elif isinstance(item, list):
        _add_with(to, name, state, b"items:", _bucket(len(<list>item)))
    elif item is None:
        _add(to, name, state, b"null")
    else:
        _add(to, name, state, b"object" if item else b"empty")
    return 0


cdef int _look(_Found to, dict arguments, names) except -1:
    cdef str name
    cdef list stack
    cdef int left = _LEAVES
    to.met = {}
    for name in names:
        if name not in arguments:
            _add(to, name, _of_name(name), b"absent")
    stack = list(arguments.items())
    stack.reverse()
    while stack and left:
        name, item = stack.pop()
        _add_forms(to, name, item)
        if len(to.met) >= _MOST:
            break
        if isinstance(item, dict):
            inner = [(f"{name}.{key}", value) for key, value in list((<dict>item).items())[:_LEAVES]]
            inner.reverse()
            stack.extend(inner)
        elif isinstance(item, list):
            stack.extend([(f"{name}[]", value) for value in reversed((<list>item)[:2])])
        left -= 1
    return 0


def conditions_of(dict arguments not None, names not None):
    """The conditions that arguments meet, as the keys of a dict, in order; ``names`` may be expected.

    Of the first 16 values, those inside of objects and of the first two items of lists too; of a text the first 400
    characters. No further value is looked at once there are 80.
    """
    cdef _Found found = _Found()
    _look(found, arguments, names)
    return found.met


def spell(uint32_t condition, dict arguments not None, names not None):
    """The argument's name and the form of one of these conditions. KeyError where it is none of them."""
    cdef _Found found = _Found()
    found.wanted = condition
    _look(found, arguments, names)
    if found.spelled is None:
        raise KeyError(condition)
    return found.spelled
