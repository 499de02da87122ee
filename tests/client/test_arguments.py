from __future__ import annotations

import dataclasses
import datetime as dt
import decimal
import enum
import json
import math
import pathlib
import uuid
from typing import Any, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forewarn import ArgumentsTooLargeError, EncodingError
from forewarn.arguments import cut, encode_arguments, error_text, excerpt, to_json


@dataclasses.dataclass
class Filter:
    field: str
    values: list[object]


class Color(enum.Enum):
    RED = "red"


class Point(NamedTuple):
    x: int
    y: int


NOON = dt.datetime(2026, 11, 21, 12, tzinfo=dt.UTC)
SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
TREES = st.recursive(SCALARS, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=8)


@settings(max_examples=40, deadline=None)
@given(st.dictionaries(st.text(), TREES))
def test_json_comes_through_unchanged(arguments: dict[str, Any]) -> None:
    assert json.loads(encode_arguments(arguments)) == arguments


ANYTHING = st.recursive(
    SCALARS | st.floats() | st.binary() | st.datetimes() | st.decimals() | st.uuids() | st.builds(object),
    lambda inner: st.lists(inner) | st.dictionaries(st.text() | st.integers(), inner) | st.tuples(inner, inner),
    max_leaves=8,
)


@settings(max_examples=40, deadline=None)
@given(st.dictionaries(st.text(st.characters()), ANYTHING))
def test_anything_is_json_or_an_error_that_names_the_path(arguments: dict[str, Any]) -> None:
    try:
        text = encode_arguments(arguments)
    except EncodingError as error:
        named = error.path.startswith("arguments") and str(error).startswith(error.path)
        assert named
    else:
        json.loads(text, parse_constant=pytest.fail)
        text.encode()


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (NOON, "2026-11-21T12:00:00+00:00"),
        (NOON.date(), "2026-11-21"),
        (dt.timedelta(minutes=1.5), 90.0),
        (decimal.Decimal("1.10"), "1.10"),
        (uuid.UUID(int=1), "00000000-0000-0000-0000-000000000001"),
        (pathlib.PurePosixPath("/a/b"), "/a/b"),
        (Color.RED, "red"),
        (Filter("a", [Color.RED]), {"field": "a", "values": ["red"]}),
        (Point(1, 2), {"x": 1, "y": 2}),
        ((1, 2), [1, 2]),
        ({3, 1, 2}, [1, 2, 3]),
        (frozenset({"b", "a"}), ["a", "b"]),
    ],
)
def test_the_documented_conversions(value: object, expected: object) -> None:
    assert to_json({"v": value}) == {"v": expected}


def test_bytes_are_named_not_sent() -> None:
    text = encode_arguments({"blob": b"secret"})
    assert "secret" not in text
    assert text == encode_arguments({"blob": bytearray(b"secret")})
    assert json.loads(text)["blob"].startswith("bytes:6:")


@pytest.mark.parametrize(
    ("arguments", "path"),
    [
        ({"a": [1, {"b": object()}]}, "arguments.a[1].b"),
        ({"a": math.nan}, "arguments.a"),
        ({"a": {1: 2}}, "arguments.a"),
        ({"a": "\ud800"}, "arguments.a"),
        ({"f": Filter("x", [math.inf])}, "arguments.f.values[0]"),
        ({"t": int}, "arguments.t"),
        ([1], "arguments"),
    ],
)
def test_what_has_no_json_form_is_named(arguments: Any, path: str) -> None:
    with pytest.raises(EncodingError) as caught:
        encode_arguments(arguments)
    assert caught.value.path == path


def test_a_cycle_is_named_and_a_shared_value_is_not_a_cycle() -> None:
    loop: dict[str, Any] = {}
    loop["self"] = [loop]
    with pytest.raises(EncodingError, match=r"arguments\.self\[0\]: refers back"):
        encode_arguments(loop)
    shared = [1]
    assert encode_arguments({"a": shared, "b": shared}) == '{"a":[1],"b":[1]}'


def test_limits() -> None:
    deep: Any = {}
    for _ in range(70):
        deep = {"d": deep}
    for arguments in ({"a": "x" * (1 << 20)}, deep, {str(i): i for i in range(10_001)}):
        with pytest.raises(ArgumentsTooLargeError):
            encode_arguments(arguments)


def test_encode_adds_types() -> None:
    def encode(value: object) -> object:
        if isinstance(value, complex):
            return [value.real, value.imag]
        raise TypeError("unknown")

    assert to_json({"c": 1 + 2j}, encode=encode) == {"c": [1.0, 2.0]}
    with pytest.raises(EncodingError, match=r"arguments\.o: .*unknown"):
        to_json({"o": object()}, encode=encode)


@settings(max_examples=40, deadline=None)
@given(TREES | st.binary() | st.builds(object))
def test_an_excerpt_is_bounded_and_never_raises(result: object) -> None:
    assert len(excerpt(result, 60).encode()) <= 60
    assert len(excerpt(result).encode()) <= 4096


@settings(max_examples=40, deadline=None)
@given(st.text(), st.integers(0, 20))
def test_cut_keeps_whole_characters(text: str, limit: int) -> None:
    short = cut(text, limit)
    assert text.startswith(short)
    assert len(short.encode()) <= limit


def test_error_text() -> None:
    class BrokenError(Exception):
        def __str__(self) -> str:
            raise RuntimeError

    assert error_text(ValueError("no")) == "ValueError: no"
    assert error_text(ValueError()) == "ValueError"
    assert "cannot be read" in error_text(BrokenError())
    long = error_text("a" * 10_000 + "é" * 10_000)
    assert len(long.encode()) <= 16_384
    assert long.startswith("aaa")
    assert long.endswith("é")
