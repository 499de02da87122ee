from sidecar.native.fields cimport get, put

# The class of records of counts, and where its fields stand; None until it is known.
cdef object counted
cdef Py_ssize_t at_successes, at_failures, at_time


cdef inline double successes_of(object record) except? -1.0:
    return get(record, at_successes) if type(record) is counted else record.successes


cdef inline double failures_of(object record) except? -1.0:
    return get(record, at_failures) if type(record) is counted else record.failures


cdef inline double time_of(object record) except? -1.0:
    return get(record, at_time) if type(record) is counted else record.time


cdef int add_one(object record, bint failed, double now, double half_life, double weight) except -1
cdef int add_scopes(
    dict records, tuple scopes, object made, int most, bint failed, double now, double half_life, double weight
) except -1
cdef bint rate_here(
    object everywhere, double prior, double strength, dict records, tuple scopes, double* found
) except -1
cdef double rate_inside(object everywhere, object scope, double prior) except? -1.0
