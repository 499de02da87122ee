"""What a call tells of the needs of its tool (``learning/needs.py``)."""

from libc.math cimport log
from libc.stdint cimport uint8_t
from libc.string cimport memcmp

from sidecar.native.counts cimport add_one, failures_of, successes_of
from sidecar.native.fields cimport get, place_of, put
from sidecar.native.odds cimport log_odds, mean_of

cdef enum:
    # Steps of a session, as ``learning/steps.py`` packs them: two bytes of the tool, four of the step; so many at most.
    _STEP = 6
    _STEPS = 64
    _OWN_SIZE = 9

cdef double _least_p = 0.05

# The class of needs, and where its fields stand.
cdef object _known = None
cdef Py_ssize_t _at_before, _at_after, _at_wealth, _at_place, _at_session, _at_several, _at_believed, _at_words


def know(need):
    """Needs are of this class. TypeError where it has not all of their fields."""
    global _known, _at_before, _at_after, _at_wealth, _at_place, _at_session, _at_several, _at_believed, _at_words
    _known = None
    _at_before, _at_after, _at_wealth = [place_of(need, name) for name in ("before", "after", "wealth")]
    _at_place, _at_session, _at_several = [place_of(need, name) for name in ("place", "session", "several")]
    _at_believed, _at_words = place_of(need, "believed"), place_of(need, "words")
    _known = need


cdef inline int _check(object need) except -1:
    if type(need) is not _known:
        raise TypeError("this is no need")
    return 0


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
    cdef double failures = failures_of(side), successes = successes_of(side)
    return _won(failures, successes + failures, p, met, failed)


cdef int _observe(
    object need, double p, long session, double now, double half_life, bint met, bint failed
) except -1:
    cdef object side = get(need, _at_after if met else _at_before)
    cdef double failures = failures_of(side), successes = successes_of(side), wealth = get(need, _at_wealth)
    cdef long first
    put(need, _at_wealth, wealth + _won(failures, successes + failures, p, met, failed))
    add_one(side, failed, now, half_life, 1.0)
    if failed and not met:
        first = get(need, _at_session)
        if first < 0:
            put(need, _at_session, session)
            first = session
        if session != first:
            put(need, _at_several, True)
    return 0


def observe(need, double p, long session, double now, double half_life, *, bint met, bint failed):
    """Take in a call, which was given probability ``p`` of failing by all that is known beside this need.

    ``now`` and ``half_life`` are in seconds; of the session there are 16 bits.
    """
    _check(need)
    _observe(need, p, session, now, half_life, met, failed)


cdef inline int _digit(Py_UCS4 char) noexcept nogil:
    """What a digit of a number in hexadecimal, in small letters, stands for; -1 for what is none."""
    if c"0" <= char <= c"9":
        return <int>char - c"0"
    return <int>char - c"a" + 10 if c"a" <= char <= c"f" else -1


cdef bytes _step_of(str key):
    """The four bytes of the step that a need's key names, as they are kept; what else it may be, ``fromhex`` says."""
    cdef uint8_t[4] step
    cdef int i, high, low
    if len(key) == _OWN_SIZE:
        for i in range(4):
            high, low = _digit(key[2 * i + 1]), _digit(key[2 * i + 2])
            if high < 0 or low < 0:
                break
            step[i] = <uint8_t>(high << 4 | low)
        else:
            return step[:4]
    return bytes.fromhex(key[1:])


cdef int _worked(bytes steps, bytes tool, bytes step) except -2:
    """Whether a step of a tool (its key) stands among those that worked; -1 where it may have been forgotten."""
    cdef const uint8_t* data = steps
    cdef const uint8_t* mine = tool
    cdef const uint8_t* wanted = step
    cdef Py_ssize_t at, size = len(steps)
    cdef bytes entry
    if len(step) == 4 and len(tool) >= 2:
        at = 0
        while at + _STEP <= size:
            if data[at] == mine[0] and data[at + 1] == mine[1] and not memcmp(data + at + 2, wanted, 4):
                return 1
            at += _STEP
    else:
        entry = tool[:2] + step
        at = steps.find(entry)
        while at >= 0 and at % _STEP:
            at = steps.find(entry, at + 1)
        if at >= 0:
            return 1
    return -1 if size >= _STEPS * _STEP else 0


cdef int _is_met(str key, bytes step, object session, bytes tool) except -2:
    """Whether a need is met in a session: 1 or 0; -1 where that is not known. ``step`` is that of a need of a step."""
    if session is None:
        return 0
    if step is not None:
        return _worked(session.steps, tool, step)
    return 1 if (<dict?>session.worked).get(key) else 0


cdef inline bytes _own(str key):
    return _step_of(key) if key and key[0] == 0 else None


def most(dict needs not None, double p, double strength):
    """The key of the believed need that makes the largest difference, of equal ones the first; None where none is.

    ``p`` is the tool's rate, and worth ``strength`` calls.
    """
    cdef object found = None
    cdef double largest = 0.0, gap
    for key, need in needs.items():
        _check(need)
        if get(need, _at_believed):
            gap = log_odds(mean_of(get(need, _at_before), p, strength))
            gap -= log_odds(mean_of(get(need, _at_after), p, strength))
            if found is None or gap > largest:
                found, largest = key, gap
    return found


def unsettled(dict needs not None, double least):
    """Whether a need that is believed has lost it all, or one that is not may be: with so much log-wealth at least."""
    cdef double wealth
    for need in needs.values():
        _check(need)
        wealth = get(need, _at_wealth)
        if get(need, _at_believed):
            if not wealth > 0.0:
                return True
        elif wealth >= least and get(need, _at_several):
            return True
    return False


def observe_each(
    model, session, bytes tool not None, dict own not None, str best,
    double low, double high, long mark, double now, double half_life, *, bint failed,
):
    """Take in a call for all needs of its tool (key ``tool``) that it does not bring about itself.

    ``own`` has the marks of what the call does, with their words; ``best`` is the key of the believed need that makes
    the largest difference: while that is not met, the others are not looked at. The call was given probability ``low``
    of failing where the need is met, and ``high`` where it is not. ``mark`` are 16 bits of the session.
    """
    cdef dict needs = model.preconditions
    cdef bint covered = best is not None and _is_met(best, _own(best), session, tool) != 1
    cdef str key
    cdef bytes step
    cdef object need, words
    cdef int met
    for key, need in needs.items():
        _check(need)
        step = _own(key)
        if step is not None and own:
            words = own.get(step)
            if words is not None:
                if not get(need, _at_words):
                    put(need, _at_words, words)
                continue  # a step does not need itself
        if covered and key != best:
            continue
        met = _is_met(key, step, session, tool)
        if met < 0:
            continue
        if not get(need, _at_place):  # of a version that did not test
            model.needs_tried += 1
            put(need, _at_place, model.needs_tried)
        _observe(need, low if met else high, mark, now, half_life, met, failed)
