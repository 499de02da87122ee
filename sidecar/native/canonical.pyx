"""A call's arguments as they are kept: canonical JSON, its beginning as a text, and hashes of both and of the layout."""

from hashlib import blake2b

from cpython.bytes cimport PyBytes_FromStringAndSize
from cpython.dict cimport PyDict_Next
from cpython.long cimport PyLong_AsLongLongAndOverflow
from cpython.object cimport PyObject
from cpython.ref cimport Py_INCREF
from cpython.tuple cimport PyTuple_New, PyTuple_SET_ITEM
from libc.stdint cimport uint8_t, uint32_t
from libc.string cimport memcmp

from sidecar.native.characters cimport is_space
from sidecar.native.written cimport (
    PyUnicode_DATA, PyUnicode_IS_ASCII, PyUnicode_KIND, PyUnicode_READ, Written, begin, finish, put, put_byte,
    put_encoded, put_text, reserve,
)

cdef extern from "Python.h":
    int PyUnicode_Compare(object one, object other) except? -1
    object PyUnicode_DecodeUTF8(const char* data, Py_ssize_t size, const char* errors)

cdef enum:
    # More names in one object, or deeper ones, are left to whoever can sort many and go deep.
    _NAMES = 32
    _DEPTH = 16
    # Characters of the longest text in which its first word is looked for.
    _HEAD = 256
    _FINGERPRINT = 16
    _SHORT = 8

# By character: 0 for what stands for itself, the letter after the backslash, "u" for what is spelled as a number.
cdef uint8_t[128] _escapes
cdef bytes _digits = b"0123456789abcdef"


cdef void _prepare() noexcept:
    cdef int one
    for one in range(128):
        _escapes[one] = c"u" if one < 32 else 0
    _escapes[c'"'], _escapes[c"\\"] = c'"', c"\\"
    _escapes[8], _escapes[9], _escapes[10], _escapes[12], _escapes[13] = c"b", c"t", c"n", c"f", c"r"


_prepare()

cdef struct Names:
    int count
    PyObject* names[_NAMES]
    PyObject* values[_NAMES]


cdef bint _sorted(Names* to, dict of) except -1:
    """Names in order, with their values. False where there are too many, or one is no text."""
    cdef Py_ssize_t at = 0
    cdef PyObject* name
    cdef PyObject* value
    cdef int i
    to.count = 0
    if len(of) > _NAMES:
        return False
    while PyDict_Next(of, &at, &name, &value):
        if type(<object>name) is not str:
            return False
        i = to.count
        while i and PyUnicode_Compare(<object>to.names[i - 1], <object>name) > 0:
            to.names[i], to.values[i] = to.names[i - 1], to.values[i - 1]
            i -= 1
        to.names[i], to.values[i] = name, value
        to.count += 1
    return True


cdef bint _put_string(Written* to, str text) except -1:
    """A text as JSON. False where UTF-8 cannot hold it."""
    cdef Py_ssize_t i, kept = 0, size = len(text)
    cdef int kind = PyUnicode_KIND(text)
    cdef void* data = PyUnicode_DATA(text)
    cdef const uint8_t* plain
    cdef Py_UCS4 one
    cdef uint8_t escape
    reserve(to, 6 * size + 2)
    to.data[to.size] = c'"'
    to.size += 1
    if PyUnicode_IS_ASCII(text):
        plain = <const uint8_t*>data
        for i in range(size):
            escape = _escapes[plain[i]]
            if escape:
                put(to, plain + kept, i - kept)
                kept = i + 1
                _put_escape(to, plain[i], escape)
        put(to, plain + kept, size - kept)
    else:
        for i in range(size):
            one = PyUnicode_READ(kind, data, i)
            if one < 128 and _escapes[one]:
                _put_escape(to, <uint8_t>one, _escapes[one])
            elif 0xD800 <= one < 0xE000:
                return False
            else:
                put_encoded(to, <uint32_t>one)
    to.data[to.size] = c'"'
    to.size += 1
    return True


cdef inline void _put_escape(Written* to, uint8_t one, uint8_t escape) noexcept:
    cdef uint8_t* data = to.data + to.size
    cdef const uint8_t* digits = _digits
    data[0], data[1] = c"\\", escape
    to.size += 2
    if escape == c"u":
        data[2], data[3], data[4], data[5] = c"0", c"0", digits[one >> 4], digits[one & 15]
        to.size += 4


cdef int _put_number(Written* to, long long number) except -1:
    cdef uint8_t[20] digits
    cdef int i = 20
    cdef unsigned long long left = <unsigned long long>number
    if number < 0:
        left = 0 - left
        put_byte(to, c"-")
    while True:
        i -= 1
        digits[i] = <uint8_t>(c"0" + left % 10)
        left //= 10
        if not left:
            break
    return put(to, digits + i, 20 - i)


cdef bint _put_value(Written* to, object value, object spelled, int depth) except -1:
    cdef int overflow = 0
    cdef long long number
    cdef bytes spelling
    cdef Py_ssize_t i
    kind = type(value)
    if kind is str:
        return _put_string(to, <str>value)
    if value is None:
        put(to, b"null", 4)
    elif value is True:
        put(to, b"true", 4)
    elif value is False:
        put(to, b"false", 5)
    elif kind is int:
        number = PyLong_AsLongLongAndOverflow(value, &overflow)
        if overflow:
            return False
        _put_number(to, number)
    elif kind is float:
        spelling = spelled(value)
        put(to, <const uint8_t*>spelling, len(spelling))
    elif kind is dict:
        return depth > 0 and _put_object(to, <dict>value, spelled, depth - 1)
    elif kind is list:
        if not depth:
            return False
        put_byte(to, c"[")
        for i, inner in enumerate(<list>value):
            if i:
                put_byte(to, c",")
            if not _put_value(to, inner, spelled, depth - 1):
                return False
        put_byte(to, c"]")
    else:
        return False
    return True


cdef bint _put_object(Written* to, dict value, object spelled, int depth) except -1:
    cdef Names names
    if not _sorted(&names, value):
        return False
    return _put_sorted(to, &names, spelled, depth)


cdef bint _put_sorted(Written* to, Names* names, object spelled, int depth) except -1:
    cdef int i
    put_byte(to, c"{")
    for i in range(names.count):
        if i:
            put_byte(to, c",")
        if not _put_string(to, <str>names.names[i]):
            return False
        put_byte(to, c":")
        if not _put_value(to, <object>names.values[i], spelled, depth):
            return False
    put_byte(to, c"}")
    return True


cdef uint8_t _tag(object value) noexcept:
    kind = type(value)
    if kind is str:
        return c"s"
    if kind is int or kind is float:
        return c"n"
    if value is None:
        return c"0"
    if kind is bool:
        return c"b"
    return 0


cdef int _put_head(Written* to, dict arguments) except -1:
    """A zero byte and the first word of the longest text among the arguments, if it has one."""
    cdef Py_ssize_t at = 0, longest = 0, start = 0, end
    cdef PyObject* value
    cdef str text = ""
    while PyDict_Next(arguments, &at, NULL, &value):
        if type(<object>value) is str and len(<str>value) > longest:
            text = <str>value
            longest = len(text)
    longest = min(longest, <Py_ssize_t>_HEAD)
    while start < longest and is_space(text[start]):
        start += 1
    if start == longest:
        return 0
    end = start
    while end < longest and not is_space(text[end]):
        end += 1
    put_byte(to, 0)
    return put_text(to, text, start, end)


cdef bytes _hashed(Written* of, int size):
    return blake2b(PyBytes_FromStringAndSize(<const char*>of.data, of.size), digest_size=size).digest()


cdef str _shown(const uint8_t* data, Py_ssize_t size, Py_ssize_t most):
    """UTF-8 as a text of so many bytes at most; what is cut, between characters, ends with "…"."""
    if size <= most:
        return PyUnicode_DecodeUTF8(<const char*>data, size, NULL)
    size = most - 3
    while size and data[size] & 0xC0 == 0x80:
        size -= 1
    return PyUnicode_DecodeUTF8(<const char*>data, size, NULL) + "…"


def digest(str first not None, str second not None, int size):
    """BLAKE2b of two texts in UTF-8 with a zero byte between: so many bytes, 1 to 64."""
    cdef Written hashed
    if not 1 <= size <= 64:
        raise ValueError("a digest has 1 to 64 bytes")
    begin(&hashed)
    try:
        put_text(&hashed, first, 0, len(first))
        put_byte(&hashed, 0)
        put_text(&hashed, second, 0, len(second))
        return _hashed(&hashed, size)
    finally:
        finish(&hashed)


def in_turn(dict texts not None):
    """Keys and values of a dict in turn, as a tuple."""
    cdef Py_ssize_t at = 0, i = 0
    cdef PyObject* key
    cdef PyObject* value
    cdef tuple found = PyTuple_New(2 * len(texts))
    while PyDict_Next(texts, &at, &key, &value):
        Py_INCREF(<object>key)
        PyTuple_SET_ITEM(found, i, <object>key)
        Py_INCREF(<object>value)
        PyTuple_SET_ITEM(found, i + 1, <object>value)
        i += 2
    return found


def kept(str tool not None, dict arguments not None, spelled, int preview_bytes):
    """Fingerprint, shape, kind and preview; see ``capture/fingerprint.py``. None for what is left to plain Python.

    ``spelled`` is how a float is written. The shape is None where it depends on what is inside of arguments. A preview
    has at least 8 bytes.
    """
    cdef Written content
    cdef Names names
    cdef Py_ssize_t said
    cdef int i
    cdef uint8_t tag
    cdef bytes fingerprint, shape = None, kind
    cdef str preview
    if preview_bytes < 8:
        raise ValueError("a preview has 8 bytes at least")
    if not _sorted(&names, arguments):
        return None
    begin(&content)
    try:
        put_text(&content, tool, 0, len(tool))
        put_byte(&content, 0)
        said = content.size
        if not _put_sorted(&content, &names, spelled, _DEPTH):
            return None
        fingerprint = _hashed(&content, _FINGERPRINT)
        preview = _shown(content.data + said, content.size - said, preview_bytes)
        content.size = said
        for i in range(names.count):
            tag = _tag(<object>names.values[i])
            if not tag:
                break
            put_byte(&content, tag)
        else:
            for i in range(names.count):
                put_byte(&content, 0)
                put_text(&content, <str>names.names[i], 0, len(<str>names.names[i]))
            shape = _hashed(&content, _SHORT)
        content.size = said
        for i in range(names.count):
            put_text(&content, <str>names.names[i], 0, len(<str>names.names[i]))
            put_byte(&content, 0)
        _put_head(&content, arguments)
        kind = _hashed(&content, _SHORT)
    finally:
        finish(&content)
    return fingerprint, shape, kind, preview
