"""What learning does for every call: mark what changes, and count the call (``sidecar/learning/detectors/`` say why)."""

from libc.stdint cimport uint8_t, uint32_t

from sidecar.native.counts cimport add_one, add_scopes
from sidecar.native.kept cimport Draft
from sidecar.native.proposals cimport turn
from sidecar.native.seen cimport Seen

cdef enum:
    _FIRST_SLOTS = 256
    _MOST_SLOTS = 4096
    _SLOTS_PER_CALL = 16

FIRST_SLOTS, MOST_SLOTS, SLOTS_PER_CALL = _FIRST_SLOTS, _MOST_SLOTS, _SLOTS_PER_CALL


cpdef object learned(Seen view, level, bytes covers, str description):
    """A pattern that is about to change, as ``View.learned``: at once where the view has it."""
    cdef tuple known = view._patterns.get((level, covers))
    if known is None or known[1] is None:
        return view.learned(level, covers, description)
    if view._changed is None:
        view._changed = set()
    view._changed.add(known[0])
    return known[1]


cpdef object learned_tool(Seen view, level, str description):
    """The same of the tool's own pattern. ``level`` is that of tools."""
    if view.tool_pattern is None or (level, b"") in view._patterns:
        return learned(view, level, b"", description)
    view._patterns[level, b""] = view.tool_id, view.tool_pattern
    if view._changed is None:
        view._changed = set()
    view._changed.add(view.tool_id)
    return view.tool_pattern


cpdef object learned_rate(Seen view, bytes shared):
    """The record of calls that share this, which is about to change, as ``View.learned_rate``: at once where there is one."""
    cdef object found = view.rate_of(shared)
    if found is None:
        return view.learned_rate(shared)
    if view._changed_rates is None:
        view._changed_rates = set()
    view._changed_rates.add(shared)
    return found


def changed(Seen view not None):
    """The patterns that changed, with their ids."""
    cdef dict patterns
    cdef object pattern
    if view._changed is None:
        return []
    patterns = dict(view._patterns.values())
    return [(key, patterns[key]) for key in view._changed if patterns[key] is not None]


cdef inline int _put(object txn, object table, bytes key, object record) except -1:
    if isinstance(txn, Draft):
        (<Draft>txn).put(table, key, record)
    else:
        txn.put(table, key, record)
    return 0


def save(Seen view not None, txn, rates, patterns):
    """Put what calls share and patterns, as far as they changed, into their tables."""
    cdef dict known
    cdef bytes shared, key
    if view._changed_rates is not None:
        for shared in sorted(view._changed_rates):
            record = view._rates[shared]
            if record is not None:
                _put(txn, rates, view.subject + shared, record)
    if view._changed is not None:
        known = dict(view._patterns.values())
        for key in view._changed:
            record = known[key]
            if record is not None:
                _put(txn, patterns, key, record)


def similar_calls(Seen view not None, made, int most, double half_life, double now, *, bint failed):
    """Count a call for what it looks like, in its scopes, and for its turn.

    ``made`` makes the record of a scope; of more than ``most`` the least recently used are forgotten.
    """
    cdef object record
    cdef tuple scopes = view.scopes_of_call()
    record = learned_rate(view, view.wording_of_call().ending)
    add_one(record.rate, failed, now, half_life, 1.0)
    add_scopes(record.scopes, scopes, made, most, failed, now, half_life, 1.0)
    record = learned_rate(view, view.features.kind)
    add_scopes(record.scopes, scopes, made, most, failed, now, half_life, 1.0)
    if view.session is not None:
        add_one(learned_rate(view, turn(view)).rate, failed, now, half_life, 1.0)


def note_call(bytearray table not None, uint32_t call, long long calls, *, bint failed):
    """The table of calls that worked (``learning/worked_calls.py``) after a call was made, a hash, of a tool that was
    called so many times before. ValueError for a table of which the size is no power of two.
    """
    cdef uint8_t mark = (call >> 20) % 255 + 1
    cdef uint8_t* data
    cdef Py_ssize_t size = len(table), slot
    if not size:
        table = bytearray(_FIRST_SLOTS)
        size = _FIRST_SLOTS
    while size < _MOST_SLOTS and size < calls * _SLOTS_PER_CALL:
        table = table + table
        size *= 2
    if size & (size - 1):
        raise ValueError("a table has a power of two slots")
    data = <uint8_t*><char*>table
    slot = call & <Py_ssize_t>(size - 1)
    if not failed:
        data[slot] = mark
    elif data[slot] == mark:
        data[slot] = 0
    return table
