"""Ids that sort by the time they were made (``sidecar/clock.py``)."""

from libc.stdint cimport uint64_t


cdef class Stems:
    """The first 8 bytes of ids: 6 of milliseconds, 2 of a counter. Rise within one millisecond, and when time steps back.

    Thread-safe: between the reading and the writing of the last one, the interpreter's lock is not let go.
    """

    cdef uint64_t last

    def id_at(self, double seconds, uint64_t rest):
        """The next id, 16 bytes; ``rest`` are its last 8. OverflowError for times that are none."""
        cdef uint64_t stem
        cdef unsigned char[16] packed
        cdef int i
        if not 0.0 <= seconds < 2.8e11:
            raise OverflowError("not a time")
        stem = <uint64_t>(seconds * 1000.0) << 16
        if stem <= self.last:
            stem = self.last + 1
        self.last = stem
        for i in range(8):
            packed[7 - i] = (stem >> (8 * i)) & 0xFF
            packed[15 - i] = (rest >> (8 * i)) & 0xFF
        return packed[:16]
