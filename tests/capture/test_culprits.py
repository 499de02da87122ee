"""Culprits: what an error names and the arguments hold."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from sidecar.capture.culprits import MAX_CHARS, MAX_CULPRITS, carries, culprits

TEXT = st.text(alphabet="abcXY1 '\"[]`./-_#<>:ß", max_size=80)


def test_case(culprit_case: dict[str, Any]) -> None:
    assert list(culprits(culprit_case["error"], culprit_case["arguments"])) == culprit_case["culprits"]


@given(
    TEXT,
    st.dictionaries(
        st.text("abc", min_size=1, max_size=4), st.one_of(TEXT, st.lists(TEXT, max_size=2), st.integers()), max_size=3
    ),
)
def test_any_culprit_is_bounded_and_stands_in_the_arguments(error: str, arguments: dict[str, Any]) -> None:
    found = culprits(error, arguments)
    assert found == culprits(error, arguments)
    assert len(found) <= MAX_CULPRITS
    for culprit in found:
        assert 3 <= len(culprit) <= MAX_CHARS
        assert carries(arguments, culprit)


def test_carries_compares_whole_words() -> None:
    assert carries({"q": "select * from PETS"}, "pets")
    assert not carries({"q": "select * from carpets"}, "pets")
