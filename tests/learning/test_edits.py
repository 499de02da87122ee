"""Edits: what makes one call of another, and the same done to a third."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from rapidfuzz import fuzz

from sidecar.learning.edits import FORMS, KINDS, PART_CHARS, applied, difference, leaves, swapped, told
from sidecar.model.pattern import Edit

FORM_CASES: list[tuple[dict[str, Any], dict[str, Any], str, dict[str, Any], dict[str, Any]]] = [
    ({"id": "W1"}, {"id": "#W1"}, "add a leading “#” to id", {"id": "X9"}, {"id": "#X9"}),
    ({"q": '"a b"'}, {"q": "a b"}, 'leave out the “"” and “"” around q', {"q": '"c"'}, {"q": "c"}),
    ({"p": "a"}, {"p": "a/"}, "add “/” at the end of p", {"p": "b c"}, {"p": "b c/"}),
    ({"p": "a;"}, {"p": "a"}, "leave out the “;” at the end of p", {"p": "b;"}, {"p": "b"}),
    ({"p": "./a"}, {"p": "a"}, "leave out the leading “./” of p", {"p": "./b"}, {"p": "b"}),
    ({"p": "a"}, {"p": "`a`"}, "put p between “`” and “`”", {"p": "b"}, {"p": "`b`"}),
    ({"a": 1}, {"a": 1, "n": 5}, "add n, for example 5", {"a": 2}, {"a": 2, "n": 5}),
    ({"a": 1, "n": 5}, {"a": 1}, "leave out n", {"a": 2, "n": 7}, {"a": 2}),
]


@pytest.mark.parametrize(("before", "after", "words", "third", "changed"), FORM_CASES)
def test_an_edit_of_form_is_made_to_another_call(
    before: dict[str, Any], after: dict[str, Any], words: str, third: dict[str, Any], changed: dict[str, Any]
) -> None:
    edit = difference(before, after)
    assert edit is not None
    assert edit.kind in FORMS
    assert told(edit) == words
    assert applied(edit, third) == changed
    assert applied(edit, after) is None, "it has been made already"


def test_a_name_is_replaced_wherever_it_stands_as_a_word() -> None:
    before = {"sql": "select flight.id from flight where x in (select y from flights2)"}
    after = {"sql": "select flights.id from flights where x in (select y from flights2)"}
    edit = difference(before, after)
    assert edit == Edit("swap", "sql", "flight", "flights")
    assert applied(edit, {"sql": "SELECT n FROM Flight"}) == {"sql": "SELECT n FROM flights"}
    assert applied(edit, {"sql": "select n from inflight"}) is None


def test_values_inside_lists_have_paths() -> None:
    before: dict[str, Any] = {"pay": [{"id": "c1", "amount": 5}, {"id": "c2", "amount": 7}]}
    after: dict[str, Any] = {"pay": [{"id": "c1", "amount": 5}, {"id": "c2", "amount": 8}]}
    edit = difference(before, after)
    assert edit == Edit("set", "pay[1].amount", "7", "8")
    assert applied(edit, before) == after


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({"id": "IFOYWZ"}, {"id": "NQNU5R"}),  # another thing
        ({"q": "select a from b where c = d"}, {"q": "show tables"}),
        ({"a": 1, "b": 2}, {"a": 2, "b": 3}),  # two parts
        ({"a": [1]}, {"a": [1, 2]}),  # an item more is no argument more
        ({"a": "x"}, {"a": "x"}),
        ({"a": "b" * 200}, {"a": "b" * 200 + "c" * 200}),
    ],
)
def test_what_is_no_edit(before: dict[str, Any], after: dict[str, Any]) -> None:
    assert difference(before, after) is None


values = st.recursive(
    st.one_of(st.text(max_size=12), st.integers(-5, 5), st.booleans(), st.none()),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text("ab.", min_size=1, max_size=3), inner, max_size=3)
    ),
    max_leaves=6,
)
arguments = st.dictionaries(st.text("abc", min_size=1, max_size=2), values, max_size=4)


@given(arguments, arguments)
def test_an_edit_makes_the_one_of_the_other(before: dict[str, Any], after: dict[str, Any]) -> None:
    edit = difference(before, after)
    if edit is None:
        return
    assert edit.kind in KINDS
    assert max(len(edit.argument), len(edit.before), len(edit.after)) <= PART_CHARS
    made = applied(edit, before)
    # Leaving out the last argument is no call.
    assert made == after or (edit.kind == "drop" and len(before) < 2)
    assert told(edit)


@given(arguments, st.sampled_from(sorted(KINDS)), st.text(max_size=4), st.text(max_size=4), st.text("abc", max_size=2))
def test_any_edit_can_be_tried_on_any_call(
    call: dict[str, Any], kind: str, before: str, after: str, argument: str
) -> None:
    copy = {**call}
    made = applied(Edit(kind, argument, before, after), call)
    assert call == copy
    assert made is None or made != call
    assert len(leaves(call)) <= 64


def test_replacements_are_texts_not_patterns() -> None:
    assert swapped("a.b axb", "a.b", r"\1") == r"\1 axb"
    assert swapped("ab", "", "x") == "ab"


TOKENS = st.lists(
    st.sampled_from(["a", "bc", "flight", "Flights", "é", "İ", "ß", "_", "1", " ", "\n", "'", ".", "-"]), max_size=9
)
CHANGES = st.lists(
    st.tuples(st.integers(0, 9), st.sampled_from(["", "a", "flight", "flights", " ", "'", "x" * 90])), max_size=3
)


def _plain_swap(was: str, becomes: str) -> Edit | None:
    """What is replaced in one text to get the other: by taking both apart into words and marks."""
    old, new = (re.findall(r"\w+|\W", text) for text in (was, becomes))
    start = end = 0
    while start < min(len(old), len(new)) and old[start] == new[start]:
        start += 1
    while end < min(len(old), len(new)) - start and old[-1 - end] == new[-1 - end]:
        end += 1
    like = fuzz.ratio(was.lower(), becomes.lower()) >= 70.0

    def swap(one: str, other: str) -> Edit | None:
        return Edit("swap", "q", one, other) if max(len(one), len(other)) <= PART_CHARS else None

    if start < min(len(old), len(new)):
        one, other = old[start], new[start]
        if one.strip() and other.strip() and swapped(was, one, other) == becomes:
            return swap(one, other) if len(old) > 1 or like else None
    between, instead = old[start : len(old) - end], new[start : len(new) - end]
    words = [sum(re.match(r"\w", token) is not None for token in tokens) for tokens in (between, instead)]
    shared = any(re.match(r"\w", token) for token in [*old[:start], *old[len(old) - end :]])
    one, other = "".join(between), "".join(instead)
    fits = max(words) <= 4 and (shared or like) and one.strip() and swapped(was, one, other) == becomes
    return swap(one, other) if fits else None


@given(TOKENS, CHANGES)
@settings(max_examples=1_000)
@example(["flight", " ", "flight"], [(0, "flights"), (2, "flights")])
@example(["a"], [(0, "b")])
def test_a_replacement_is_what_comparing_word_by_word_finds(tokens: list[str], changes: list[tuple[int, str]]) -> None:
    changed = list(tokens)
    for at, token in changes:
        changed[at : at + 1] = [token]
    was, becomes = "".join(tokens), "".join(changed)
    edit = difference({"q": was}, {"q": becomes})
    if was == becomes or (was and was in becomes) or (becomes and becomes in was):
        return  # nothing, or an edit of form: elsewhere
    assert edit == _plain_swap(was, becomes)


@given(
    st.text("aB_-./ ", max_size=12), st.text("aB_-./", min_size=1, max_size=3), st.sampled_from(("", "x", "\\1", "aB"))
)
def test_a_word_stands_alone_where_a_regular_expression_says_so(text: str, word: str, other: str) -> None:
    alone = re.compile(rf"(?<![\w./-]){re.escape(word)}(?![\w/-]|\.\w)", re.IGNORECASE)
    assert swapped(text, word, other, alone=True) == alone.sub(lambda _: other, text)
