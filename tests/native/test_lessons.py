"""What learning does for every call, against the view's own methods and plain Python."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.learning.half_life import PERMANENT_HALF_LIFE
from sidecar.learning.scopes import count_scopes
from sidecar.learning.tables import RATES
from sidecar.learning.view import View, places_of
from sidecar.learning.wording import Wordings
from sidecar.model.counted import Counted
from sidecar.model.pattern import MAX_SCOPES
from sidecar.model.vocabulary import Level
from sidecar.native import lessons
from sidecar.native.proposals import turn
from sidecar.store.tables import PATTERNS

from . import plain_learning as plain
from .views import drawn_view


def _twice(data: st.DataObject) -> tuple[View, View]:
    """Two views of the same."""
    drawn = drawn_view(data)
    one, other = [
        View(deepcopy(drawn._source), drawn.call, drawn.features, None, places_of([0.0] * 40, Wordings()))
        for _ in range(2)
    ]
    return one, other


class _Written(list[tuple[bytes, Any]]):
    def put(self, _table: Any, key: bytes, value: Any) -> None:
        self.append((key, value))


def _saved(view: View) -> list[tuple[bytes, Any]]:
    written = _Written()
    lessons.save(view, written, RATES, PATTERNS)
    return list(written)


_COVERS = st.sampled_from((b"", b"12345678", b"87654321"))
_LEVELS = st.sampled_from((Level.CALL, Level.ERROR, Level.TOOL))


@given(st.data())
def test_what_changes_is_marked_as_the_view_does(data: st.DataObject) -> None:
    one, other = _twice(data)
    for level, covers in data.draw(st.lists(st.tuples(_LEVELS, _COVERS), max_size=6)):
        if data.draw(st.booleans()):
            assert one.pattern(level, covers) == other.pattern(level, covers)
        assert lessons.learned(one, level, covers, "said") == other.learned(level, covers, "said")
    for _ in range(data.draw(st.integers(0, 2))):
        assert lessons.learned_tool(one, Level.TOOL, "any") == other.learned(Level.TOOL, b"", "any")
    for shared in data.draw(st.lists(st.sampled_from((b"12345678", b"word", b"more")), max_size=4)):
        assert lessons.learned_rate(one, shared) == other.learned_rate(shared)
    assert lessons.changed(one) == other.changed()
    assert _saved(one) == [*other.changed_rates(), *other.changed()]
    assert (one.created, one.created_rates) == (other.created, other.created_rates)


@given(st.data(), st.booleans())
def test_a_call_is_counted_for_what_it_looks_like(data: st.DataObject, failed: bool) -> None:
    one, other = _twice(data)
    lessons.similar_calls(one, Counted, MAX_SCOPES, PERMANENT_HALF_LIFE, one.now, failed=failed)
    ending = other.learned_rate(other.wording.ending)
    ending.rate.add(failed, other.now, PERMANENT_HALF_LIFE)
    count_scopes(ending.scopes, other.scopes, failed, other.now, PERMANENT_HALF_LIFE)
    kind = other.learned_rate(other.features.kind)
    count_scopes(kind.scopes, other.scopes, failed, other.now, PERMANENT_HALF_LIFE)
    if other.session is not None:
        other.learned_rate(turn(other)).rate.add(failed, other.now, PERMANENT_HALF_LIFE)
    assert repr(_saved(one)) == repr(other.changed_rates())  # scopes in the same order, too


@given(st.lists(st.tuples(st.integers(0, 2**32 - 1), st.integers(0, 600), st.booleans()), max_size=20))
def test_calls_that_worked_are_noted(calls: list[tuple[int, int, bool]]) -> None:
    table, same = bytearray(), bytearray()
    for call, number, failed in [*calls, *calls]:
        table = lessons.note_call(table, call, number, failed=failed)
        same = plain.note_call(same, call, number, failed=failed)
        assert table == same


def test_a_table_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="power of two"):
        lessons.note_call(bytearray(3_000), 7, 0, failed=True)
