"""A call with what is read for every judgement of it (``learning/view.py``)."""

from sidecar.native.kept cimport Rows
from sidecar.native.odds cimport log_odds, mean_of
from sidecar.native.rings cimport last_of

cdef object _UNREAD = object()

# What is assumed of a tool that was never called: a tenth of calls fail.
cdef double _base_rate = 0.1
cdef double _strength_tool = 10.0
cdef double _strength_kind = 4.0
# Calls of a tool after which likeness between its calls counts for half.
cdef double _half_known = 10.0

BASE_RATE, STRENGTH_TOOL, STRENGTH_KIND, HALF_KNOWN = _base_rate, _strength_tool, _strength_kind, _half_known

cdef enum:
    _FAILED = 0x01


cdef class Places:
    """Where records are found: tables, the key of what is learned of all tools, and how keys are made."""

    def __init__(
        self, models, sessions, patterns, rates, bytes overall not None,
        *, ids_of, session_key_of, new_model, scopes_of, wording_of,
    ):
        """``ids_of`` gives a tool's subject key and the id of its pattern, ``new_model`` a model of all tools."""
        self.models, self.sessions, self.patterns, self.rates = models, sessions, patterns, rates
        self.overall = overall
        self.ids_of, self.session_key_of = ids_of, session_key_of
        self.new_model = new_model
        self.scopes_of, self.wording_of = scopes_of, wording_of


cdef inline object _find(object source, object table, bytes key):
    if isinstance(source, Rows):
        return (<Rows>source).get(table, key)
    return source.get(table, key)


cdef Py_ssize_t _failed_last(bytes marks) except -1:
    """How many calls in a row failed, up to now."""
    cdef Py_ssize_t size = len(marks), at = size
    cdef const unsigned char* data = marks
    while at and data[at - 1] & _FAILED:
        at -= 1
    return size - at


cdef class Seen:
    """See the module."""

    def __init__(self, source, call, features, tool, Places places not None):
        cdef double successes = 0.0, failures = 0.0
        cdef object rate
        self.places, self._source = places, source
        self.call, self.features, self.tool = call, features, tool
        self.now = call.time
        self._rates, self._patterns = {}, {}
        self.created = self.created_rates = ()
        self.subject, self.tool_id = places.ids_of(call.tool)
        self.server = call.server
        if tool is not None:
            self.epoch = tool.epoch
            self.server = self.server or tool.descriptor.server
        self.overall = _find(source, places.models, places.overall)
        if self.overall is None:
            self.overall = places.new_model()
        self.model = _find(source, places.models, self.subject)
        self.session_key = b""
        self.seen = -1
        if call.session_id:
            self.session_key = places.session_key_of(call.session_id)
            self.session = _find(source, places.sessions, self.session_key)
            if self.session is not None:
                self.seen = last_of(self.session.fingerprints, features.fingerprint)
                self.run = _failed_last(self.session.marks)
        self.rate = self.rate_of(features.kind)
        self.tool_pattern = _find(source, places.patterns, self.tool_id)
        if self.tool_pattern is not None:
            rate = self.tool_pattern.rate
            successes, failures = rate.successes, rate.failures
            self.p_tool = (failures + _strength_tool * _base_rate) / (successes + failures + _strength_tool)
        else:
            self.p_tool = _base_rate
        self.p_kind = self.p_tool if self.rate is None else mean_of(self.rate.rate, self.p_tool, _strength_kind)
        self.lasting = 1.0 if self.model is None else self.model.lasting_share
        self.trust = (successes + failures) / (successes + failures + _half_known)
        self.likeness = self.lasting * self.trust
        self.base_tool = log_odds(self.p_tool)
        self.base = log_odds(self.p_kind)

    cpdef object rate_of(self, bytes shared):
        """The record of the tool's calls that share this with the call, loaded once."""
        found = self._rates.get(shared, _UNREAD)
        if found is _UNREAD:
            found = self._rates[shared] = _find(self._source, self.places.rates, self.subject + shared)
        return found

    cdef object wording_of_call(self):
        if self.worded is None:
            self.worded = self.places.wording_of(
                self.call, self.features, self.tool.descriptor.volatile_arguments if self.tool is not None else ()
            )
        return self.worded

    @property
    def wording(self):
        """The words of the call, and its form."""
        return self.wording_of_call()

    cdef tuple scopes_of_call(self):
        if self.found_scopes is None:
            self.found_scopes = self.places.scopes_of(self.features.context)
        return self.found_scopes

    @property
    def scopes(self):
        """The scopes that the call is made in."""
        return self.scopes_of_call()
