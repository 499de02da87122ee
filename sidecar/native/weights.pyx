"""One probability of all features, and the steps of the weights after an outcome. ValueError where weights are missing."""

from libc.math cimport fabs, floor, pow, rint, sqrt

from sidecar.native.odds cimport log_odds

cdef double _step_overall = 0.15, _step_tool = 0.02, _decay = 0.002, _least_error = 0.003, _least_news = 0.02

STEP_OVERALL, STEP_TOOL, OFFSET_DECAY = _step_overall, _step_tool, _decay
LEAST_ERROR, LEAST_NEWS = _least_error, _least_news

# The 5 % and 95 % points of the normal distribution are so far from its middle.
cdef double _z90 = 1.6448536269514722

cdef enum:
    _MOST = 64
    _DOUBLE = 8


def logit(double p):
    """Log-odds of ``p``, clipped to [0.002, 0.998] so that one feature never decides alone."""
    return log_odds(p)


cdef double _rounded(double number, int digits) except? -1.0:
    cdef double scale = 1.0, many, off
    cdef int i
    for i in range(digits):
        scale *= 10.0
    many = number * scale
    off = fabs(many - floor(many) - 0.5)
    # Nearer to the middle of two the product may be on the wrong side of it; beyond this, it has no digits to tell.
    if off < 1e-6 or fabs(many) > 1e9 or many != many:
        return round(number, digits)
    return rint(many) / scale


def rounded(double number, int digits):
    """``round``, for up to 9 digits. ValueError for more."""
    if digits < 0 or digits > 9:
        raise ValueError("up to nine digits")
    return _rounded(number, digits)


def strongest(list parts not None, double least):
    """The places of the parts that are at least ``least`` either way: the strongest first, of equal ones the first."""
    cdef double[_MOST] sizes
    cdef int[_MOST] places
    cdef Py_ssize_t count = 0, at, i, size = len(parts)
    cdef double part
    if size > _MOST:
        raise ValueError("at most 64 parts")
    for i in range(size):
        part = fabs(<double>parts[i])
        if part >= least:
            at = count
            while at and sizes[at - 1] < part:
                sizes[at], places[at] = sizes[at - 1], places[at - 1]
                at -= 1
            sizes[at], places[at] = part, <int>i
            count += 1
    return [places[i] for i in range(count)]


def wilson(double p, double n):
    """The bounds of the 90 % score interval of a rate ``p`` seen over ``n`` (possibly fractional) observations."""
    cdef double share, whole, centre, half, low, high
    if n <= 0.0:
        return 0.0, 1.0
    share = _z90 * _z90 / n
    whole = 1.0 + share
    centre = (p + share / 2.0) / whole
    half = _z90 * sqrt((p * (1.0 - p) + share / 4.0) / n) / whole
    low, high = centre - half, centre + half
    return low if low > 0.0 else 0.0, high if high < 1.0 else 1.0


def combine(list overall not None, list own, list x not None, tuple ends not None):
    """The log-odds of features ``x``; whether any but the first detector spoke; who adds most; and what each adds.

    Detector i has the features up to ``ends[i]``. The one that adds most is an index, -1 where none but the first adds
    anything. What each adds is empty where only the first spoke.
    """
    cdef Py_ssize_t size = len(x), i = 0, at, end, leader = -1
    cdef double feature, weighted, score = 0.0, before, part, most = 0.0
    cdef bint known = False
    cdef list parts = []
    if len(overall) < size or (own is not None and len(own) < size):
        raise ValueError("there is a weight for each feature")
    for at in range(len(ends)):
        end = ends[at]
        if end > size:
            raise ValueError("a detector's features end where there are none")
        before = score
        while i < end:
            feature = x[i]
            if feature:
                # The first detector is the base that all others are weighed against.
                known = known or at > 0
                weighted = <double>overall[i] * feature
                if own is not None:
                    weighted = weighted + <double>own[i] * feature
                score += weighted
            i += 1
        part = score - before
        parts.append(part)
        if at and part > most:
            most, leader = part, at
    if not known:
        return score, False, -1, []
    return score, True, leader, parts


def descend(
    list values not None,
    list squares not None,
    list offsets not None,
    list own_squares not None,
    list x not None,
    double error,
    bytearray covariance=None,
    double information=0.0,
):
    """An AdaGrad step of a tool's offsets, and of the weights for all tools but for the first ones, of which there is a
    covariance: those move together (``descend_together``). Whether that changed.
    """
    cdef Py_ssize_t size = len(x), i, together = 0
    cdef double feature, gradient, square, offset, sum_of_squares
    cdef bint changed = False
    if min(len(values), len(squares), len(offsets), len(own_squares)) < size:
        raise ValueError("there is a weight for each feature")
    if covariance is not None:
        together = _size_of(covariance)
        changed = _descend_together(covariance, together, values, x, error, information)
    for i in range(size):
        feature = x[i]
        if not feature:
            continue
        gradient = error * feature
        square = gradient * gradient
        if i >= together:
            sum_of_squares = <double>squares[i] + square
            squares[i] = sum_of_squares
            values[i] = <double>values[i] - _step_overall * gradient / pow(sum_of_squares, 0.5)
        sum_of_squares = <double>own_squares[i] + square
        own_squares[i] = sum_of_squares
        offset = offsets[i]
        offsets[i] = offset - (_step_tool * gradient / pow(sum_of_squares, 0.5) + _decay * _step_tool * offset)
    return changed


cdef Py_ssize_t _size_of(bytearray covariance) except -1:
    cdef Py_ssize_t size = <Py_ssize_t>(sqrt(len(covariance) / _DOUBLE) + 0.5)
    if size * size * _DOUBLE != len(covariance) or size > _MOST:
        raise ValueError("a covariance has as many rows as columns, 64 at most")
    return size


def descend_together(
    bytearray covariance not None, list values not None, list x not None, double error, double information
):
    """A step of the first weights by their covariance (rows of doubles, 64 at most); whether that changed.

    An extended Kalman filter's: ``error`` is the derivative of the loss by the log-odds, ``information`` the second one.
    """
    return _descend_together(covariance, _size_of(covariance), values, x, error, information)


cdef bint _descend_together(
    bytearray covariance, Py_ssize_t size, list values, list x, double error, double information
) except -1:
    cdef double[_MOST] along
    cdef double[_MOST] spoken
    cdef double* rows = <double*><char*>covariance
    cdef Py_ssize_t i, j
    cdef double total, news, step, share, scale
    if min(len(values), len(x)) < size:
        raise ValueError("there is a weight for each feature")
    if -_least_error < error < _least_error:
        return False
    for i in range(size):
        spoken[i] = x[i]
    for i in range(size):
        total = 0.0
        for j in range(size):
            total += rows[i * size + j] * spoken[j]
        along[i] = total
    total = 0.0
    for i in range(size):
        total += along[i] * spoken[i]
    news = information * total
    step = error / (1.0 + news)
    for i in range(size):
        values[i] = <double>values[i] - step * along[i]
    if news < _least_news:
        return False
    share = information / (1.0 + news)
    for i in range(size):
        scale = share * along[i]
        for j in range(size):
            rows[i * size + j] -= scale * along[j]
    return True
