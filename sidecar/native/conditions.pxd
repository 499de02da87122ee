from libc.stdint cimport uint16_t, uint32_t

cdef enum:
    # Conditions of one call at most, and slots to find them, a power of two.
    MOST_MET = 256
    MET_SLOTS = 1024


cdef class Met:
    cdef uint32_t[MOST_MET] marks
    # Places among the marks from 1 on, 0 for none.
    cdef uint16_t[MET_SLOTS] slots
    cdef int count

    cdef int add(self, uint32_t mark) except -1
    cdef bint has(self, uint32_t mark) noexcept nogil


cdef Met met_of(object conditions)
