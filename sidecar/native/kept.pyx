"""Decoded rows as readers share them, and the look-up that nearly every read comes to (``store/rows.py``)."""


cdef class Kept:
    """A row as readers share it, right for snapshots in ``[since, until)``. ``record`` None: there is no row.

    ``raw`` are its bytes where nobody has decoded it yet: whoever first asks does.
    """

    def __init__(self, record, long long since, long long until, bytes raw=None):
        self.record = record
        self.since = since
        self.until = until
        self.raw = raw

    cpdef object decoded(self, object table, bytes key):
        """The record. CorruptStoreError where it cannot be read."""
        cdef bytes raw = self.raw
        if raw is not None:
            # Two threads may decode it at once: either record is as good.
            self.record = table.decode(key, raw)
            self.raw = None
        return self.record


cdef class Lookup:
    """Finds rows of one snapshot among those that are kept. What is not there its subclass reads (``_read``)."""

    def see(self, dict rows not None, long long snapshot):
        """Look among these rows, by table and key, as of a snapshot."""
        self.rows = rows
        self.snapshot = snapshot

    cpdef object get(self, object table, bytes key):
        """The record, None where there is none; CorruptStoreError where it cannot be read.

        Of a cached table it is shared with other readers: it must not be changed.
        """
        cdef dict rows
        cdef Kept kept
        if table.cached:
            rows = self.rows[table.name]
            found = rows.get(key)
            if found is not None:
                kept = <Kept?>found
                if kept.since <= self.snapshot < kept.until:
                    return kept.decoded(table, key)
        return self._read(table, key)
