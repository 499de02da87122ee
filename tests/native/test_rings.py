"""Rings, against lists: entries of two bytes mostly stand inside of others as well, where none begins."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.learning.session import Session
from sidecar.native import rings

from . import plain_learning as plain

_ENTRIES = st.binary(min_size=8, max_size=8).map(lambda some: bytes(byte & 1 for byte in some))


@given(st.lists(_ENTRIES, max_size=64), st.lists(st.integers(0, 255), min_size=80, max_size=80), st.integers(0, 9))
def test_entries_are_found_as_in_a_list(ring: list[bytes], bits: list[int], missing: int) -> None:
    packed, marks = b"".join(ring), bytes(bits[: len(ring) + missing])
    for asked in {*ring[:3], bytes(8), b"\0\1" * 4}:
        at = [place for place, one in enumerate(ring) if one == asked]
        assert rings.places(packed, asked) == at
        assert rings.last(packed, asked + b"more") == (at[-1] if at else -1)
        found = [bool(marks[place + missing] & 4) for place in at]
        assert rings.marked(packed, asked, marks, 4) == (len(found), sum(found), bool(found and found[-1]))


@given(st.binary(max_size=40), st.binary(max_size=12))
def test_parts_of_entries_are_none(packed: bytes, item: bytes) -> None:
    whole = [packed[at : at + 8] for at in range(0, len(packed) - 7, 8)]
    expected = [place for place, one in enumerate(whole) if len(item) >= 8 and one == item[:8]]
    assert rings.places(packed, item) == expected
    assert rings.last(packed, item) == (expected[-1] if expected else -1)
    assert rings.marked(packed, item, b"\1" * len(whole), 1)[0] == len(expected)


def test_an_entry_without_a_mark_is_refused() -> None:
    with pytest.raises(ValueError, match="mark for each"):
        rings.marked(bytes(16), bytes(8), b"\1", 1)


_BYTES = st.binary(max_size=12)
_CALLS = st.tuples(
    _BYTES, _BYTES, _BYTES, _BYTES, st.integers(0, 255), st.floats(-5.0, 1e11), st.floats(-1.0, 9.0), st.integers(1, 70)
)


@given(st.lists(_CALLS, max_size=6))
def test_calls_are_added_and_the_oldest_go(calls: list[Any]) -> None:
    session, same = Session(), Session()
    for fingerprint, kind, template, other, mark, now, cost, times in calls:
        before = deepcopy(session)
        for _ in range(times):
            rings.add(session, fingerprint, kind, template, mark, now)
            rings.add_ending(session, other)
            rings.add_moment(session, other, now, cost)
            plain.add(same, fingerprint, kind, template, mark, now)
            plain.add_ending(same, other)
            plain.add_moment(same, other, now, cost)
        assert session == same != before


def test_what_is_no_session_is_refused() -> None:
    with pytest.raises(TypeError):
        rings.add(object(), b"", b"", b"", 0, 0.0)  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        rings.know(dict)  # type: ignore[arg-type]
    rings.know(Session)
