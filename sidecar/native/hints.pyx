"""Whether a text certainly holds no secret: one pass over its characters, in which nothing is missed that may be one.

Looked for are literals that secrets cannot be without, given as a table (``capture/secret_hints.py``), without regard to
case, and what numbers of people look like. Some literals count only with what stands beside them; whatever is read there
is read wider than the patterns do, never narrower, also where backslashes stand for white space.
"""

from cpython.dict cimport PyDict_Next
from cpython.long cimport PyLong_AsLongLongAndOverflow
from cpython.mem cimport PyMem_Calloc, PyMem_Free, PyMem_Malloc
from cpython.object cimport PyObject
from libc.stdint cimport uint8_t, uint16_t, uint32_t

from sidecar.native.characters cimport is_ascii_digit

cdef extern from "Python.h":
    bint PyUnicode_IS_ASCII(object text)
    int PyUnicode_KIND(object text)
    void* PyUnicode_DATA(object text)
    Py_UCS4 PyUnicode_READ(int kind, void* data, Py_ssize_t at)

cdef enum:
    # When a literal speaks of a secret. Always; as a part of a name to which something is assigned, or of a flag; as the
    # end of a name to which a long word is assigned; before 5, before 16 characters of a token; before a space or a mark;
    # in a text that has the other one of a pair too; behind a character that is no space or quote; behind base64.
    _ALONE = 1
    _ASSIGNED = 2
    _KEYED = 4
    _TAILED = 8
    _LONG = 16
    _SPACED = 32
    _FIRST = 64
    _FIRSTS_OTHER = 128
    _SECOND = 256
    _SECONDS_OTHER = 512
    _ADDRESS = 1024
    _ENCODED = 2048

    # Kinds of characters: of names, between a name and what is assigned, of flags, base64, of tokens, of numbers.
    _NAME = 1
    _GAP = 2
    _FLAG = 4
    _BASE64 = 8
    _TOKEN = 16
    _NUMBER = 32

    # What may follow a literal in a name (32 characters after its word, "phrase" of "passphrase" with them), how far a flag
    # is looked for before it, and what a long word is.
    _NAME_REST = 40
    _FLAG_CHARS = 64
    _LONG_WORD = 20
    _BASE64_CHARS = 16
    # The shortest number that is one of a person, and whole numbers that may be a card's.
    _LEAST_NUMBER = 9
    _DEPTH = 16
    _MOST_STATES = 4096

cdef long long _long_number = 1_000_000_000_000

ALONE, ASSIGNED, KEYED, TAILED, LONG, SPACED = _ALONE, _ASSIGNED, _KEYED, _TAILED, _LONG, _SPACED
FIRST, FIRSTS_OTHER, SECOND, SECONDS_OTHER = _FIRST, _FIRSTS_OTHER, _SECOND, _SECONDS_OTHER
ADDRESS, ENCODED = _ADDRESS, _ENCODED

UNSURE, CLEAN, UNKNOWN_NAME = range(3)

cdef uint8_t[256] _kinds


cdef void _prepare() noexcept:
    cdef int one
    cdef bint letter, digit
    for one in range(256):
        digit = c"0" <= one <= c"9"
        letter = c"a" <= one <= c"z" or c"A" <= one <= c"Z"
        _kinds[one] = 0
        if letter or digit:
            _kinds[one] |= _NAME | _FLAG | _BASE64 | _TOKEN
        if digit or c"A" <= one <= c"Z":
            _kinds[one] |= _NUMBER
    for one in b"_-":
        _kinds[one] |= _NAME | _FLAG | _TOKEN
    for one in b".":
        _kinds[one] |= _NAME
    for one in b"+/":
        _kinds[one] |= _BASE64
    for one in b"+/=.":
        _kinds[one] |= _TOKEN
    for one in b"\\\"'`] \t\n\f\r":
        _kinds[one] |= _GAP
    for one in b" ()+./-":
        _kinds[one] |= _NUMBER


_prepare()


cdef inline bint _is(uint8_t one, int kind) noexcept nogil:
    return _kinds[one] & kind != 0


cdef inline bint _upper(uint8_t one) noexcept nogil:
    return c"A" <= one <= c"Z"


cdef inline Py_ssize_t _past(const uint8_t* text, Py_ssize_t at, Py_ssize_t size, int kind, Py_ssize_t most) noexcept nogil:
    """Where the characters of a kind end, not further than so many."""
    size = min(size, at + most)
    while at < size and _is(text[at], kind):
        at += 1
    return at


cdef inline Py_ssize_t _past_gap(const uint8_t* text, Py_ssize_t at, Py_ssize_t size) noexcept nogil:
    """A letter after a backslash belongs to it: it may be a line break that is written so."""
    while at < size and (_is(text[at], _GAP) or (text[at] in (c"n", c"r", c"t") and at and text[at - 1] == c"\\")):
        at += 1
    return at


cdef bint _is_flag(const uint8_t* text, Py_ssize_t at) noexcept nogil:
    """Whether what ends here may be a part of a flag's name."""
    cdef Py_ssize_t first = max(0, at - _FLAG_CHARS)
    while at > first and _is(text[at - 1], _FLAG):
        at -= 1
        if text[at] == c"-":
            return True
    return at == first and at > 0


cdef bint _is_assigned(const uint8_t* text, Py_ssize_t at, Py_ssize_t size) noexcept nogil:
    cdef Py_ssize_t end = _past(text, at, size, _NAME, _NAME_REST + 1)
    if end - at > _NAME_REST or (end < size and text[end] == c" "):
        if _is_flag(text, at):
            return True
        if end - at > _NAME_REST:
            return False
    end = _past_gap(text, end, size)
    return end < size and text[end] in (c":", c"=", c"!", c"~", c"%")


cdef bint _is_keyed(const uint8_t* text, Py_ssize_t at, Py_ssize_t size) noexcept nogil:
    at = _past_gap(text, at, size)
    if at == size or text[at] not in (c":", c"="):
        return False
    at = _past_gap(text, at + 1, size)
    return _past(text, at, size, _TOKEN, _LONG_WORD) - at == _LONG_WORD


cdef bint _speaks(const uint8_t* text, Py_ssize_t at, Py_ssize_t size, int bits) noexcept nogil:
    """Whether a literal that ends here may be a part of a secret."""
    if bits & _ALONE:
        return True
    if bits & _ASSIGNED and _is_assigned(text, at, size):
        return True
    if bits & _KEYED and _is_keyed(text, at, size):
        return True
    if bits & _TAILED and _past(text, at, size, _TOKEN, 5) - at == 5:
        return True
    if bits & _LONG and _past(text, at, size, _TOKEN, 16) - at == 16:
        return True
    if bits & _SPACED and at < size and text[at] in (
        c" ", c"\t", c"\n", c"\f", c"\r", c"\\", c"%", c"+", c":", c"=", c"(",
    ):
        return True
    if bits & _ADDRESS and at > 1 and text[at - 2] not in (
        c" ", c"\t", c"\n", c"\f", c"\r", c"/", c'"', c"'", c"<", c">",
    ):
        return True
    if bits & _ENCODED and at > _BASE64_CHARS:
        return _past(text, at - 1 - _BASE64_CHARS, size, _BASE64, _BASE64_CHARS) == at - 1
    return False


cdef inline bint _digits(const uint8_t* text, Py_ssize_t at, Py_ssize_t end, int count) noexcept nogil:
    """Whether so many digits stand here."""
    cdef int i
    if at < 0 or end - at < count:
        return False
    for i in range(count):
        if not is_ascii_digit(text[at + i]):
            return False
    return True


cdef bint _is_personal(const uint8_t* text, Py_ssize_t start, Py_ssize_t end) noexcept nogil:
    """Whether characters of numbers may hold the number of a card, an account, a person or a telephone."""
    cdef Py_ssize_t i
    cdef int digits = 0, row = 0
    cdef bint called = False
    cdef uint8_t one
    for i in range(start, end):
        one = text[i]
        if is_ascii_digit(one):
            digits += 1
            row += 1
            if row == 14:
                return True
            continue
        row = 0
        if one == c"-" or one == c" ":
            if i - start >= 4 and _digits(text, i - 4, end, 4) and _digits(text, i + 1, end, 4):
                return True
            if (
                i - start >= 3 and _digits(text, i - 3, end, 3) and _digits(text, i + 1, end, 2)
                and end - i > 3 and text[i + 3] == c"-" and _digits(text, i + 4, end, 4)
            ):
                return True
        elif one == c"+":
            called = called or _digits(text, i + 1, end, 1)
        elif one == c"(":
            called = called or (_digits(text, i + 1, end, 3) and end - i > 4 and text[i + 4] == c")")
        elif end - i >= 12 and _upper(one) and _upper(text[i + 1]) and _digits(text, i + 2, end, 2):
            return True
    return called and digits >= 8


cdef bint _no_numbers(const uint8_t* text, Py_ssize_t size) noexcept nogil:
    """Each number covers one of the places that are looked at: they are as far from each other as the shortest is long."""
    cdef Py_ssize_t i = _LEAST_NUMBER - 1, start, end, floor = 0
    while i < size:
        if _is(text[i], _NUMBER):
            start, end = i, i + 1
            while start > floor and _is(text[start - 1], _NUMBER):
                start -= 1
            while end < size and _is(text[end], _NUMBER):
                end += 1
            if end - start >= _LEAST_NUMBER and _is_personal(text, start, end):
                return False
            floor = i = end
        i += _LEAST_NUMBER
    return True


cdef class Hints:
    """An automaton of literals: ASCII bytes, each with when it speaks of a secret. ValueError for what is none."""

    # For each state a row: by class of character the next row, then when the literals that end in it speak.
    cdef uint16_t* _rows
    cdef uint8_t[256] _classes
    cdef int _bits_at

    def __cinit__(self, list literals not None):
        cdef int one, width = 1, count = 1, row, at, most
        cdef uint32_t* queue
        cdef uint16_t* fails
        cdef bytes literal
        for one in range(256):
            self._classes[one] = 0
        for literal, bits in literals:
            if not literal or not literal.isascii() or not 0 < bits < 4096:
                raise ValueError("a literal is ASCII, and says when it speaks")
            for one in literal.lower():
                if not self._classes[one]:
                    self._classes[one] = width
                    width += 1
        for one in range(c"A", c"Z" + 1):
            self._classes[one] = self._classes[one + 32]
        self._bits_at = width
        width += 1
        most = 1 + len({literal.lower()[:at] for literal, bits in literals for at in range(1, len(literal) + 1)})
        if most > _MOST_STATES or most * width >= 1 << 16:
            raise ValueError("too many literals")
        self._rows = <uint16_t*>PyMem_Calloc(most * width, sizeof(uint16_t))
        queue = <uint32_t*>PyMem_Malloc(most * sizeof(uint32_t))
        fails = <uint16_t*>PyMem_Calloc(most, sizeof(uint16_t))
        try:
            if not self._rows or not queue or not fails:
                raise MemoryError
            for literal, bits in literals:
                row = 0
                for one in literal.lower():
                    at = row + self._classes[one]
                    if not self._rows[at]:
                        self._rows[at] = <uint16_t>(count * width)
                        count += 1
                    row = self._rows[at]
                self._rows[row + self._bits_at] |= <uint16_t>bits
            self._complete(queue, fails, width)
        finally:
            PyMem_Free(queue)
            PyMem_Free(fails)

    def __dealloc__(self):
        PyMem_Free(self._rows)

    cdef void _complete(self, uint32_t* queue, uint16_t* fails, int width) noexcept:
        """Where no literal goes on, the longest one does that ends what was read (Aho and Corasick)."""
        cdef uint16_t* rows = self._rows
        cdef int first = 0, last = 0, one, row, below
        for one in range(1, self._bits_at):
            if rows[one]:
                queue[last] = rows[one]
                last += 1
        while first < last:
            row = queue[first]
            first += 1
            rows[row + self._bits_at] |= rows[fails[row // width] + self._bits_at]
            for one in range(1, self._bits_at):
                below = rows[row + one]
                if below:
                    fails[below // width] = rows[fails[row // width] + one]
                    queue[last] = below
                    last += 1
                else:
                    rows[row + one] = rows[fails[row // width] + one]

    cdef bint _absent(self, const uint8_t* text, Py_ssize_t size) noexcept nogil:
        cdef const uint16_t* rows = self._rows
        cdef Py_ssize_t i
        cdef int bits, seen = 0, row = 0
        for i in range(size):
            row = rows[row + self._classes[text[i]]]
            bits = rows[row + self._bits_at]
            if bits:
                if _speaks(text, i + 1, size, bits):
                    return False
                seen |= bits
        if (seen & _FIRST and seen & _FIRSTS_OTHER) or (seen & _SECOND and seen & _SECONDS_OTHER):
            return False
        return _no_numbers(text, size)

    cdef bint _absent_from(self, str text) except -1:
        cdef Py_ssize_t i, size = len(text)
        cdef int kind
        cdef void* data = PyUnicode_DATA(text)
        cdef uint8_t* plain
        cdef Py_UCS4 one
        if PyUnicode_IS_ASCII(text):
            return self._absent(<const uint8_t*>data, size)
        kind = PyUnicode_KIND(text)
        plain = <uint8_t*>PyMem_Malloc(size)
        if not plain:
            raise MemoryError
        try:
            for i in range(size):
                one = PyUnicode_READ(kind, data, i)
                # Long s and the sign of Kelvin, which are letters without regard to case; and what is no character.
                if one == 0x17F or one == 0x212A or 0xD800 <= one < 0xE000:
                    return False
                plain[i] = <uint8_t>one if one < 128 else 128
            return self._absent(plain, size)
        finally:
            PyMem_Free(plain)

    cdef int _look(self, object value, set names, int depth) except -1:
        cdef int said, overflow = 0
        cdef bint flag = False
        cdef long long number
        cdef Py_ssize_t at = 0
        cdef PyObject* name
        cdef PyObject* inner
        kind = type(value)
        if kind is str:
            return CLEAN if self._absent_from(<str>value) else UNSURE
        if kind is int:
            number = PyLong_AsLongLongAndOverflow(value, &overflow)
            return CLEAN if not overflow and -_long_number < number < _long_number else UNSURE
        if value is None or kind is bool or kind is float:
            return CLEAN
        if not depth:
            return UNSURE
        if kind is dict:
            while PyDict_Next(<dict>value, &at, &name, &inner):
                if <object>name not in names:
                    return UNKNOWN_NAME
                said = self._look(<object>inner, names, depth - 1)
                if said != CLEAN:
                    return said
            return CLEAN
        if kind is list:
            for one in <list>value:
                if flag and type(one) is str:
                    return UNSURE  # a word that a flag says something of: see the whole list
                said = self._look(one, names, depth - 1)
                if said != CLEAN:
                    return said
                flag = type(one) is str and (<str>one).startswith("-")
            return CLEAN
        return UNSURE

    def absent(self, str text not None):
        """Whether the text certainly holds no secret, and UTF-8 can hold it."""
        return self._absent_from(text)

    def absent_in(self, dict arguments not None, set names not None):
        """The same of all texts and numbers in a JSON object whose names are all among these: CLEAN if so.

        UNKNOWN_NAME when one is not among them; UNSURE for all else.
        """
        return self._look(arguments, names, _DEPTH)
