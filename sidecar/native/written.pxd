# Bytes that are written one after the other: on the stack while they are few, as nearly all are, then on the heap.

from libc.stdint cimport uint8_t, uint32_t
from libc.string cimport memcpy
from cpython.mem cimport PyMem_Free, PyMem_Malloc, PyMem_Realloc

cdef extern from "Python.h":
    bint PyUnicode_IS_ASCII(object text)
    int PyUnicode_KIND(object text)
    void* PyUnicode_DATA(object text)
    Py_UCS4 PyUnicode_READ(int kind, void* data, Py_ssize_t at)

cdef enum:
    NEAR = 1024

cdef struct Written:
    uint8_t* data
    Py_ssize_t size
    Py_ssize_t room
    uint8_t[NEAR] near


cdef inline void begin(Written* to) noexcept nogil:
    """Also whoever gets an error has to call ``finish``."""
    to.data = to.near
    to.size = 0
    to.room = NEAR


cdef inline void finish(Written* to) noexcept:
    if to.data != to.near:
        PyMem_Free(to.data)


cdef inline int reserve(Written* to, Py_ssize_t more) except -1:
    cdef uint8_t* data
    cdef Py_ssize_t room
    if to.size + more <= to.room:
        return 0
    room = 2 * (to.size + more)
    data = <uint8_t*>(PyMem_Malloc(room) if to.data == to.near else PyMem_Realloc(to.data, room))
    if not data:
        raise MemoryError
    if to.data == to.near:
        memcpy(data, to.near, to.size)
    to.data = data
    to.room = room
    return 0


cdef inline int put(Written* to, const uint8_t* data, Py_ssize_t size) except -1:
    reserve(to, size)
    memcpy(to.data + to.size, data, size)
    to.size += size
    return 0


cdef inline int put_byte(Written* to, uint8_t byte) except -1:
    reserve(to, 1)
    to.data[to.size] = byte
    to.size += 1
    return 0


cdef inline void put_encoded(Written* to, uint32_t one) noexcept nogil:
    """A character in UTF-8, a surrogate as if it were one; there is room for it."""
    cdef uint8_t* data = to.data + to.size
    if one < 0x80:
        data[0] = <uint8_t>one
        to.size += 1
    elif one < 0x800:
        data[0] = <uint8_t>(0xC0 | one >> 6)
        data[1] = <uint8_t>(0x80 | (one & 0x3F))
        to.size += 2
    elif one < 0x10000:
        data[0] = <uint8_t>(0xE0 | one >> 12)
        data[1] = <uint8_t>(0x80 | ((one >> 6) & 0x3F))
        data[2] = <uint8_t>(0x80 | (one & 0x3F))
        to.size += 3
    else:
        data[0] = <uint8_t>(0xF0 | one >> 18)
        data[1] = <uint8_t>(0x80 | ((one >> 12) & 0x3F))
        data[2] = <uint8_t>(0x80 | ((one >> 6) & 0x3F))
        data[3] = <uint8_t>(0x80 | (one & 0x3F))
        to.size += 4


cdef inline int put_text(Written* to, str text, Py_ssize_t start, Py_ssize_t end) except -1:
    """Characters of a text in UTF-8, as "surrogatepass" has it."""
    cdef Py_ssize_t i
    cdef int kind
    cdef void* data
    if PyUnicode_IS_ASCII(text):
        return put(to, <const uint8_t*>PyUnicode_DATA(text) + start, end - start)
    kind, data = PyUnicode_KIND(text), PyUnicode_DATA(text)
    reserve(to, 4 * (end - start))
    for i in range(start, end):
        put_encoded(to, <uint32_t>PyUnicode_READ(kind, data, i))
    return 0
