"""Conditions on the form of arguments, against plain Python: the same hashes in the same order, and what they say."""

from __future__ import annotations

from struct import pack
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sidecar.native.conditions import CUT_BYTES, MAX_CONDITIONS, add_names, conditions_of, measure, spell

from . import plain, plain_learning

_ALPHABET = "abAZ09_ .,-\n\t'\"(<[ßİé中٣²ǅ\x1c\x85„“\ud800\U0001d7d8"
_TEXTS = st.one_of(
    st.text(alphabet=_ALPHABET, max_size=30),
    st.text(alphabet="aB.-", max_size=26),
    st.text(max_size=12),
    # At the ends of what is read, of what is looked through for digits, and of what is a value.
    st.builds(
        lambda piece, size, end: (piece * size)[:size] + end,
        st.text("ab É", min_size=1, max_size=3),
        st.sampled_from((22, 24, 62, 64, 398, 400, 5_000)),
        st.text("7Aé.", max_size=3),
    ),
)
_NUMBERS = st.one_of(st.integers(), st.floats(allow_nan=False, allow_infinity=False), st.sampled_from((0, -0.0, 3.0)))
_VALUES: st.SearchStrategy[Any] = st.recursive(
    st.one_of(_TEXTS, st.none(), st.booleans(), _NUMBERS),
    lambda inner: st.one_of(st.lists(inner, max_size=9), st.dictionaries(_TEXTS, inner, max_size=4)),
    max_leaves=24,
)


@settings(max_examples=400)
@given(st.dictionaries(_TEXTS, _VALUES, max_size=6), st.lists(_TEXTS, max_size=4))
def test_conditions_are_those_of_plain_python(arguments: dict[str, Any], names: list[str]) -> None:
    expected = plain.conditions_of(arguments, names)
    assert list(conditions_of(arguments, names)) == list(expected)
    for condition, (name, form) in list(expected.items())[::7]:
        assert spell(condition, arguments, names) == (name, form)


_DATES = st.one_of(
    st.datetimes().map(lambda one: one.isoformat()),
    st.dates().map(str),
    st.sampled_from(("0000-01-01", "2024-02-30", "2024-02-29 23:59", "2024-1-01T", "2024-12-31T24:00", "2023-11-14")),
)
_TIMED: st.SearchStrategy[Any] = st.one_of(
    _DATES, st.integers(-5, 5), st.floats(1e8, 5e9), st.integers(10**11, 5 * 10**12), st.lists(_DATES, max_size=3),
    st.dictionaries(st.sampled_from(("a", "b.c")), st.one_of(_DATES, st.integers(-5, 5)), max_size=2),
)  # fmt: skip
_NAMES = st.sampled_from(("from", "to", "o", "o.a", "o.b", "o.b.c", "from.x", "é"))


@settings(max_examples=400)
@given(
    st.dictionaries(_NAMES, _TIMED, max_size=6), st.lists(_NAMES, max_size=6), st.floats(0.0, 4e9),
    st.lists(st.floats(-4.0, 25.0), max_size=9),
)  # fmt: skip
def test_so_are_those_of_dates_orders_inner_names_and_cuts(
    arguments: dict[str, Any], names: list[str], now: float, numbers: list[float]
) -> None:
    hashes = [one for over, under, _ in measure(arguments) for one in (over, under)]
    cuts = dict(zip(hashes, numbers, strict=False))
    packed = b"".join([pack("<Id", *cut) for cut in cuts.items()])
    expected = plain.conditions_of(arguments, names, cuts, now)
    assert list(conditions_of(arguments, names, packed, now)) == list(expected)
    for condition, (name, form) in expected.items():
        assert spell(condition, arguments, names, packed, now) == (name, form)


@settings(max_examples=300)
@given(st.dictionaries(_TEXTS, _VALUES, max_size=10))
def test_numbers_are_those_of_plain_python(arguments: dict[str, Any]) -> None:
    assert measure(arguments) == plain.measured_of(arguments)


@given(
    st.lists(st.dictionaries(_NAMES, st.dictionaries(_NAMES, st.just(1), max_size=4) | st.just(2)), max_size=4),
    st.tuples(*[st.integers(0, 9)] * 3),
)
def test_names_of_arguments_are_added(calls: list[dict[str, Any]], most: tuple[int, int, int]) -> None:
    names: list[str] = []
    same: list[str] = []
    for arguments in calls:
        add_names(names, arguments, *most)
        plain_learning.add_names(same, arguments, *most)
        assert names == same


def test_no_whole_cuts_are_refused() -> None:
    with pytest.raises(ValueError, match="no whole cuts"):
        conditions_of({"a": 1}, (), bytes(CUT_BYTES - 1))


@given(st.integers(0, 40), st.integers(0, 40), st.integers(0, 40))
def test_so_are_those_of_many_values(values: int, inside: int, names: int) -> None:
    arguments: dict[str, Any] = {f"a{number}": f"Text {number} (‘x’)\n7" for number in range(values)}
    arguments["list"] = [{f"b{number}": "on" for number in range(inside)}] * 3
    assert measure(arguments) == plain.measured_of(arguments)
    expected = [f"n{number}" for number in range(names)]
    found = list(conditions_of(arguments, expected))
    assert found == list(plain.conditions_of(arguments, expected))
    assert len(found) < MAX_CONDITIONS + 28


def test_each_character_is_told_apart_as_python_does() -> None:
    for character in [chr(code) for code in range(0x3100)][::3]:
        arguments = {"a": f"{character}b", "c": f"d{character}", character: character}
        assert list(conditions_of(arguments, ())) == list(plain.conditions_of(arguments, ())), ascii(character)


def test_what_the_call_does_not_meet_is_not_spelled() -> None:
    with pytest.raises(KeyError):
        spell(12_345, {"a": "b"}, ["c"])
    with pytest.raises(OverflowError):
        spell(2**32, {"a": "b"}, [])


@pytest.mark.parametrize("wrong", [None, [("a", "b")], {1: "a"}])
def test_what_are_no_arguments_is_refused(wrong: Any) -> None:
    with pytest.raises(TypeError):
        conditions_of(wrong, ())
