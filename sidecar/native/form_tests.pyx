"""Tests of conditions on arguments, packed as ``learning/forms.py`` lays them out: 26 bytes each, little-endian."""

from libc.math cimport log
from libc.stdint cimport uint8_t, uint16_t, uint32_t
from libc.string cimport memcpy

from sidecar.native.conditions cimport MOST_MET, Met, met_of

cdef enum:
    SIZE = 26
    _WEALTH = 8
    _FAILURES = 12
    _SUCCESSES = 16
    _SESSION = 22
    _SEVERAL = 24

# Known probabilities are taken to be within this: a model that is still learning is too sure.
cdef double _least_p = 0.05, _most_p = 0.95

TEST_BYTES = SIZE
MOST_CONDITIONS = MOST_MET


cdef inline uint32_t _u32(const uint8_t* data) noexcept nogil:
    return <uint32_t>data[3] << 24 | <uint32_t>data[2] << 16 | <uint32_t>data[1] << 8 | data[0]


cdef inline float _float(const uint8_t* data) noexcept nogil:
    cdef uint32_t bits = _u32(data)
    cdef float value
    memcpy(&value, &bits, 4)
    return value


cdef inline void _put_float(uint8_t* data, double value) noexcept nogil:
    cdef float single = <float>value
    cdef uint32_t bits
    memcpy(&bits, &single, 4)
    data[0], data[1], data[2], data[3] = bits & 0xFF, (bits >> 8) & 0xFF, (bits >> 16) & 0xFF, bits >> 24


def met_by(bytearray packed not None, conditions not None):
    """Where the tests stand that a call with these conditions meets: with their first, and the second if there is one.

    Conditions are numbers of 32 bits, none of them 0, at most 256. ValueError for more, and for what are no whole tests.
    """
    cdef Met met
    cdef uint32_t second
    cdef const uint8_t* data = packed
    cdef Py_ssize_t i, at, size = len(packed)
    cdef list found = []
    if size % SIZE:
        raise ValueError("these are no whole tests")
    met = met_of(conditions)
    for i in range(size // SIZE):
        at = i * SIZE
        if not met.has(_u32(data + at)):
            continue
        second = _u32(data + at + 4)
        if not second or met.has(second):
            found.append(at)
    return found


def observe(bytearray packed not None, list met not None, double p, uint16_t session, bint failed):
    """Take in a call that meets the tests at these places, was given probability ``p`` of failing, and failed or not.

    The bet is the failure rate among those that met the test before, where that is above ``p``. IndexError for a place
    that is none.
    """
    cdef uint8_t* data = packed
    cdef uint8_t* test
    cdef Py_ssize_t at, size = len(packed)
    cdef double failures, successes, rate
    p = max(_least_p, min(_most_p, p))
    for at in met:
        if at < 0 or at > size - SIZE:
            raise IndexError("there is no test")
        test = data + at
        failures, successes = _float(test + _FAILURES), _float(test + _SUCCESSES)
        rate = (failures + p) / (failures + successes + 1.0)
        if rate > p:  # else nothing is won
            _put_float(
                test + _WEALTH,
                _float(test + _WEALTH) + (log(rate / p) if failed else log((1.0 - rate) / (1.0 - p))),
            )
        if failed:
            _put_float(test + _FAILURES, failures + 1.0)
            if test[_SESSION] | test[_SESSION + 1] << 8 != session:
                test[_SEVERAL] = 1
        else:
            _put_float(test + _SUCCESSES, successes + 1.0)


cdef const uint8_t* _test_at(bytearray packed, Py_ssize_t at) except NULL:
    if at < 0 or at > <Py_ssize_t>len(packed) - SIZE:
        raise IndexError("there is no test")
    return <const uint8_t*><char*>packed + at


def singles(bytearray packed not None, list met not None):
    """Of the tests at these places those of one condition: wealth, the condition, failures and successes of each."""
    cdef const uint8_t* test
    cdef Py_ssize_t at
    cdef list found = []
    for at in met:
        test = _test_at(packed, at)
        if not _u32(test + 4):
            found.append((
                <double>_float(test + _WEALTH), _u32(test), <double>_float(test + _FAILURES),
                <double>_float(test + _SUCCESSES),
            ))
    return found


def untested(bytearray packed not None, list met not None, pairs not None):
    """Those of these pairs of conditions (of one alone: with 0) that no test at these places is of."""
    cdef uint32_t first, second
    cdef const uint8_t* test
    cdef Py_ssize_t at
    cdef list found = []
    for pair in pairs:
        first, second = pair
        for at in met:
            test = _test_at(packed, at)
            if _u32(test) == first and _u32(test + 4) == second:
                break
        else:
            found.append(pair)
    return found


def untested_alone(bytearray packed not None, list met not None, conditions not None):
    """Those of these conditions that no test at these places is of alone, each as a pair with 0."""
    cdef uint32_t first
    cdef const uint8_t* test
    cdef Py_ssize_t at
    cdef list found = []
    for first in conditions:
        for at in met:
            test = _test_at(packed, at)
            if _u32(test) == first and not _u32(test + 4):
                break
        else:
            found.append((first, 0))
    return found
