cdef class Kept:
    cdef object record
    cdef bytes raw
    cdef readonly long long since
    cdef public long long until

    cpdef object decoded(self, object table, bytes key)


cdef class Lookup:
    # By the name of the table.
    cdef dict rows
    cdef readonly long long snapshot

    cpdef object get(self, object table, bytes key)
