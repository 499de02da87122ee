cdef class Places:
    cdef object models, sessions, patterns, rates
    cdef bytes overall
    cdef object ids_of, session_key_of, new_model, scopes_of, wording_of


cdef class Seen:
    cdef Places places
    cdef readonly object _source
    # By what calls share; and patterns with their ids, by level and what they cover.
    cdef readonly dict _rates, _patterns
    # What changed, and is new. Only learning adds to them.
    cdef public set _changed, _changed_rates
    cdef public tuple created, created_rates
    cdef public object _known_call
    cdef object worded
    cdef tuple found_scopes
    cdef readonly object call, features
    cdef readonly double now
    cdef readonly bytes subject, tool_id, session_key
    cdef public long long epoch
    cdef readonly str server
    cdef readonly object overall, rate
    cdef public object tool, model, session, spread, tool_pattern, conditions, steps
    cdef public tuple looked_up
    cdef readonly Py_ssize_t seen, run
    cdef readonly double lasting, trust, likeness, p_tool, p_kind, base_tool, base
    cdef public double p_fail

    cpdef object rate_of(self, bytes shared)
    cdef object wording_of_call(self)
    cdef tuple scopes_of_call(self)
