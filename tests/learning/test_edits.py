"""Edits: what makes one call of another, and the same done to a third."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

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
