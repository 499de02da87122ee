"""Forms of texts said in words: the same marks as the wording has, whatever the characters."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sidecar.learning.spelled_forms import beginnings_in_words, forms_in_words
from sidecar.learning.wording import wording_of

_TEXTS = st.one_of(st.text("abAZ09_ .,'\"|-é中٣²ǅß\ud800", max_size=40), st.text(max_size=12))
_ARGUMENTS = st.dictionaries(
    _TEXTS, st.one_of(_TEXTS, st.integers(), st.none(), st.lists(_TEXTS, max_size=3)), max_size=12
)


@settings(max_examples=200)
@given(_ARGUMENTS)
def test_marks_are_those_of_the_wording_in_its_order(arguments: dict[str, Any]) -> None:
    told = list(forms_in_words(arguments))
    assert b"".join(mark for mark, _ in told) == wording_of("t", arguments).forms
    assert all(what for _, what in told)


@given(st.dictionaries(st.text("ab", max_size=3), st.text("abAZ09_ é中²", min_size=1, max_size=9), max_size=6))
def test_beginnings_are_words_of_the_wording(arguments: dict[str, Any]) -> None:
    words = wording_of("t", arguments).words
    known = {words[at : at + 4] for at in range(0, len(words), 4)}
    assert {mark for mark, _ in beginnings_in_words(arguments)} <= known


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("omar_rossi_1241", ["has 8 to 15 characters", "ends with a digit", "has “_”"]),
        ("DONE!", ["has 4 to 7 characters", "ends with “!”", "has “!”"]),
        ("x", ["has one character", "ends with a small letter"]),
        ("", ["has 0 characters", "is empty"]),
    ],
)
def test_what_is_said(text: str, said: list[str]) -> None:
    assert [what for _, what in forms_in_words({"id": text})] == [f"`id` {one}" for one in said]


def test_how_an_argument_begins() -> None:
    found = [what for _, what in beginnings_in_words({"a": "omar", "b": "Omar", "c": "7", "d": "#W1", "e": ""})]
    assert found == [
        "`a` begins with a small letter",
        "`b` begins with a capital letter",
        "`c` begins with a digit",
        "`d` begins with “#”",
    ]
