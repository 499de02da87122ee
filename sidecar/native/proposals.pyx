"""What detectors that speak of most calls propose, written to ``x[at:]``; ``sidecar/learning/detectors/`` says why.

IndexError where there is no room for the features.
"""

from libc.math cimport log, log1p, pow
from libc.stdint cimport uint8_t

from zlib import crc32

from sidecar.native.counts cimport rate_here, rate_inside
from sidecar.native.odds cimport log_odds, mean_of
from sidecar.native.phrases cimport count_new, mean_of_words, standing, sum_of_marks
from sidecar.native.rings cimport count_marked, last_of
from sidecar.native.seen cimport Seen

cdef double _strength_ending = 3.0, _strength_here = 2.0
cdef double _strength_named = 1.0
cdef double _strength_word = 2.0, _half_known = 10.0
cdef double _strength_session = 2.0
cdef double _strength_streak = 4.0
cdef double _strength_call = 1.0, _least_call = 0.05

cdef enum:
    _WIDTH = 8
    _FAILED = 0x01
    _CHANGED = 0x02
    _SILENT = 0x04
    _LOOKED_UP = 12
    # Added to the key of a run whose last two errors are alike, and of a run of the session.
    _SAME = 8
    _HERE = 16

# From how many failures in a row on runs are told apart: 1, 2, 3 and 4, 5 and more.
cdef int[6] _steps = [0, 1, 2, 3, 3, 4]

ALIKE, IN_SESSION, STRENGTH_ENDING = _SAME, _HERE, _strength_ending


cdef inline int _room(list x, Py_ssize_t at, Py_ssize_t size) except -1:
    if at < 0 or at + size > len(x):
        raise IndexError("there is no room for the features")
    return 0


def base_rate(Seen view not None, list x not None, Py_ssize_t at):
    """One; the log-odds of the tool's rate; those of the kind's over it."""
    _room(x, at, 3)
    x[at] = 1.0
    x[at + 1] = view.base_tool
    x[at + 2] = view.likeness * (view.base - view.base_tool)


cpdef bytes turn(Seen view):
    """The key of the record of calls that open like this one after a call like the session's last, gone like that."""
    cdef bytes opening = view.wording_of_call().opening
    cdef bytes marks, endings
    cdef uint8_t[_WIDTH + 1] key
    cdef const uint8_t* data = opening
    cdef Py_ssize_t size, i
    if view.session is None:
        return opening
    marks = view.session.marks
    if not marks:
        return opening
    if len(opening) != _WIDTH:
        raise ValueError("an opening has eight bytes")
    for i in range(_WIDTH):
        key[i] = data[i]
    endings = view.session.endings
    data = endings
    size = len(endings)
    for i in range(min(size, <Py_ssize_t>_WIDTH)):
        key[_WIDTH - 1 - i] ^= data[size - 1 - i]
    data = marks
    key[_WIDTH] = data[len(marks) - 1] & (_FAILED | _CHANGED | _SILENT)
    return key[: _WIDTH + 1]


def similar_calls(Seen view not None, list x not None, Py_ssize_t at):
    """Seven features: log-odds of the records, each over the next wider one."""
    cdef double base = view.base, trust = view.likeness, p = view.p_kind, level = view.base, here = 0.0
    cdef object record, session = view.session, marks
    cdef bytes ending
    cdef int calls, failures
    cdef bint last
    _room(x, at, 7)
    record = view.rate
    if record is not None:
        marks = record.scopes
        if marks and rate_here(
            record.rate, view.p_tool, _strength_ending, <dict?>marks, view.scopes_of_call(), &here
        ):
            x[at + 2] = trust * (log_odds(here) - base)
    ending = view.wording_of_call().ending
    record = view.rate_of(ending)
    if record is not None:
        p = mean_of(record.rate, view.p_kind, _strength_ending)
        level = log_odds(p)
        x[at] = trust * (level - base)
        if rate_here(
            record.rate, view.p_kind, _strength_ending, <dict?>record.scopes, view.scopes_of_call(), &here
        ):
            x[at + 1] = trust * (log_odds(here) - level)
    if session is None:
        return
    calls = count_marked(session.endings, ending, session.marks, _FAILED, &failures, &last)
    if calls:
        x[at + 3] = trust * (log_odds((failures + _strength_here * p) / (calls + _strength_here)) - level)
        x[at + 4] = trust if last else -trust
    record = view.rate_of(turn(view))
    if record is not None:
        x[at + 5] = trust * (log_odds(mean_of(record.rate, view.p_kind, _strength_ending)) - base)
    x[at + 6] = log1p(<double>(<long long>session.successes + <long long>session.failures))


cpdef tuple looked_up(Seen view):
    """The words of the call that errors may have named, twelve at most: of those, the records are read."""
    if view.looked_up is None:
        if view.model is None:
            return ()
        view.looked_up = tuple(standing(view.model.named_bits, view.wording_of_call().words, True, _LOOKED_UP))
    return view.looked_up


cdef list _telling(dict merits, tuple scopes):
    """The context's values whose keys have told something so far, the most telling first."""
    cdef list found = []
    cdef double worth
    for key, value in scopes:
        merit = merits.get(key)
        if merit is not None:
            worth = merit[0]
            if worth > 0.0:
                found.append((-worth, value))
    if len(found) > 1:
        found.sort()
    return found


cpdef tuple worst_named(Seen view):
    """Of the words that an error has named, the one most likely to fail: (word, everywhere, here or None)."""
    cdef tuple found = None
    cdef list scopes = None
    cdef dict records
    cdef double most = -1.0, p, everywhere, here
    for word in looked_up(view):
        record = view.rate_of(word)
        if record is None:
            continue
        named = record.named
        if named is None:
            continue
        everywhere = p = mean_of(named, view.p_kind, _strength_named)
        inside = None
        records = record.scopes
        if records:
            if scopes is None:
                scopes = _telling(view.model.word_merits, view.scopes_of_call())
            for _, scope in scopes:
                of_scope = records.get(scope)
                if of_scope is not None:
                    here = rate_inside(named, of_scope, view.p_kind)
                    inside = here
                    p = max(p, here)
                    break
        if p > most:
            most, found = p, (word, everywhere, inside)
    return found


def telling_words(Seen view not None, list x not None, Py_ssize_t at):
    """Two features: the worst of the named words over the kind's, and where the call is made over everywhere."""
    cdef tuple found = worst_named(view)
    cdef double level
    _room(x, at, 2)
    if found is not None:
        level = log_odds(found[1])
        x[at] = level - view.base
        if found[2] is not None:
            x[at + 1] = log_odds(found[2]) - level


cpdef double believed(Seen view) except? -1.0:
    """What the weights of phrases count for, from 0 for a tool that never failed, or only for a while, towards 1."""
    cdef double failures = 0.0
    if view.tool_pattern is not None:
        failures = view.tool_pattern.rate.failures
    return view.lasting * failures / (failures + _half_known)


def phrasing(Seen view not None, list x not None, Py_ssize_t at):
    """Four features: the marks' weights, how calls with the words went, and how much is new."""
    cdef object phrases, written
    cdef bytes words
    cdef double trust = view.likeness, mean = 0.0
    cdef int new_words, new_pairs = 0
    _room(x, at, 4)
    phrases = view.model.phrases if view.model is not None else None
    if phrases is None:
        return
    written = view.wording_of_call()
    words = written.words
    x[at] = believed(view) * sum_of_marks(
        phrases.weights, words, view.scopes_of_call(), written.forms, written.quoting
    )
    if mean_of_words(
        phrases.failed, phrases.worked, words,
        _strength_word * view.p_kind, _strength_word - _strength_word * view.p_kind, &mean,
    ):
        x[at + 1] = trust * (mean - view.base)
    if phrases.settled:
        new_words = count_new(phrases.words, phrases.pairs, words, False, &new_pairs)
        x[at + 2] = trust * (log1p(new_words) - <double>phrases.usual_words)
        x[at + 3] = trust * (log1p(new_pairs) - <double>phrases.usual_pairs)


def session_trend(Seen view not None, list x not None, Py_ssize_t at, level):
    """Three features: the session's own rates, each over what is known beside it. ``level`` is that of errors."""
    cdef object session = view.session
    cdef double successes, failures, trust = view.likeness
    cdef bytes kind, marks
    cdef int calls, failed
    cdef bint newest
    _room(x, at, 3)
    if session is None:
        return
    successes, failures = session.successes, session.failures
    x[at] = trust * (
        log_odds((failures + _strength_session * view.p_tool) / (successes + failures + _strength_session))
        - view.base_tool
    )
    kind, marks = view.features.kind, session.marks
    calls = count_marked(session.kinds, kind, marks, _FAILED, &failed, &newest)
    if not calls:
        return
    x[at + 1] = trust * (
        log_odds((failed + _strength_session * view.p_kind) / (calls + _strength_session)) - view.base
    )
    if newest:
        error = view.pattern(level, session.template(last_of(session.kinds, kind)))
        if error is not None:
            x[at + 2] = trust * (log_odds(mean_of(error.kin, view.p_kind, _strength_session)) - view.base)


cpdef tuple run_of(Seen view, model):
    """The key of the record of runs like the present one, and how long it is: the session's, where there is one."""
    cdef Py_ssize_t run, size
    cdef bytes templates
    cdef bint same
    if view.session is None:
        run, same = model.streak, model.streak_same > 1
        return _steps[max(0, min(run, 5))] + (_SAME if same else 0), run
    run = view.run
    same = False
    if run > 1:
        templates = view.session.templates
        size = len(templates)
        same = templates[max(0, size - _WIDTH) :] == templates[max(0, size - 2 * _WIDTH) : max(0, size - _WIDTH)]
    return _steps[min(run, 5)] + _HERE + (_SAME if same else 0), run


def streak(Seen view not None, list x not None, Py_ssize_t at):
    """One feature: how calls after such a run of failures went, over the tool's rate."""
    cdef dict streaks
    _room(x, at, 1)
    if view.model is None:
        return
    streaks = view.model.streaks
    if not streaks:
        return
    record = streaks.get(run_of(view, view.model)[0])
    if record is not None:
        x[at] = view.trust * (log_odds(mean_of(record, view.p_tool, _strength_streak)) - view.base_tool)


cpdef double longer(Seen view) except? -1.0:
    """The log of the call's length over that of calls of its tool that worked."""
    cdef object model = view.model
    if model is None or not model.lengths:
        return 0.0
    return log(<double>(len(<str?>view.features.preview) + 1)) - <double>model.usual_length


def length(Seen view not None, list x not None, Py_ssize_t at):
    """One feature: how much longer the call is; negative where it is shorter."""
    _room(x, at, 1)
    x[at] = view.likeness * longer(view)


cdef bint _worked(Seen view) except -1:
    """Whether this very call worked the last time, see ``learning/worked_calls.py``."""
    cdef object table = view.model.worked_calls
    cdef unsigned int call
    cdef Py_ssize_t size = len(table)
    if not size:
        return False
    call = crc32(view.features.fingerprint[:_WIDTH], view.epoch)
    return table[call & (size - 1)] == (call >> 20) % 255 + 1


def known_call(Seen view not None, list x not None, Py_ssize_t at, double permanent, double transient):
    """Four features: the call's record in other sessions. The half-lives are of evidence of either sort, in seconds."""
    cdef object pattern, rate, record, merit
    cdef double successes, failures, level, over, age, keep, best = 0.0
    cdef dict records, merits
    cdef bint here
    _room(x, at, 4)
    if view.model is not None and _worked(view):
        x[at + 3] = view.likeness
    pattern = view.known_call()
    if pattern is None:
        return
    rate = pattern.rate
    successes, failures, age = rate.successes, rate.failures, view.now - <double>rate.time
    if age > 0.0 and rate.time:
        keep = pow(0.5, age / (transient if pattern.transient else permanent))
        successes *= keep
        failures *= keep
    here = view.seen >= 0 and view.session is not None
    if here:
        began, broke = view.session.episodes(view.features.fingerprint[:_WIDTH])
        successes = max(0.0, successes - <double>began)
        failures = max(0.0, failures - <double>broke)
    if successes + failures < _least_call:
        return
    level = log_odds((failures + _strength_call * view.p_kind) / (successes + failures + _strength_call))
    over = level - view.base
    x[at] = over if over > 0.0 else view.lasting * over
    if here:
        return
    records = pattern.scopes
    if records and view.model is not None:
        merits = view.model.merits
        if merits:
            rate = None
            for key, value in view.scopes_of_call():
                record = records.get(value)
                if record is None:
                    continue
                merit = merits.get(key)
                if merit is not None and <double>merit[0] > best:
                    best, rate = merit[0], record
            if rate is not None:
                x[at + 1] = log_odds(rate_inside(pattern.rate, rate, view.p_kind)) - level
    if not pattern.last_failed:
        x[at + 2] = -view.lasting
    elif not pattern.transient:
        x[at + 2] = 1.0


def gather(Seen view not None, list x not None, tuple plan not None):
    """Let detectors propose: each with where its features begin, and what of the tool's model it needs, or None."""
    cdef object propose, at, needs, model = view.model
    for propose, at, needs in plan:
        if needs is not None and (model is None or not getattr(model, needs)):
            continue
        propose(view, x, at)
