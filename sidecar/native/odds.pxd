# Log-odds, and rates of counts that fade, where other kernels compute with them.

from libc.math cimport log

from sidecar.native.counts cimport failures_of, successes_of


cdef inline double log_odds(double p) noexcept nogil:
    """Clipped to [0.002, 0.998] so that one feature never decides alone."""
    if p < 0.002:
        p = 0.002
    elif p > 0.998:
        p = 0.998
    return log(p / (1.0 - p))


cdef inline double mean_of(object record, double prior, double strength) except? -1.0:
    """The posterior mean of failing under a prior worth ``strength`` observations, which is above 0."""
    cdef double failures = failures_of(record), successes = successes_of(record)
    return (failures + strength * prior) / (successes + failures + strength)
