"""Packed tests of conditions; ``tests/learning/test_argument_form.py`` moves them beside whole ones."""

from __future__ import annotations

from struct import Struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.native.form_tests import MOST_CONDITIONS, TEST_BYTES, met_by, observe, singles, untested, untested_alone

from . import plain_learning as plain

_LAYOUT = Struct("<IIfffHH?x")
_CONDITION = st.one_of(st.integers(1, 9), st.integers(1, 2**32 - 1))
_TESTS = st.lists(
    st.builds(
        _LAYOUT.pack,
        _CONDITION,
        st.one_of(st.just(0), _CONDITION),
        st.floats(-50.0, 50.0, width=32),
        st.floats(0.0, 1e4, width=32),
        st.floats(0.0, 1e4, width=32),
        st.integers(0, 65_535),
        st.integers(0, 65_535),
        st.booleans(),
    ),
    max_size=30,
).map(b"".join)


@given(_TESTS, st.sets(_CONDITION, max_size=MOST_CONDITIONS))
def test_a_call_meets_what_has_its_conditions(packed: bytes, conditions: set[int]) -> None:
    rows = enumerate(_LAYOUT.iter_unpack(packed))
    expected = [at for at, (one, other, *_) in rows if one in conditions and (not other or other in conditions)]
    assert met_by(bytearray(packed), conditions) == [place * TEST_BYTES for place in expected]


@given(_TESTS, st.floats(-1.0, 2.0), st.integers(0, 65_535), st.booleans(), st.data())
def test_no_other_test_and_no_other_field_moves(
    packed: bytes, p: float, session: int, failed: bool, data: st.DataObject
) -> None:
    count = len(packed) // TEST_BYTES
    met = data.draw(st.sets(st.sampled_from(range(count)))) if count else set()
    moved = bytearray(packed)
    observe(moved, [place * TEST_BYTES for place in sorted(met)], p, session, failed)
    for place, (before, after) in enumerate(zip(_LAYOUT.iter_unpack(packed), _LAYOUT.iter_unpack(moved), strict=True)):
        if place not in met:
            assert after == before
            continue
        assert (after[:2], after[5:7]) == (before[:2], before[5:7])
        assert after[3] - before[3] == pytest.approx(float(failed), abs=2e-3)
        assert after[4] - before[4] == pytest.approx(float(not failed), abs=2e-3)
        assert after[7] == (before[7] or (failed and session != before[6]))


@given(_TESTS, st.lists(st.tuples(_CONDITION, st.one_of(st.just(0), _CONDITION)), max_size=20), st.data())
def test_what_is_not_tested_yet_is_found(packed: bytes, pairs: list[tuple[int, int]], data: st.DataObject) -> None:
    tests, count = bytearray(packed), len(packed) // TEST_BYTES
    met = data.draw(st.lists(st.sampled_from(range(count)), unique=True)) if count else []
    met = [place * TEST_BYTES for place in met]
    pairs += [row[:2] for row in _LAYOUT.iter_unpack(packed)]
    assert singles(tests, met) == plain.singles(tests, met)
    assert untested(tests, met, pairs) == plain.untested(tests, met, pairs)
    conditions = [first for first, _ in pairs]
    assert untested_alone(tests, met, conditions) == plain.untested(tests, met, [(one, 0) for one in conditions])


def test_what_are_no_tests_is_refused() -> None:
    with pytest.raises(ValueError, match="no whole tests"):
        met_by(bytearray(TEST_BYTES + 1), {1})
    with pytest.raises(ValueError, match="too many"):
        met_by(bytearray(TEST_BYTES), range(1, MOST_CONDITIONS + 2))
    for place in (-1, 1, TEST_BYTES):
        with pytest.raises(IndexError):
            observe(bytearray(TEST_BYTES), [place], 0.5, 1, True)
        with pytest.raises(IndexError):
            singles(bytearray(TEST_BYTES), [place])
        with pytest.raises(IndexError):
            untested(bytearray(TEST_BYTES), [place], [(1, 0)])
    with pytest.raises(OverflowError):
        met_by(bytearray(TEST_BYTES), {2**32})
