"""The packed ring of a session's recent calls, against a plain list."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from sidecar.learning.session import CHANGED, COUNTED_TOOLS, FAILED, RING, SILENT, Session

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
    turns = [
        bool(ring[at][3] & FAILED)
        for number, at in enumerate(places)
        if not number or (ring[at][3] ^ ring[places[number - 1]][3]) & FAILED
    ]
    assert session.episodes(asked) == (turns.count(False), turns.count(True))
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


@given(
    st.lists(st.tuples(st.integers(0, 300), st.sampled_from("abc"), st.booleans()), max_size=150), st.integers(0, 300)
)
def test_it_counts_calls_by_time_and_tool_as_a_list_would(calls: list[tuple[int, str, bool]], since: int) -> None:
    session = Session()
    for at, tool, failed in calls:
        session.add(bytes(8), bytes(8), b"", FAILED if failed else 0, float(at))
        session.remember_moment(tool, tool.encode() * 8, float(at), 0.5, failed=failed)
    ring = calls[-RING:]
    assert session.calls_since(since) == sum(at > since for at, _, _ in ring)
    assert session.calls_since(since, b"a" * 8) == sum(at > since and tool == "a" for at, tool, _ in ring)
    assert session.cost == len(calls) / 2
    for tool in "abc":
        of_tool = [failed for _, name, failed in calls if name == tool]
        assert session.by_tool.get(tool, [0, 0]) == [len(of_tool), sum(of_tool)]
    if calls:
        assert next(reversed(session.by_tool)) == calls[-1][1]


def test_tools_that_were_used_longest_ago_are_forgotten() -> None:
    session = Session()
    for n in range(COUNTED_TOOLS + 3):
        session.remember_moment(f"t{n}", bytes(8), 1.0, 0.0, failed=False)
    assert list(session.by_tool) == [f"t{n}" for n in range(3, COUNTED_TOOLS + 3)]
