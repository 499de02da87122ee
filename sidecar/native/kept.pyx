"""Decoded rows as readers share them, as the writer works on them, and the look-ups that nearly every read and every
change comes to (``store/rows.py``)."""


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


cdef class Rows:
    """Where records are found by table and key."""

    cpdef object get(self, object table, bytes key):
        """The record, None where there is none."""
        raise NotImplementedError


cdef class Lookup(Rows):
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


cdef class Row:
    """A row that the writer works on. ``record`` is None, and ``stored`` False, where there is none in the file.

    ``dirty``: the record has to be encoded before the commit.
    """

    def __init__(self, table, bytes key not None, record, *, bint stored):
        self.table, self.key, self.record, self.stored = table, key, record, stored
        self.dirty = False


cdef class Draft(Rows):
    """What jobs of one commit see and change of cached tables; of others its subclass knows: ``_get_plain`` and
    ``_put_plain``; and what is to be done where there are too many rows: ``_begin_anew``."""

    def begin(self, dict rows not None, stored, dict handles not None, Py_ssize_t limit):
        """Work on these rows, by table and key. They stay the caller's. At most ``limit`` of a table are kept.

        ``stored`` gives the bytes of what is in the file: for a key, what to give where there is none, and a handle.
        """
        self._rows, self._stored, self._handles, self._limit = rows, stored, handles, limit
        self._dirty, self._fresh = {}, {}
        self.writes = 0

    cdef Row _read(self, object table, bytes key, object name, dict known):
        """A row that was not read yet. CorruptStoreError where it cannot be."""
        cdef Row row = Row.__new__(Row)
        cdef object raw = self._stored(key, None, self._handles[name])
        row.table, row.key = table, key
        if raw is not None:
            row.record = table.decode(key, raw)
            row.stored = True
        if len(known) >= self._limit:
            self._begin_anew(table, known)
        known[key] = row
        return row

    cpdef object get(self, object table, bytes key):
        """The record, None where there is none; CorruptStoreError where it cannot be read."""
        cdef dict known
        cdef object name
        if not table.cached:
            return self._get_plain(table, key)
        name = table.name
        known = self._rows[name]
        found = known.get(key)
        if found is None:
            found = self._read(table, key, name, known)
        return (<Row?>found).record

    cpdef object put(self, object table, bytes key, object value):
        """Write a record, over any other under that key. Keys are 1–511 bytes.

        A record of a cached table belongs to the store from then on. It is encoded later: what cannot be makes the
        commit fail, with this job where it was alone in it.
        """
        cdef Row row
        cdef dict known
        if not table.cached:
            self._put_plain(table, key, value)
            return
        self.writes += 1
        name = table.name
        known = self._rows[name]
        found = known.get(key)
        if found is None:
            found = self._read(table, key, name, known)
        row = <Row?>found
        row.record, row.table = value, table
        if row.dirty:
            return
        row.dirty = True
        dirty = self._dirty.get(name)
        if dirty is None:
            dirty = self._dirty[name] = []
        (<list?>dirty).append(row)
        if not row.stored:
            self._fresh[name] = self._fresh.get(name, 0) + 1
