"""Protobuf's wire format, for the few messages that are read and written thousands of times a second.

``Reading`` reads a message that keeps to a plain form and says None of any other, for protobuf itself to look at:
a field that is not known, or is there twice, a text that is too long or no UTF-8, a number out of range.
``Writing`` writes what protobuf would read as the same message.
"""

from cpython.mem cimport PyMem_Free, PyMem_Malloc, PyMem_Realloc
from libc.math cimport rint
from libc.stdint cimport uint8_t, uint64_t
from libc.string cimport memcpy, memmove

cdef extern from "Python.h":
    object PyUnicode_DecodeUTF8(const char* text, Py_ssize_t size, const char* errors)
    const char* PyUnicode_AsUTF8AndSize(object text, Py_ssize_t* size) except NULL
    object PyBytes_FromStringAndSize(const char* data, Py_ssize_t size)

#: What a field is.
TEXT, TEXTS, WHOLE, FLAG, NUMBER, MOMENT, SPAN, INNER, INNERS, PAIRS = range(10)

cdef enum:
    _TEXT, _TEXTS, _WHOLE, _FLAG, _NUMBER, _MOMENT, _SPAN, _INNER, _INNERS, _PAIRS
    # Field numbers that are read: their tags are one byte long. Those that are written have two at most.
    _READ = 16
    _WRITTEN = 2048
    # Fields of one message.
    _FIELDS = 32
    # What a message is about as long as.
    _ROOM = 512

#: The last second of a Timestamp, 9999-12-31T23:59:59Z.
cdef double _LAST = 253402300799.0


cdef struct Span:
    const uint8_t* at
    const uint8_t* end


cdef bint _varint(Span* of, uint64_t* value) noexcept nogil:
    """Read a number below 2**63. False where there is none."""
    cdef int shift = 0
    cdef uint8_t part
    value[0] = 0
    while of.at < of.end and shift < 63:
        part = of.at[0]
        of.at += 1
        value[0] |= <uint64_t>(part & 127) << shift
        if part < 128:
            return True
        shift += 7
    return False


cdef class Reading:
    """The plain form of one message.

    ``fields``: of each its number (1 to 15), what it is, its ``least`` and ``most``, and its own form where it is a
    message. ``least`` and ``most`` bound a number, or the bytes of a text; of PAIRS (a map of texts) ``most`` bounds how
    many there are, of MOMENT it is the largest value, and what is above is brought down to it. ``least`` 1 of a message
    says that it has to be there. Raises ValueError for a field that cannot be read like that.
    """

    cdef int _slot[_READ]
    cdef int _kind[_FIELDS]
    cdef double _least[_FIELDS]
    cdef double _most[_FIELDS]
    cdef uint64_t _needed
    cdef list _first
    cdef list _inner

    def __init__(self, fields):
        cdef int i, number
        self._first = []
        self._inner = []
        self._needed = 0
        for number in range(_READ):
            self._slot[number] = -1
        for i, (number, kind, least, most, inner) in enumerate(fields):
            if not 0 < number < _READ or self._slot[number] >= 0:
                raise ValueError(f"field number {number} cannot be read")
            if kind in (TEXTS, FLAG, INNERS) or (kind in (MOMENT, SPAN, INNER, PAIRS)) != (inner is not None):
                raise ValueError(f"field {number} cannot be read as {kind}")
            if inner is not None and not isinstance(inner, Reading):
                raise TypeError("a form was expected")
            self._slot[number] = i
            self._kind[i], self._least[i], self._most[i] = kind, least, most
            if kind in (TEXT, INNER, WHOLE) and least > 0:
                self._needed |= <uint64_t>1 << i
            self._first.append({TEXT: "", WHOLE: 0, NUMBER: 0.0}.get(kind))
            self._inner.append(inner)

    def read(self, bytes raw not None):
        """The values of the fields, in the order that they were given in, or None where the message is not plain.

        Of a field that is not there: "", 0 or 0.0; no pairs; None of a MOMENT, a SPAN or a message.
        """
        cdef Span whole
        whole.at = <const uint8_t*><const char*>raw
        whole.end = whole.at + len(raw)
        try:
            return self._read(whole)
        except UnicodeDecodeError:
            return None

    cdef list _read(self, Span of):
        cdef list found = list(self._first), parts
        cdef uint64_t seen = 0, value
        cdef uint8_t tag
        cdef int slot, kind
        cdef double number
        cdef Span inner
        cdef Reading form
        while of.at < of.end:
            tag = of.at[0]
            of.at += 1
            if tag >= 128:
                return None
            slot = self._slot[tag >> 3]
            if slot < 0:
                return None
            kind = self._kind[slot]
            if kind != _PAIRS and seen >> slot & 1:
                return None
            seen |= <uint64_t>1 << slot
            if kind == _NUMBER:
                if tag & 7 != 1 or of.end - of.at < 8:
                    return None
                memcpy(&number, of.at, 8)
                of.at += 8
                if not self._least[slot] <= number <= self._most[slot]:
                    return None
                found[slot] = number
                continue
            if tag & 7 != (0 if kind == _WHOLE else 2) or not _varint(&of, &value):
                return None
            if kind == _WHOLE:
                if not self._least[slot] <= <double>value <= self._most[slot]:
                    return None
                found[slot] = value
                continue
            if value > <uint64_t>(of.end - of.at):
                return None
            inner.at = of.at
            inner.end = of.at = of.at + value
            if kind == _TEXT:
                if not self._least[slot] <= <double>value <= self._most[slot]:
                    return None
                found[slot] = PyUnicode_DecodeUTF8(<const char*>inner.at, value, NULL)
                continue
            form = <Reading>self._inner[slot]
            parts = form._read(inner)
            if parts is None:
                return None
            if kind == _INNER:
                found[slot] = parts
            elif kind == _PAIRS:
                if found[slot] is None:
                    found[slot] = {}
                (<dict>found[slot])[parts[0]] = parts[1]
                if len(<dict>found[slot]) > self._most[slot]:
                    return None
            else:
                number = <double><uint64_t>parts[0] + <double><uint64_t>parts[1] / 1e9
                found[slot] = min(number, self._most[slot]) if kind == _MOMENT else number
        if self._needed & ~seen:
            return None
        for slot in range(len(found)):
            if found[slot] is None and self._kind[slot] == _PAIRS:
                found[slot] = {}
        return found


cdef class _Out:
    """Bytes that grow."""

    cdef uint8_t* data
    cdef Py_ssize_t size
    cdef Py_ssize_t room

    def __cinit__(self):
        self.size = 0
        self.room = _ROOM
        self.data = <uint8_t*>PyMem_Malloc(_ROOM)
        if self.data == NULL:
            raise MemoryError

    def __dealloc__(self):
        PyMem_Free(self.data)

    cdef int reserve(self, Py_ssize_t more) except -1:
        cdef Py_ssize_t room = self.room
        cdef uint8_t* grown
        if self.size + more > room:
            while self.size + more > room:
                room *= 2
            grown = <uint8_t*>PyMem_Realloc(self.data, room)
            if grown == NULL:
                raise MemoryError
            self.data, self.room = grown, room
        return 0

    cdef int varint(self, uint64_t value) except -1:
        self.reserve(10)
        while value >= 128:
            self.data[self.size] = <uint8_t>(value & 127 | 128)
            self.size += 1
            value >>= 7
        self.data[self.size] = <uint8_t>value
        self.size += 1
        return 0

    cdef int bytes_of(self, const char* data, Py_ssize_t size) except -1:
        self.varint(size)
        self.reserve(size)
        memcpy(self.data + self.size, data, size)
        self.size += size
        return 0

    cdef int digits_of(self, bytes raw) except -1:
        """The bytes as hexadecimal digits."""
        cdef const uint8_t* one = <const uint8_t*><const char*>raw
        cdef Py_ssize_t i, size = len(raw)
        cdef const char* digits = b"0123456789abcdef"
        self.varint(2 * size)
        self.reserve(2 * size)
        for i in range(size):
            self.data[self.size] = digits[one[i] >> 4]
            self.data[self.size + 1] = digits[one[i] & 15]
            self.size += 2
        return 0

    cdef int time_of(self, double seconds) except -1:
        """A Timestamp or a Duration, exact to the microsecond."""
        cdef uint64_t micros
        cdef Py_ssize_t start
        if not 0 <= seconds < 9e12:
            raise ValueError(f"{seconds} are no seconds")
        micros = <uint64_t>rint(seconds * 1e6)
        start = self.open()
        if micros >= 1000000:
            self.varint(1 << 3)
            self.varint(micros // 1000000)
        if micros % 1000000:
            self.varint(2 << 3)
            self.varint(micros % 1000000 * 1000)
        return self.close(start)

    cdef Py_ssize_t open(self) except -1:
        """Begin a message in the message: its length is not known yet. Gives where it begins."""
        self.reserve(1)
        self.size += 1
        return self.size

    cdef int close(self, Py_ssize_t start) except -1:
        """Put the length of what was written since before it."""
        cdef Py_ssize_t length = self.size - start, more = 0, left = length >> 7
        while left:
            more += 1
            left >>= 7
        if more:
            self.reserve(more)
            memmove(self.data + start + more, self.data + start, length)
        self.size = start - 1
        self.varint(length)
        self.size += length
        return 0


cdef class Writing:
    """How a record is written as a message.

    ``fields``: of each its number (1 to 2047), what it is, the record's attribute, and its own form where it is a
    message. TEXT may be bytes, and is then their hexadecimal digits. What is empty, 0, False or None is left out, and
    so is a SPAN below 0. Raises ValueError for a field that cannot be written like that.
    """

    cdef int _size
    cdef int _number[_FIELDS]
    cdef int _kind[_FIELDS]
    cdef list _names
    cdef list _inner

    def __init__(self, fields):
        cdef int i, number
        self._names = []
        self._inner = []
        if len(fields) > _FIELDS:
            raise ValueError(f"more than {_FIELDS} fields")
        self._size = len(fields)
        for i, (number, kind, name, inner) in enumerate(fields):
            if not 0 < number < _WRITTEN:
                raise ValueError(f"field number {number} cannot be written")
            if kind == PAIRS or (kind in (INNER, INNERS)) != (inner is not None):
                raise ValueError(f"field {number} cannot be written as {kind}")
            if inner is not None and not isinstance(inner, Writing):
                raise TypeError("a form was expected")
            self._number[i], self._kind[i] = number, kind
            self._names.append(name)
            self._inner.append(inner)

    def write(self, record, *more):
        """The message's bytes. ``more`` is of the same message, serialized: it is appended.

        Raises AttributeError, TypeError, OverflowError or ValueError for what the record does not have, and
        UnicodeEncodeError for a lone surrogate.
        """
        cdef _Out out = _Out()
        self._write(out, record)
        for one in more:
            _append(out, one)
        return PyBytes_FromStringAndSize(<const char*>out.data, out.size)

    def write_as(self, int number, record, *more):
        """The bytes of a message that holds this one as its field ``number`` (1 to 15), and nothing else."""
        cdef _Out out = _Out()
        cdef Py_ssize_t start
        if not 0 < number < _READ:
            raise ValueError(f"field number {number} cannot be written")
        out.varint(number << 3 | 2)
        start = out.open()
        self._write(out, record)
        for one in more:
            _append(out, one)
        out.close(start)
        return PyBytes_FromStringAndSize(<const char*>out.data, out.size)

    cdef int _write(self, _Out out, object record) except -1:
        cdef int i, kind
        cdef uint64_t tag
        cdef double number
        cdef uint64_t whole
        cdef object value
        cdef Writing form
        for i in range(self._size):
            kind = self._kind[i]
            tag = self._number[i] << 3
            value = getattr(record, <str>self._names[i])
            if kind == _TEXT:
                _put_text(out, tag, value, 1)
            elif kind == _TEXTS:
                for one in value:
                    _put_text(out, tag, one, 0)
            elif kind == _WHOLE or kind == _FLAG:
                whole = value
                if whole:
                    out.varint(tag)
                    out.varint(whole)
            elif kind == _NUMBER:
                number = value
                memcpy(&whole, &number, 8)
                if whole:  # -0.0 is written
                    out.varint(tag | 1)
                    out.reserve(8)
                    memcpy(out.data + out.size, &number, 8)
                    out.size += 8
            elif kind == _MOMENT:
                number = value
                if number != 0.0:
                    out.varint(tag | 2)
                    out.time_of(min(number, _LAST))
            elif kind == _SPAN:
                number = value
                if number >= 0.0:
                    out.varint(tag | 2)
                    out.time_of(number)
            elif kind == _INNER:
                if value is not None:
                    form = <Writing>self._inner[i]
                    _put_inner(out, tag, form, value)
            else:
                form = <Writing>self._inner[i]
                for one in value:
                    _put_inner(out, tag, form, one)
        return 0


cdef int _put_inner(_Out out, uint64_t tag, Writing form, object value) except -1:
    cdef Py_ssize_t start
    out.varint(tag | 2)
    start = out.open()
    form._write(out, value)
    return out.close(start)


cdef int _put_text(_Out out, uint64_t tag, object value, bint unless_empty) except -1:
    cdef Py_ssize_t size
    cdef const char* text
    if isinstance(value, bytes):
        if len(<bytes>value) or not unless_empty:
            out.varint(tag | 2)
            out.digits_of(<bytes>value)
        return 0
    text = PyUnicode_AsUTF8AndSize(value, &size)
    if size or not unless_empty:
        out.varint(tag | 2)
        out.bytes_of(text, size)
    return 0


cdef int _append(_Out out, bytes raw) except -1:
    cdef Py_ssize_t size = len(raw)
    out.reserve(size)
    memcpy(out.data + out.size, <const char*>raw, size)
    out.size += size
    return 0
