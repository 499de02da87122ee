"""What a call is written with, against plain Python: to the bit, whatever the characters."""

from __future__ import annotations

from hashlib import blake2b
from itertools import takewhile
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sidecar.native.quotes import quoting
from sidecar.native.words import (
    FORM_ARGUMENTS,
    LAST_WORDS,
    MAX_WORDS,
    PUNCTUATION,
    alike_until,
    ends,
    last_words,
    read,
    spell,
    worded,
)

from . import plain

#: Letters, digits, spaces and brackets of all sorts, what grows when it is made lower case, and what UTF-8 cannot hold.
_ALPHABET = "abAZ09_ .,!?-\n\t'\"`()|:;&=<>{}[]ßİªé中٣Σςᲈ\x1c\x85\xa0„“\ud800\U0001d7d8ǅ"
_TEXTS = st.one_of(
    st.text(alphabet=_ALPHABET, max_size=40),
    st.text(alphabet=_ALPHABET[:34], max_size=40),
    st.text(max_size=20),
    st.builds(
        lambda piece, size: (piece * size)[:size], st.text("abc .é", min_size=1, max_size=7), st.integers(590, 610)
    ),
    st.builds(lambda size, end: "x" * size + end, st.integers(115, 370), st.sampled_from(("", ".", " y"))),
)
_VALUES: st.SearchStrategy[Any] = st.recursive(
    st.one_of(_TEXTS, st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False)),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(_TEXTS, inner, max_size=3)),
    max_leaves=8,
)
_ARGUMENTS = st.dictionaries(_TEXTS, _VALUES, max_size=6)


@settings(max_examples=200)
@given(_ARGUMENTS)
def test_words_and_forms_are_those_of_plain_python(arguments: dict[str, Any]) -> None:
    longest, words, forms = read(arguments)
    assert longest == plain.longest_of(arguments)
    assert plain.unpacked(words) == plain.words_of(arguments)
    assert plain.unpacked(forms) == plain.forms_of(arguments)
    assert last_words(arguments) == plain.last_words(arguments)


@given(_TEXTS, _TEXTS, _TEXTS)
def test_texts_begin_with_so_much_in_common(start: str, one: str, other: str) -> None:
    one, other = start + one, start + other
    assert alike_until(one, other) == sum(
        1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False))
    )


@given(st.lists(st.text(alphabet="abcdef/._-", min_size=1, max_size=9), max_size=200), st.integers(1, 40))
def test_so_are_many_words_in_many_arguments(words: list[str], arguments: int) -> None:
    texts = {f"a{number}": " ".join(words[number::arguments]) for number in range(arguments)}
    _, found, forms = read(texts)
    assert plain.unpacked(found) == plain.words_of(texts)
    assert plain.unpacked(forms) == plain.forms_of(texts)
    assert len(found) <= 4 * MAX_WORDS
    assert last_words(texts) == plain.last_words(texts)
    assert len(last_words(texts)) <= 2 * LAST_WORDS
    assert len(forms) <= 4 * FORM_ARGUMENTS * (2 + PUNCTUATION)


def test_no_character_that_is_no_letter_is_taken_for_one() -> None:
    for character in [chr(code) for code in range(0x3100)][::3]:
        arguments = {"a": f"one{character}two {character} {character}{character}", character: f"{character}x."}
        _, words, forms = read(arguments)
        assert plain.unpacked(words) == plain.words_of(arguments), ascii(character)
        assert plain.unpacked(forms) == plain.forms_of(arguments), ascii(character)
        assert last_words(arguments) == plain.last_words(arguments), ascii(character)


@settings(max_examples=200)
@given(_ARGUMENTS, st.integers(1, 5))
def test_words_are_spelled_as_they_stand(arguments: dict[str, Any], step: int) -> None:
    words = read(arguments)[1]
    some = [words[at : at + 4] for at in range(0, len(words), 4 * step)] + [b"none"]
    expected = plain.spellings_of([int.from_bytes(word) for word in some], arguments)
    assert {int.from_bytes(word): text for word, text in spell(some, arguments).items()} == expected


def test_what_is_no_word_is_refused() -> None:
    assert spell((), {"a": "text"}) == {}
    with pytest.raises(ValueError, match="four bytes"):
        spell((b"abc",), {"a": "text"})
    with pytest.raises(TypeError):
        spell((1,), {"a": "text"})  # type: ignore[arg-type]
    assert len(spell([read({"a": "text"})[1][4:]] * 100, {"a": "text"})) == 1


@settings(max_examples=300)
@given(
    st.one_of(
        _TEXTS,
        st.lists(
            st.sampled_from(["run", "A=1", "_b٣=", "٣c=x", "=", "&", "&&", "|", ";", " ", "\n", "-x", "é=", "\x1f"]),
            max_size=40,
        ).map("".join),
        st.lists(st.sampled_from(["run ", "A=1 ", "&&", "| ", "; ", "--x.y "]), min_size=100, max_size=260).map(
            "".join
        ),
    )
)
def test_steps_are_parted_as_plain_python_does(text: str) -> None:
    assert ends(text) == plain.ends_of(text)


def test_large_arguments_are_read_in_part() -> None:
    arguments = {"a": "x y" * 400_000, "b": [["deep"]] * 20_000, "c": {str(number): "v" for number in range(10_000)}}
    longest, words, _ = read(arguments)
    assert longest == arguments["a"]
    assert plain.unpacked(words) == plain.words_of(arguments)
    inner: Any = "bottom"
    for _ in range(5_000):  # deeper than arguments may be
        inner = [inner]
    assert read({"a": inner})[0] == "bottom"


@pytest.mark.parametrize("wrong", [None, [], "text", {1: "no name"}, {b"a": "b"}])
def test_what_is_no_object_is_refused(wrong: Any) -> None:
    with pytest.raises(TypeError):
        read(wrong)


@given(st.sampled_from(("a_tool", "größe\ud800")), _ARGUMENTS)
def test_calls_that_open_and_end_alike_have_one_hash(tool: str, arguments: dict[str, Any]) -> None:
    longest, words, forms = read(arguments)
    first, stem, last_first, last_stem = ends(longest)
    names = "\0".join(sorted(arguments))

    def hashed(side: str, *texts: str) -> bytes:
        text = "\0".join((tool, side, names, *texts))
        return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest()

    for _ in range(2):  # made, and then remembered
        assert worded(tool, arguments) == (
            hashed("opening", first, stem), hashed("ending", last_first, last_stem), words, forms, quoting(longest)
        )  # fmt: skip
