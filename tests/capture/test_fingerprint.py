"""Fingerprints are equal for equal calls, and for no others; shape and kind for calls that are alike."""

from __future__ import annotations

import json
import random
from hashlib import blake2b
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.capture import fingerprint as module
from sidecar.capture.arguments import parse
from sidecar.capture.extractor import Extractor
from sidecar.capture.fingerprint import PREVIEW_BYTES, canonical, fingerprint, preview, said_of, shape
from sidecar.capture.redaction import Redactor

NAMES = st.text("abcdef_", min_size=1, max_size=5)
LEAVES = (
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8)
)
VALUES = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3), max_leaves=8
)
ARGUMENTS = st.dictionaries(NAMES, VALUES, max_size=5)


def shuffled(value: object, order: random.Random) -> object:
    if isinstance(value, dict):
        items = list(value.items())
        order.shuffle(items)
        return {key: shuffled(inner, order) for key, inner in items}
    return [shuffled(item, order) for item in value] if isinstance(value, list) else value


@given(ARGUMENTS, st.randoms(use_true_random=False))
def test_order_of_keys_and_spaces_do_not_matter(
    extractor: Extractor, arguments: dict[str, object], order: random.Random
) -> None:
    one = extractor.features("t", json.dumps(arguments), {})
    other = extractor.features("t", json.dumps(shuffled(arguments, order), indent=2), {})
    assert (one.fingerprint, one.shape, one.kind) == (other.fingerprint, other.shape, other.kind)


@given(ARGUMENTS, ARGUMENTS)
def test_different_arguments_have_different_fingerprints(
    extractor: Extractor, a: dict[str, object], b: dict[str, object]
) -> None:
    # Python's == takes True for 1; JSON does not.
    same = canonical(parse(json.dumps(a))) == canonical(parse(json.dumps(b)))
    assert same == (
        extractor.features("t", json.dumps(a), {}).fingerprint == extractor.features("t", json.dumps(b), {}).fingerprint
    )
    assert same or repr(a) != repr(b)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("1", "1.0"),
        ("0", "-0.0"),
        ("1000", "1e3"),
        ("0.1", "1e-1"),
        ("1e23", "1" + "0" * 23),
        ("-2", "-2.0"),
        ('[1, {"b": 2}]', '[1.0, {"b": 2.0}]'),
    ],
)
def test_the_spelling_of_a_number_does_not_matter(extractor: Extractor, one: str, other: str) -> None:
    assert (
        extractor.features("t", f'{{"a": {one}}}', {}).fingerprint
        == extractor.features("t", f'{{"a": {other}}}', {}).fingerprint
    )


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("1", '"1"'),
        ("1", "true"),
        ("null", '""'),
        ("9007199254740993", "9007199254740992"),
        ("[]", "{}"),
        ("[1,2]", "[2,1]"),
    ],
)
def test_what_is_different_stays_different(extractor: Extractor, one: str, other: str) -> None:
    assert (
        extractor.features("t", f'{{"a": {one}}}', {}).fingerprint
        != extractor.features("t", f'{{"a": {other}}}', {}).fingerprint
    )


def test_tools_do_not_share_fingerprints_and_volatile_arguments_do_not_count(extractor: Extractor) -> None:
    plain = extractor.features("t", '{"a": 1}', {})
    assert extractor.features("u", '{"a": 1}', {}).fingerprint != plain.fingerprint
    volatile = extractor.features("t", '{"a": 1, "now": 17}', {}, frozenset({"now"}))
    assert (volatile.fingerprint, volatile.shape, volatile.kind) == (plain.fingerprint, plain.shape, plain.kind)
    assert volatile.preview == '{"a":1,"now":17}'


def test_fingerprints_are_portable_unless_a_secret_is_inside() -> None:
    here, there = Extractor(Redactor(b"a" * 32)), Extractor(Redactor(b"b" * 32))
    assert here.features("t", '{"a": "x"}', {}) == there.features("t", '{"a": "x"}', {})
    hidden = [one.features("t", '{"password": "x"}', {}).fingerprint for one in (here, there, here)]
    assert hidden[0] == hidden[2] != hidden[1]


def test_shape_and_kind() -> None:
    assert shape("t", {"a": 1, "b": "x"}) == shape("t", {"b": "y", "a": 2.5}) != shape("t", {"a": "1", "b": "x"})
    assert shape("t", {"a": [{"b": 1}]}) == shape("t", {"a": [{"b": 2}, {"b": 3}]}) != shape("t", {"a": [{"c": 1}]})
    assert kind({"c": "git push", "n": 1}) == kind({"c": "\n git  log --oneline", "n": 9}) != kind({"c": "ls", "n": 1})


def kind(arguments: dict[str, Any]) -> bytes:
    return said_of("t", arguments)[2]


@given(st.sampled_from(["t", "é", ""]), st.dictionaries(NAMES | st.text(max_size=3), VALUES, max_size=40))
def test_what_is_said_at_once_is_what_is_said_one_by_one(tool: str, arguments: dict[str, Any]) -> None:
    text = canonical(arguments)
    one_by_one = fingerprint(tool, text), shape(tool, arguments), module.kind(tool, arguments), preview(text)
    assert said_of(tool, arguments) == one_by_one


def test_shapes_and_kinds_are_what_they_were_when_rows_were_written() -> None:
    """They stand in stores: the hash of the tool, then what is the same of such calls, all between zero bytes."""

    def hashed(content: str) -> bytes:
        return blake2b(f"t\0{content}".encode(), digest_size=8).digest()

    assert said_of("t", {"b": "ls -l", "a": 1})[1:3] == (hashed("ns\0a\0b"), hashed("a\0b\0\0ls"))
    assert said_of("t", {"b": [{"c": None}], "a": " "})[1:3] == (hashed("{a:s,b:[{c:0}]}\0a\0b"), hashed("a\0b\0"))


def test_fingerprints_are_what_they_were_when_rows_were_written() -> None:
    hashed = blake2b(b't\0{"a":3,"b":"x"}', digest_size=16).digest()
    assert said_of("t", {"b": "x", "a": 3.0})[0] == hashed


@given(st.text(max_size=4000).map(lambda text: json.dumps({"a": text}, ensure_ascii=False)))
def test_previews_fit(text: str) -> None:
    arguments = parse(text)
    shown = preview(canonical(arguments))
    assert len(shown.encode()) <= PREVIEW_BYTES
    assert said_of("t", arguments)[3] == shown
