"""Fingerprints are equal for equal calls, and for no others; shape and kind for calls that are alike."""

from __future__ import annotations

import json
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.capture.arguments import parse
from sidecar.capture.extractor import Extractor
from sidecar.capture.fingerprint import PREVIEW_BYTES, canonical, kind, preview, shape
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
    assert (
        kind("t", {"c": "git push", "n": 1})
        == kind("t", {"c": "\n git  log --oneline", "n": 9})
        != kind("t", {"c": "ls", "n": 1})
    )


@given(st.text(max_size=4000).map(lambda text: json.dumps({"a": text}, ensure_ascii=False)))
def test_previews_fit(text: str) -> None:
    shown = preview(canonical(parse(text)))
    assert len(shown.encode()) <= PREVIEW_BYTES
