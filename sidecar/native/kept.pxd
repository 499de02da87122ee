cdef class Kept:
    cdef readonly object record
    cdef readonly long long since
    cdef public long long until


cdef class Lookup:
    # By the name of the table.
    cdef dict rows
    cdef readonly long long snapshot

    cpdef object get(self, object table, bytes key)
