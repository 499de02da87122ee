cdef bint rate_here(
    object everywhere, double prior, double strength, dict records, tuple scopes, double* found
) except -1
cdef double rate_inside(object everywhere, object scope, double prior) except? -1.0
