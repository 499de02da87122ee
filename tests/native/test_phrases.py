"""Sums, steps and counts over tables, against plain Python; tables that cannot be used are refused, not read over."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.native import phrases

from . import plain

_MARKS = st.lists(st.binary(min_size=4, max_size=4), max_size=30).map(b"".join)
_SCOPES = st.lists(st.tuples(st.text(max_size=3), st.binary(min_size=8, max_size=8)), max_size=8).map(tuple)
_SLOTS = st.sampled_from((256, 1_024, 4_096))


def _pair(size: int) -> tuple[bytearray, bytearray]:
    return bytearray(size), bytearray(size)


_CALLS = st.lists(st.tuples(_MARKS, _SCOPES, _MARKS, st.floats(-1.0, 1.0), st.integers(0, 15)), max_size=12)


@given(_SLOTS, _CALLS, st.randoms(use_true_random=False))
def test_sums_and_steps_are_those_of_plain_python(slots: int, calls: list[Any], chance: Any) -> None:
    tables, same = _pair(slots * 4), _pair(slots * 4)
    for words, scopes, forms, error, quoting in calls:
        phrases.descend(*tables, words, scopes, forms, error, quoting)
        plain.descend(*same, words, scopes, forms, error, quoting)
        assert tables == same
    for words, scopes, forms, _, quoting in calls:
        whole = phrases.weigh(tables[0], words, scopes, forms, quoting)
        assert whole == plain.weigh(tables[0], words, scopes, forms, quoting)
        each = phrases.weigh_each(tables[0], words, scopes, quoting)
        assert each == pytest.approx(plain.weigh_each(tables[0], words, scopes, quoting), abs=1e-9)
        told = sorted((-one, words[4 * at : 4 * at + 4]) for at, one in enumerate(each) if one >= 0.01)
        assert phrases.worst(tables[0], words, scopes, quoting, 0.01) == [word for _, word in told]


@given(st.binary(min_size=4, max_size=4), st.integers(1, 15), st.integers(1, 15))
def test_a_word_beside_what_is_quoted_is_another_mark(word: bytes, quoting: int, other: int) -> None:
    tables = _pair(4_096 * 4)
    phrases.descend(*tables, word, (), b"", -1.0, quoting)
    plainly = phrases.weigh(tables[0], word, (), b"")
    assert 0.0 < plainly < phrases.weigh(tables[0], word, (), b"", quoting)
    marks = [(plain.beside(one) * int.from_bytes(word) >> 16) % 4_096 for one in (quoting, other)]
    if marks[0] != marks[1] and marks[1] != int.from_bytes(word) % 4_096:
        assert phrases.weigh(tables[0], word, (), b"", other) < phrases.weigh(tables[0], word, (), b"", quoting)


@given(_SLOTS, st.lists(st.tuples(_MARKS, st.booleans()), max_size=12), st.integers(1, 90), st.floats(0.01, 1.99))
def test_counts_are_those_of_plain_python(slots: int, calls: list[Any], times: int, prior: float) -> None:
    tables, same = _pair(slots), _pair(slots)
    for words, failed in calls * times:
        phrases.count(*tables, words, failed)
        plain.count(*same, words, failed)
    assert tables == same
    for words, _ in calls:
        rate = plain.rate(*same, words, prior, 2.0 - prior)
        found = phrases.rate(*tables, words, prior, 2.0 - prior)
        assert (found is None) == (rate is None)
        if rate is not None:
            assert found == pytest.approx(rate, abs=1e-9)


@given(st.sampled_from((64, 1_024)), st.lists(st.tuples(_MARKS, st.booleans()), max_size=12))
def test_bits_are_those_of_plain_python(size: int, calls: list[Any]) -> None:
    tables, same = _pair(size), _pair(size)
    for words, note in calls:
        assert phrases.new(*tables, words, note) == plain.new(*same, words, note)
        assert tables == same
        unseen = [mark.to_bytes(4, "big") for mark in plain.unseen(same[0], plain.unpacked(words))]
        assert phrases.standing(tables[0], words, False, 100) == unseen
        assert phrases.standing(bytes(tables[0]), words, False, 3) == unseen[:3]
        every = phrases.standing(tables[0], words, True, 100) + unseen
        assert sorted(every) == sorted(words[at : at + 4] for at in range(0, len(words), 4))


@pytest.mark.parametrize("size", [0, 3, 12, 1_020])
def test_a_table_of_another_size_is_refused(size: int) -> None:
    good, wrong, words = bytearray(1_024), bytearray(size), b"\xff" * 8
    with pytest.raises(ValueError, match=r"power of two|as many"):
        phrases.descend(wrong, wrong, words, (), b"", 0.5)
    with pytest.raises(ValueError, match=r"power of two|as many"):
        phrases.descend(good, wrong, words, (), b"", 0.5)
    with pytest.raises(ValueError, match=r"power of two|as many"):
        phrases.count(good, wrong, words, False)
    with pytest.raises(ValueError, match=r"power of two|as many"):
        phrases.rate(good, wrong, words, 1.0, 1.0)
    with pytest.raises(ValueError, match="power of two"):
        phrases.new(good, wrong, words, True)
    with pytest.raises(ValueError, match="power of two"):
        phrases.standing(wrong, words, True, 5)
    if size:
        with pytest.raises(ValueError, match="power of two"):
            phrases.weigh(wrong, words, (), b"")
    assert good == bytearray(1_024)


@given(st.binary(max_size=300), st.binary(max_size=2_000), st.integers(0, 40), st.integers(4, 20))
def test_whatever_is_given_is_taken_as_far_as_it_goes(words: bytes, forms: bytes, scopes: int, width: int) -> None:
    """Odd bytes, hundreds of forms, dozens of scopes: bounded, and as many marks as there is room for."""
    places = tuple((str(number), bytes([number] * width)) for number in range(scopes))
    weights, squares = bytearray(1_024), bytearray(1_024)
    phrases.descend(weights, squares, words, places, forms, 0.5)
    words, forms = words[: len(words) // 4 * 4], forms[: min(len(forms) // 4, 224) * 4]
    same = _pair(1_024)
    plain.descend(*same, words, places[:8], forms, 0.5)
    assert (weights, squares) == same


def test_a_scope_that_is_too_short_is_refused() -> None:
    with pytest.raises(ValueError, match="four bytes"):
        phrases.weigh(bytearray(1_024), b"\0" * 4, (("key", b"abc"),), b"")
    with pytest.raises(TypeError):
        phrases.weigh(bytearray(1_024), b"\0" * 4, (("key", "text"),), b"")  # type: ignore[arg-type]
