cdef int add_one(object record, bint failed, double now, double half_life, double weight) except -1
cdef bint rate_here(
    object everywhere, double prior, double strength, dict records, tuple scopes, double* found
) except -1
cdef double rate_inside(object everywhere, object scope, double prior) except? -1.0
