cdef class Kept:
    cdef object record
    cdef bytes raw
    cdef readonly long long since
    cdef public long long until

    cpdef object decoded(self, object table, bytes key)


cdef class Rows:
    cpdef object get(self, object table, bytes key)


cdef class Lookup(Rows):
    # By the name of the table.
    cdef dict rows
    cdef readonly long long snapshot


cdef class Row:
    cdef public object table, record
    cdef readonly bytes key
    cdef public bint stored, dirty


cdef class Draft(Rows):
    # By the name of the table: rows, those to be encoded, and how many of these are not in the file yet.
    cdef readonly dict _rows, _dirty, _fresh
    cdef public long long writes
    cdef object _stored
    cdef readonly dict _handles
    cdef Py_ssize_t _limit

    cdef Row _read(self, object table, bytes key, object name, dict known)
    cpdef object put(self, object table, bytes key, object value)
