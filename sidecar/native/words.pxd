# CRC-32 of texts, for the kernels that make marks of them. A hash is ``~more(~0, ...)``. And how a text opens.

from libc.stdint cimport uint8_t, uint32_t

cdef uint32_t more(uint32_t state, const uint8_t* data, Py_ssize_t size) noexcept nogil
cdef uint32_t more_text(uint32_t state, str text)
cdef tuple opening(str longest)
