"""The packed ring of a session's recent calls, against a plain list."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from sidecar.learning.session import CHANGED, FAILED, RING, SILENT, Session, last_aligned

names = st.integers(0, 5).map(lambda n: bytes((n,)) * 8)
entries = st.lists(
    st.tuples(names, names, names, st.sampled_from((FAILED, CHANGED, CHANGED | SILENT, 0))), max_size=150
)


@given(entries, names)
def test_it_answers_as_a_list_would(calls: list[tuple[bytes, bytes, bytes, int]], asked: bytes) -> None:
    session = Session()
    for at, (fingerprint, kind, template, mark) in enumerate(calls):
        session.add(fingerprint, kind, template, mark, float(at))
    ring = calls[-RING:]
    assert len(session) == len(ring)
    places = [at for at, call in enumerate(ring) if call[0] == asked]
    assert session.last_index(asked) == (places[-1] if places else -1)
    of_kind = [call for call in ring if call[1] == asked]
    assert session.of_kind(asked) == (len(of_kind), sum(bool(call[3] & FAILED) for call in of_kind))
    row = 0
    for call in reversed(ring):
        if call[0] == asked:
            if not call[3] & FAILED:
                break
            row += 1
    assert session.failures_in_row(asked) == row
    if places:
        since = {call[1] + (b"s" if call[3] & SILENT else b"") for call in ring[places[-1] + 1 :] if call[3] & CHANGED}
        assert session.changes_since(places[-1]) == since
    assert session.failures + session.successes == len(calls)


def test_an_entry_is_only_found_where_entries_begin() -> None:
    assert last_aligned(b"\x00" * 4 + b"\x01" * 8 + b"\x00" * 4, b"\x01" * 8) == -1
    assert last_aligned(b"\x01" * 8 + b"\x00" * 8, b"\x01" * 8) == 0
