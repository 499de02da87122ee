"""The wire format by itself: what is written is read again, and nothing that is given does harm.

What protobuf makes of the same bytes is seen in tests/server/test_plain.py and tests/server/test_answers.py.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sidecar.native.wire import FLAG, INNER, INNERS, MOMENT, NUMBER, PAIRS, SPAN, TEXT, TEXTS, WHOLE, Reading, Writing

_BIG = 2.0**62
_SECONDS = Reading([(1, WHOLE, 0, 1e12, None), (2, WHOLE, 0, 999_999_999, None)])
#: The same message, as it is written and as it is read: a number, a text, a float, two times, one of its kind in it.
_LEAF_WRITTEN = Writing([(1, WHOLE, "whole", None), (2, TEXT, "text", None), (3, NUMBER, "number", None)])
_LEAF_READ = Reading([(1, WHOLE, 0, _BIG, None), (2, TEXT, 0, _BIG, None), (3, NUMBER, -1e308, 1e308, None)])
_WRITTEN = Writing(
    [(5, INNER, "leaf", _LEAF_WRITTEN), (15, TEXT, "text", None), (4, MOMENT, "at", None), (6, SPAN, "span", None)]
)
_READ = Reading(
    [(5, INNER, 0, 0, _LEAF_READ), (15, TEXT, 0, _BIG, None), (4, MOMENT, 0, 1e12, _SECONDS), (6, SPAN, 0, 0, _SECONDS)]
)
_TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20) | st.integers(100, 20_000).map("é".__mul__)
_LEAVES = st.builds(
    lambda whole, text, number: SimpleNamespace(whole=whole, text=text, number=number),
    st.integers(0, 2**61),
    _TEXTS,
    st.floats(-1e308, 1e308),
)
_MICROS = st.integers(0, 10**14).map(lambda micros: micros / 1e6)


@settings(max_examples=300)
@given(st.none() | _LEAVES, _TEXTS, _MICROS, st.just(-1.0) | _MICROS)
def test_what_is_written_is_read(leaf: Any, text: str, at: float, span: float) -> None:
    raw = _WRITTEN.write(SimpleNamespace(leaf=leaf, text=text, at=at, span=span))
    found = _READ.read(raw)
    assert found is not None
    assert found[0] == (None if leaf is None else [leaf.whole, leaf.text, leaf.number])
    assert found[1] == text
    assert found[2] == (None if at == 0 else pytest.approx(at, abs=1e-6))
    assert found[3] == (None if span < 0 else pytest.approx(span, abs=1e-6))
    held = Reading([(7, INNER, 1, 0, _READ)]).read(
        _WRITTEN.write_as(7, SimpleNamespace(leaf=leaf, text="", at=at, span=span), b"\x7a\x01x")
    )
    assert held is not None
    assert held[0][1] == "x", "what is appended belongs into the message"
    assert held[0][0] == found[0]


@settings(max_examples=1_000)
@given(st.data())
def test_any_bytes_are_survived(data: st.DataObject) -> None:
    leaf = SimpleNamespace(whole=300, text="some text", number=0.5)
    raw = bytearray(_WRITTEN.write(SimpleNamespace(leaf=leaf, text="é" * 70, at=1.5e9, span=0.25)))
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(raw)))
        raw[at : at + data.draw(st.integers(0, 5))] = data.draw(st.binary(max_size=5))
    found = _READ.read(bytes(raw))
    assert found is None or len(found) == 4


@pytest.mark.parametrize("length", [0, 1, 126, 127, 128, 129, 16_383, 16_384, 16_385, 2_097_151, 2_097_153])
def test_lengths_of_lengths(length: int) -> None:
    raw = _WRITTEN.write_as(1, SimpleNamespace(leaf=None, text="x" * length, at=0.0, span=-1.0))
    found = Reading([(1, INNER, 1, 0, _READ)]).read(raw)
    assert found is not None
    assert found[0][1] == "x" * length


def test_lists_and_digits() -> None:
    leaf = Writing([(1, TEXT, "text", None)])
    all_kinds = Writing([(1, TEXTS, "several", None), (2, INNERS, "leaves", leaf), (2_000, FLAG, "yes", None)])
    record = SimpleNamespace(several=["a", "", b"\x0f\xa0"], leaves=(SimpleNamespace(text=b""),), yes=True)
    assert all_kinds.write(record) == b"\x0a\x01a\x0a\x00\x0a\x040fa0" + b"\x12\x00" + b"\x80\x7d\x01"
    record = SimpleNamespace(several=(), leaves=(), yes=False)
    assert all_kinds.write(record, b"\x12\x00") == b"\x12\x00"


def test_negative_zero_is_written() -> None:
    assert len(_LEAF_WRITTEN.write(SimpleNamespace(whole=0, text="", number=-0.0))) == 9
    assert _LEAF_WRITTEN.write(SimpleNamespace(whole=0, text="", number=0.0)) == b""


@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        ({"whole": -1}, OverflowError),
        ({"whole": 1 << 64}, OverflowError),
        ({"whole": "1"}, TypeError),
        ({"text": 7}, TypeError),
        ({"text": "\ud800"}, UnicodeEncodeError),
        ({"number": "1"}, TypeError),
        ({"text": None}, TypeError),
    ],
)
def test_what_cannot_be_written_is_refused(wrong: dict[str, Any], error: type[Exception]) -> None:
    with pytest.raises(error):
        _LEAF_WRITTEN.write(SimpleNamespace(**{"whole": 0, "text": "", "number": 0.0, **wrong}))
    with pytest.raises(AttributeError):
        _LEAF_WRITTEN.write(SimpleNamespace(whole=0))


@pytest.mark.parametrize("seconds", [-0.5, float("nan"), float("inf"), 1e13])
def test_what_is_no_time_is_refused(seconds: float) -> None:
    span = Writing([(1, SPAN, "span", None)])
    record = SimpleNamespace(leaf=None, text="", at=seconds, span=seconds)
    if seconds < 0 or seconds != seconds:
        assert span.write(record) == b""
    else:
        with pytest.raises(ValueError, match="no seconds"):
            span.write(record)
    if seconds <= 1e12 or seconds != seconds:  # what lies behind the last second is brought down to it
        with pytest.raises(ValueError, match="no seconds"):
            _WRITTEN.write(record)


@pytest.mark.parametrize(
    "fields",
    [
        [(0, TEXT, 0, 1, None)],
        [(16, TEXT, 0, 1, None)],
        [(1, TEXT, 0, 1, None), (1, WHOLE, 0, 1, None)],
        [(1, TEXTS, 0, 1, None)],
        [(1, INNER, 0, 1, None)],
        [(1, TEXT, 0, 1, _LEAF_READ)],
    ],
)
def test_what_cannot_be_a_form_is_refused(fields: Any) -> None:
    with pytest.raises(ValueError, match="cannot be read"):
        Reading(fields)


def test_what_is_no_form_is_refused() -> None:
    with pytest.raises(TypeError):
        Reading([(1, INNER, 0, 0, "form")])  # type: ignore[list-item]
    with pytest.raises(TypeError):
        Writing([(1, INNER, "leaf", "form")])  # type: ignore[list-item]
    with pytest.raises(ValueError, match="cannot be written"):
        Writing([(1, PAIRS, "pairs", None)])
    with pytest.raises(ValueError, match="more than"):
        Writing([(1, TEXT, "text", None)] * 33)
    with pytest.raises(TypeError):
        _READ.read(None)  # type: ignore[arg-type]
