"""Names in texts, against plain Python."""

from __future__ import annotations

from itertools import islice
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sidecar.learning.known_names import HIDDEN
from sidecar.native.names import Sought, count_values, names_in, words_in

from . import plain

_TEXTS = st.one_of(
    st.text(alphabet="abAZ09_ .,!?*:-/\n\t'\"`‘’“”()|;=<>{}[]ße\u0301é中٣\x1c\x85\xa0\ud800", max_size=60),
    st.text(max_size=30),
    st.lists(st.sampled_from(["word", "a.b", "/x/yz/", " ", "x" * 61, "y" * 5, "'", "é"]), max_size=60).map("".join),
)
#: Few letters, so that many are a part of another.
_NAMES = st.lists(st.one_of(st.text(alphabet="aAb", max_size=3), st.sampled_from(["é", "aé", "word"])), max_size=60)


@settings(max_examples=400)
@given(_TEXTS, st.integers(0, 40))
def test_names_are_those_of_plain_python(text: str, most: int) -> None:
    assert names_in(text, most) == list(islice(plain.names_in(text), most))


_SHOWN = st.one_of(
    _TEXTS,
    st.builds(lambda text, at: f"{text[:at]}<email:0123abcd>{text[at:]}", _TEXTS, st.integers(0, 60)),
    st.builds(lambda text, many: (f"{text} " * many)[:1_030], _TEXTS, st.just(500)),
)


@settings(max_examples=300)
@given(
    st.lists(
        st.one_of(_SHOWN, st.integers(), st.integers(-120, 120), st.booleans(), st.none(), st.floats()), max_size=6
    ),
    st.integers(0, 40),
)
def test_names_inside_of_values_are_those_of_plain_python(values: list[Any], most: int) -> None:
    assert words_in(values, HIDDEN, most) == plain.words_in(values, HIDDEN, most)


@settings(max_examples=400)
@given(_NAMES, _NAMES, _NAMES, st.sampled_from(("\n", "")))
def test_what_is_no_line_is_unknown(lines: list[str], names: list[str], more: list[str], first: str) -> None:
    known = first + "".join(f"{one}\n" for one in lines)
    sought = Sought(names, more)
    # Many more lines, one that is no ASCII, and one that has no end.
    for text in (known, known + "filling\n" * 600, known + "é\n", known + "aab", known + "\x0b\x0ba\n"):
        assert sought.unknown_in(text, False) == plain.unknown(text, names)
        assert sought.unknown_in(text, True) == plain.unknown(text, names + more)


@given(st.lists(st.text(alphabet="abcdefgh", min_size=1, max_size=11), max_size=200), st.data())
def test_so_are_more_than_are_looked_for_at_once(names: list[str], data: st.DataObject) -> None:
    lines = data.draw(st.lists(st.sampled_from(names or ["none"]), max_size=99))
    known = "\n".join(["", *lines, *[f"{one}x" for one in lines[::3]], ""])
    assert Sought(names, []).unknown_in(known, False) == plain.unknown(known, names)
    assert Sought(names[::2], names[1::2]).unknown_in(known, True) == plain.unknown(known, names[::2] + names[1::2])


@given(
    st.lists(
        st.lists(st.tuples(st.sampled_from("abcd"), st.sampled_from(["1", "2", "true", '"x"', '"y"'])), max_size=8),
        max_size=8,
    ),
    st.integers(1, 4),
    st.integers(1, 4),
)
def test_values_are_counted_and_the_least_counted_give_way(
    calls: list[list[tuple[str, str]]], arguments: int, values: int
) -> None:
    counted: dict[str, dict[str, int]] = {}
    same: dict[str, dict[str, int]] = {}
    for call in calls:
        changed = count_values(counted, call, arguments, values)
        assert changed == plain.count_values(same, call, arguments, values)
        assert [(name, [*found.items()]) for name, found in counted.items()] == [
            (name, [*found.items()]) for name, found in same.items()
        ]


@pytest.mark.parametrize("wrong", [None, b"text", 7])
def test_what_is_no_text_is_refused(wrong: Any) -> None:
    with pytest.raises(TypeError):
        names_in(wrong, 5)
    with pytest.raises(TypeError):
        Sought([wrong], [])
