"""Canonical arguments and their hashes, against plain Python."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sidecar.native.canonical import digest, in_turn, kept

from . import plain_capture as plain

_TEXT = st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=12) | st.text(
    'ab \n"\\\x1f\x7fé…😀', max_size=200
)
_LEAVES = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(-1e9, 1e9, allow_nan=False).filter(lambda one: "e" not in repr(one))
    | _TEXT
)
_VALUES = st.recursive(
    _LEAVES, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_TEXT, inner, max_size=4), max_leaves=8
)


@settings(max_examples=500)
@given(_TEXT, st.dictionaries(_TEXT, _VALUES, max_size=32), st.sampled_from([8, 40, 2048]))
def test_what_is_kept_is_what_plain_python_says(tool: str, arguments: dict[str, Any], most: int) -> None:
    assert kept(tool, arguments, plain.spelled, most) == plain.kept(tool, arguments, most)


@pytest.mark.parametrize("size", [*range(300), 1023, 1024, 1025, 100_000])
def test_hashes_are_blake2b_of_any_length(size: int) -> None:
    for first, second in (("t", "x" * size), ("é" * size, "\ud800")):
        for length in (1, 8, 16, 64):
            assert digest(first, second, length) == plain.digest(first, second, length)


def test_what_is_left_to_others() -> None:
    deep: Any = 1
    for _ in range(20):
        deep = [deep]
    left: list[dict[Any, Any]] = [
        {f"n{number}": 1 for number in range(33)}, {"a": 2**63}, {"a": deep}, {"a": "\ud800"}, {"a": (1,)}, {1: 1},
        {"\ud800": 1}, {"a": b"x"},
    ]  # fmt: skip
    for arguments in left:
        assert kept("t", arguments, plain.spelled, 2048) is None


def test_keys_and_values_come_in_turn() -> None:
    assert in_turn({"b": "1", "a": "2"}) == ("b", "1", "a", "2")
    assert in_turn({}) == ()


def test_an_error_of_the_spelling_comes_out() -> None:
    def fails(value: float) -> bytes:
        raise ZeroDivisionError(value)

    with pytest.raises(ZeroDivisionError):
        kept("t", {"a": [0.5], "b": "x" * 5_000}, fails, 2048)


@pytest.mark.parametrize("wrong", [None, b"text", 7])
def test_what_is_wrong_is_refused(wrong: Any) -> None:
    with pytest.raises(TypeError):
        kept(wrong, {}, plain.spelled, 2048)
    with pytest.raises(TypeError):
        kept("t", wrong, plain.spelled, 2048)
    with pytest.raises(TypeError):
        in_turn(wrong)
    with pytest.raises(TypeError):
        digest("t", wrong, 8)
    for size in (0, 65):
        with pytest.raises(ValueError, match="1 to 64"):
            digest("t", "", size)
    with pytest.raises(ValueError, match="8 bytes"):
        kept("t", {}, plain.spelled, 7)
