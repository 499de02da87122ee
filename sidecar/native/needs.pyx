"""What a call tells of the needs of its tool (``learning/needs.py``)."""

from libc.math cimport log

from sidecar.native.counts cimport add_one

cdef double _least_p = 0.05


cdef double _won(double failures, double total, double p, bint met, bint failed) noexcept nogil:
    cdef double rate
    if met:
        p = min(p, 1.0 - _least_p)  # a model that is still learning is too sure
        rate = min((failures + p) / (total + 1.0), p)
    else:
        p = max(p, _least_p)
        rate = max((failures + p) / (total + 1.0), p)
    if rate == p:  # nothing is bet
        return 0.0
    return log(rate / p) if failed else log((1.0 - rate) / (1.0 - p))


def won(side, double p, *, bint met, bint failed):
    """What a need's log-wealth gains by a call that was given probability ``p`` of failing.

    ``side`` counts the calls before it. The bet is their rate: that more fail while the need is not met, or that fewer
    do once it is.
    """
    cdef double failures = side.failures, successes = side.successes
    return _won(failures, successes + failures, p, met, failed)


def observe(need, double p, long session, double now, double half_life, *, bint met, bint failed):
    """Take in a call, which was given probability ``p`` of failing by all that is known beside this need.

    ``now`` and ``half_life`` are in seconds; of the session there are 16 bits.
    """
    cdef object side = need.after if met else need.before
    cdef double failures = side.failures, successes = side.successes, wealth = need.wealth
    cdef long first
    need.wealth = wealth + _won(failures, successes + failures, p, met, failed)
    add_one(side, failed, now, half_life, 1.0)
    if failed and not met:
        first = need.session
        if first < 0:
            need.session = first = session
        if session != first:
            need.several = True
