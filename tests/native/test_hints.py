"""Hints of secrets, against plain Python that looks for one literal after the other."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from sidecar.native import hints as kernel
from sidecar.native.hints import ALONE, CLEAN, UNKNOWN_NAME, UNSURE, Hints

from . import plain_capture as plain

_BITS = st.integers(0, 11).map(lambda bit: 1 << bit)
#: Few letters, so that one literal ends in or goes through another.
_LITERALS = st.lists(st.tuples(st.text("abAB@=-k", min_size=1, max_size=4).map(str.encode), _BITS), max_size=12)
_PARTS = st.sampled_from(
    ["ab", "k", "@", "=", ":", "-", " ", "\\n", "\\\\", "\n", '"', "'", "é", "ſ", "x" * 16, "x" * 64, "ab-" * 12,
     "12", "1234", "+4",
     "(555)", "GB82", "A", "/", ".", "123-45-6789", "0" * 9, "%", "~", "]", "\ud800"]
)  # fmt: skip
_TEXTS = st.lists(_PARTS, max_size=24).map("".join) | st.text(max_size=40)


@settings(max_examples=1500)
@given(_LITERALS, _TEXTS)
@example([(b"ab", kernel.FIRST), (b"-k", kernel.FIRSTS_OTHER)], "ab -k")
@example([(b"b", kernel.ASSIGNED)], "ab" + "x" * 40 + " \\n:")
@example([(b"b", kernel.ASSIGNED)], "-" + "x" * 64 + "b y")
def test_a_text_is_told_as_plain_python_does(literals: list[tuple[bytes, int]], text: str) -> None:
    assert Hints(literals).absent(text) == plain.absent(literals, text)


@settings(max_examples=300)
@given(st.text("0123456789 -+()./AGB:x", max_size=60))
@example("x" * 7 + "+49 170 12" + "x" * 9)
def test_numbers_are_told_as_plain_python_does(text: str) -> None:
    assert Hints([]).absent(text) == plain.absent([], text)


@pytest.mark.parametrize("size", range(40))
def test_a_number_is_seen_wherever_it_stands(size: int) -> None:
    for number in (
        "4111 1111 1111 1111",
        "41111111111111",
        "123-45-6789",
        "+49170123",
        "(415) 555-2671",
        "GB82WEST1234",
    ):
        assert not Hints([]).absent("x" * size + number + "y" * size)


def test_objects_are_looked_through() -> None:
    look, names = Hints([(b"bad", ALONE)]), {"a", "b"}
    deep: Any = "x"
    for _ in range(17):
        deep = [deep]
    value: Any
    for value in (
        "good",
        None,
        True,
        1.5,
        10**12 - 1,
        -(10**12) + 1,
        [],
        {},
        {"b": [{"a": "x"}]},
        ["x", "-p"],
        ["-1", 2],
    ):
        assert look.absent_in({"a": value}, names) == CLEAN
    for value in ("BAD", 10**12, -(10**12), 2**64, ["x", "bad"], ["-p", "x"], {"b": {"a": "bad"}}, deep, ("x",), b"x"):
        assert look.absent_in({"a": value}, names) == UNSURE
    for arguments in ({"c": 1}, {"a": {"c": 1}}, {"a": [{"c": 1}]}, {1: 1}):
        assert look.absent_in(arguments, names) == UNKNOWN_NAME  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "literals", [[(b"", 1)], [("é".encode(), 1)], [(b"a", 0)], [(b"a", 4096)], [(b"%d" % n, 1) for n in range(5_000)]]
)
def test_what_is_no_literal_is_refused(literals: list[tuple[bytes, int]]) -> None:
    with pytest.raises(ValueError, match="literal"):
        Hints(literals)


@pytest.mark.parametrize("wrong", [None, b"text", 7])
def test_what_is_no_text_is_refused(wrong: Any) -> None:
    look = Hints([(b"a", ALONE)])
    with pytest.raises(TypeError):
        look.absent(wrong)
    with pytest.raises(TypeError):
        look.absent_in(wrong, set())
    with pytest.raises(TypeError):
        look.absent_in({}, wrong)
