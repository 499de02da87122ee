"""Counts that fade (``model/counted.py``): one at a time, and those of all scopes of a call.

``scopes`` are a context's keys, each with the hash of key and value that its record stands under. ``half_life`` is in
seconds, like ``now``.
"""

from libc.math cimport log, pow

from sidecar.native.fields cimport place_of, put

cdef double _cap = 200.0
# What is known outside of a scope counts as this many calls in it; likewise where scopes are gone through.
cdef double _strength = 1.0
cdef double _strength_through = 2.0
# How fast the record of a context key forgets: it remembers about 200 calls.
cdef double _memory = 0.995
# A scope with this share of all evidence is no scope.
cdef double _nearly_all = 0.98

cdef enum:
    _SCOPES = 8

EVIDENCE_CAP = _cap

counted = None


def know(record):
    """From now on fields of this class are read and written where they stand. TypeError where it has not all of them."""
    global counted, at_successes, at_failures, at_time
    counted = None
    at_successes, at_failures, at_time = [place_of(record, name) for name in ("successes", "failures", "time")]
    counted = record


cdef int add_one(object record, bint failed, double now, double half_life, double weight) except -1:
    cdef double successes = successes_of(record), failures = failures_of(record), time = time_of(record), keep, total
    cdef bint plain = type(record) is counted
    if now > time:
        if time:
            keep = pow(0.5, (now - time) / half_life)
            successes *= keep
            failures *= keep
        if plain:
            put(record, at_time, now)
        else:
            record.time = now
    elif time and now < time:
        weight *= pow(0.5, (time - now) / half_life)  # a late record counts as what is left of it
    total = successes + failures
    if total > _cap:
        keep = _cap / total
        successes *= keep
        failures *= keep
    if failed:
        failures += weight
    else:
        successes += weight
    if plain:
        put(record, at_successes, successes)
        put(record, at_failures, failures)
    else:
        record.successes = successes
        record.failures = failures
    return 0


def add(record, bint failed, double now, double half_life, double weight=1.0):
    """Count one outcome. Time never runs backwards: a late outcome counts as what is left of it."""
    add_one(record, failed, now, half_life, weight)


cdef int add_scopes(
    dict records, tuple scopes, object made, int most, bint failed, double now, double half_life, double weight
) except -1:
    cdef object value, record
    for _, value in scopes:
        record = records.pop(value, None)
        if record is None:
            record = made()
        records[value] = record
        add_one(record, failed, now, half_life, weight)
    while len(records) > most:
        del records[next(iter(records))]
    return 0


def add_to_scopes(
    dict records not None,
    tuple scopes not None,
    made,
    int most,
    bint failed,
    double now,
    double half_life,
    double weight=1.0,
):
    """Count one outcome in each scope; of more than ``most`` records the least recently used are forgotten."""
    add_scopes(records, scopes, made, most, failed, now, half_life, weight)


cdef inline double _inside(
    double successes, double failures, double here, double failed_here, double prior
) noexcept nogil:
    cdef double outside
    successes = max(successes - here, 0.0)
    failures = max(failures - failed_here, 0.0)
    outside = (failures + _strength * prior) / (successes + failures + _strength)
    return (failed_here + _strength * outside) / (here + failed_here + _strength)


cdef double rate_inside(object everywhere, object scope, double prior) except? -1.0:
    return _inside(
        successes_of(everywhere), failures_of(everywhere), successes_of(scope), failures_of(scope), prior
    )


def inside(everywhere, scope, double prior):
    """The failure rate in a scope, shrunk to the rate outside of it."""
    return rate_inside(everywhere, scope, prior)


cdef bint _through(double* shrunk, double everywhere, dict records, tuple scopes) except -1:
    """Shrink a rate to that of each scope in turn; whether any is known."""
    cdef double[_SCOPES] totals
    cdef double[_SCOPES] failed
    cdef double failures, total, wider = everywhere, p = shrunk[0]
    cdef int count = 0, at
    for _, value in scopes:
        record = records.get(value)
        if record is None:
            continue
        if count == _SCOPES:
            break
        failures = failures_of(record)
        total = successes_of(record) + failures
        # Sorted as they come: the widest first, of equally wide ones those that failed less.
        at = count
        while at and (totals[at - 1] < total or (totals[at - 1] == total and failed[at - 1] > failures)):
            totals[at], failed[at] = totals[at - 1], failed[at - 1]
            at -= 1
        totals[at], failed[at] = total, failures
        count += 1
    if not count:
        return False
    for at in range(count):
        total = totals[at]
        if total < _nearly_all * wider:
            wider = total
            p = (failed[at] + _strength_through * p) / (total + _strength_through)
    shrunk[0] = p
    return True


cdef bint rate_here(
    object everywhere, double prior, double strength, dict records, tuple scopes, double* found
) except -1:
    """As ``here``; whether anything is known."""
    cdef double successes, failures
    if not records:
        return False
    successes, failures = successes_of(everywhere), failures_of(everywhere)
    found[0] = (failures + strength * prior) / (successes + failures + strength)
    return _through(found, successes + failures, records, scopes)


def here(everywhere, double prior, double strength, dict records not None, tuple scopes not None):
    """The failure rate in these scopes: that of all, shrunk to by each scope in turn, the widest first.

    ``prior`` is the rate that is assumed, worth ``strength`` calls. None where nothing is known of any scope.
    """
    cdef double found = 0.0
    return found if rate_here(everywhere, prior, strength, records, scopes, &found) else None


def judge_scopes(dict merits not None, int most, rate, dict records not None, tuple scopes not None, bint failed):
    """Add to each key's merit (of at most so many keys) the log-loss that its scope's record saves."""
    cdef double successes = successes_of(rate), failures = failures_of(rate), gain, loss_all, p
    cdef list merit
    p = (failures + 0.5 * _strength) / (successes + failures + _strength)
    loss_all = -log(p if failed else 1.0 - p)
    for key, value in scopes:
        record = records.get(value)
        if record is None:
            continue
        p = _inside(successes, failures, successes_of(record), failures_of(record), 0.5)
        gain = loss_all + log(p if failed else 1.0 - p)
        merit = merits.get(key)
        if merit is None:
            if len(merits) >= most:
                continue
            merit = merits[key] = [0.0, 0.0]
        merit[0] = <double>merit[0] * _memory + gain
        merit[1] = <double>merit[1] * _memory + 1.0


cdef double _merit(dict first, dict second, key) except? -1.0:
    cdef list merit = first.get(key) or second.get(key)
    return merit[0] if merit else 0.0


def two_most_telling(dict first not None, dict second not None, tuple scopes not None):
    """The values of the two scopes whose keys have the most merit, in that order; of equal ones those that stand first.

    Merits are lists that begin with it: those of ``first``, where a key has none there those of ``second``, else 0.
    ValueError for less than two scopes.
    """
    cdef object best = None, next_best = None
    cdef double most = 0.0, next_most = 0.0, merit
    if len(scopes) < 2:
        raise ValueError("of less than two scopes, two are none")
    for key, value in scopes:
        merit = _merit(first, second, key)
        if best is None or merit > most:
            next_best, next_most = best, most
            best, most = value, merit
        elif next_best is None or merit > next_most:
            next_best, next_most = value, merit
    return [best, next_best]
