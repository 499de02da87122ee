"""What errors name, against plain Python."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from sidecar.model.call import JSON
from sidecar.native.objections import ERROR_CHARS, quoted, runs_in, texts_of, words_in_both

from . import plain_capture as plain

_MARKS = "'\"`[]‘’“”<>(){},;=|.:!?* \n\t_-/#é٣\u0301\ud800ßab"
_PARTS = st.sampled_from(
    [
        "word",
        "foo.bar",
        "/etc/x.y",
        "<email:12345678>",
        "<ab:0123abcg>",
        "x" * 119,
        "y" * 121,
        "'s",
        "don't",
        "1a",
        "'abc",
    ]
)
_TEXTS = st.one_of(
    st.text(alphabet=_MARKS, max_size=60), st.lists(_PARTS | st.sampled_from(_MARKS), max_size=20).map("".join)
)


@settings(max_examples=600)
@given(_TEXTS, _TEXTS)
def test_what_stands_in_both_is_what_plain_python_finds(error: str, text: str) -> None:
    for other in (text, error, f"{text} {error}"):
        assert words_in_both(error, other) == plain.words_in_both(error, other)
        assert runs_in(error, other) == plain.runs_in(error, other)


@settings(max_examples=600)
@given(_TEXTS)
@example("'it's' 'abc'd' 'ab'")
@example(f"'{'x' * 120}' \"{'x' * 121}\" [{'x' * 120}]")
def test_what_is_quoted_is_what_plain_python_finds(error: str) -> None:
    assert quoted(error) == plain.quoted(error)


def test_as_many_words_as_there_can_be() -> None:
    words = [f"{number:03x}" for number in range(ERROR_CHARS // 4)]
    error = " ".join(words)
    assert words_in_both(error, error) == set(words)
    assert words_in_both(error, "zzz 00f 00f") == {"00f"}
    with pytest.raises(ValueError, match="too long"):
        words_in_both("a" * (ERROR_CHARS + 1), "")


@pytest.mark.parametrize("wrong", [None, b"text", 7])
def test_what_is_no_text_is_refused(wrong: Any) -> None:
    for look in (words_in_both, runs_in):
        with pytest.raises(TypeError):
            look(wrong, "")
        with pytest.raises(TypeError):
            look("a.b", wrong)
    with pytest.raises(TypeError):
        quoted(wrong)


_JSON: st.SearchStrategy[JSON] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner, max_size=4),
    max_leaves=20,
)


@given(st.lists(_JSON, max_size=5))
def test_texts_are_what_plain_python_finds(values: list[JSON]) -> None:
    assert texts_of(values) == plain.texts_of(values)


def test_texts_lie_as_deep_as_they_like() -> None:
    deep: JSON = "bottom"
    for number in range(100_000):
        deep = [deep] if number % 2 else {"in": deep}
    assert texts_of([deep]) == ["bottom"]
    while isinstance(deep, dict | list):  # its end would be as deep, and Python's own
        deep = deep["in"] if isinstance(deep, dict) else deep[0]
