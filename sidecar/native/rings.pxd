cdef Py_ssize_t last_of(bytes packed, bytes item) except -2
cdef int count_marked(bytes packed, bytes item, bytes marks, int bit, int* with_bit, bint* newest) except -1
