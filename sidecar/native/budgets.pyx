"""The books of the false-prevention budget (``learning/budget.py``), where they are written for every call."""

from sidecar.native.fields cimport get, place_of, put

cdef double _lowest = -1.0, _width = 0.125, _horizon = 2_000.0, _spent_horizon = 20_000.0

cdef enum:
    _BINS = 48

BINS, BIN_WIDTH, LOWEST = _BINS, _width, _lowest
HORIZON, SPENT_HORIZON = _horizon, _spent_horizon

# The class of budgets, and where its fields stand.
cdef object _known = None
cdef Py_ssize_t _at_bins, _at_total, _at_spent, _at_seen, _at_guessed, _at_guesses


def know(budget):
    """Budgets are of this class. TypeError where it has not all of their fields."""
    global _known, _at_bins, _at_total, _at_spent, _at_seen, _at_guessed, _at_guesses
    _known = None
    _at_bins, _at_total, _at_spent = [place_of(budget, name) for name in ("bins", "total", "spent")]
    _at_seen, _at_guessed, _at_guesses = [place_of(budget, name) for name in ("seen", "guessed", "guesses")]
    _known = budget


def spend(budget, double score, double success, *, bint prevented, bint groundless):
    """Count a call that was made. Whether old ones are to be forgotten then. TypeError for what is no budget."""
    cdef list bins, guesses
    cdef double total, seen, spent, guessed
    cdef int at
    if type(budget) is not _known:
        raise TypeError("this is no budget")
    if score >= _lowest and not groundless:
        bins = get(budget, _at_bins)
        at = <int>min((score - _lowest) / _width, _BINS - 1.0)
        if at >= len(bins):
            raise IndexError("there is no such bin")
        bins[at] = <double>bins[at] + success
    total, seen = get(budget, _at_total), get(budget, _at_seen)
    total += success
    seen += success
    put(budget, _at_total, total)
    put(budget, _at_seen, seen)
    if prevented:
        spent = get(budget, _at_spent)
        put(budget, _at_spent, spent + success)
    guesses, guessed = get(budget, _at_guesses), get(budget, _at_guessed)
    if guesses:
        total = total + <double>sum(guesses)  # as Python adds
    return total > _horizon or seen + guessed > _spent_horizon
