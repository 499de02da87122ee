"""The text of arguments: limits, odd spellings, and one typed error for everything else."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sidecar.capture.arguments import FIELD, MAX_BYTES, MAX_DEPTH, MAX_KEYS, parse, well_formed
from sidecar.capture.fingerprint import canonical
from sidecar.model.errors import InvalidArgumentError


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("", {}),
        (" \n", {}),
        ("{}", {}),
        ('{"a": 1, "a": 2}', {"a": 2}),
        (r'{"a": "\ud800x"}', {"a": "\ufffdx"}),
        (r'{"a": "\\ud800"}', {"a": "\\ud800"}),
        (r'{"a": "\ud83d\ude00"}', {"a": "😀"}),
        (r'{"\udc00\ud800": 1}', {"\ufffd\ufffd": 1}),
        ('{"a": "\ud800"}', {"a": "\ufffd"}),
        ('{"a": 123456789012345678901234567890}', {"a": 123456789012345678901234567890}),
        ('{"a": 1e-400}', {"a": 0.0}),
        ('{"a":' * MAX_DEPTH + "1" + "}" * MAX_DEPTH, ...),
        (json.dumps(dict.fromkeys(map(str, range(MAX_KEYS)))), ...),
        (json.dumps({"a": "{[:" * 9000}), ...),
    ],
)
def test_what_is_taken(text: str, value: object) -> None:
    parsed = parse(text)
    assert value is ... or parsed == value
    canonical(parsed)


@pytest.mark.parametrize(
    "text",
    [
        "[1]", "1", '"a"', "null", "{", '{"a": NaN}', '{"a": Infinity}', '{"a": -Infinity}', '{"a": 1e400}', "\ufeff{}",
        '{"a": ' + "9" * 5000 + "}", '{"a": 1} x', "{'a': 1}", '{"a": "\n"}', r'{"a": "\x"}', r'{"a": "\u12"}',
        '{"a":' * (MAX_DEPTH + 1) + "1" + "}" * (MAX_DEPTH + 1),
        '{"a":' * 1000 + "1" + "}" * 1000, "[" * 100_000, '{"a":' * 150_000,
        '{"a": ' + "[" * MAX_DEPTH + "]" * MAX_DEPTH + "}",
        json.dumps(dict.fromkeys(map(str, range(MAX_KEYS + 1)))),
        json.dumps({"a": [{"b": 1, "c": 2}] * (MAX_KEYS // 2)}),
        '{"a": "' + "x" * MAX_BYTES + '"}', '{"a": "' + "é" * (MAX_BYTES // 2) + '"}',
    ],
    ids=lambda text: text[:20],
)  # fmt: skip
def test_what_is_refused(text: str) -> None:
    with pytest.raises(InvalidArgumentError) as caught:
        parse(text)
    assert caught.value.field == FIELD


def test_a_text_of_exactly_the_limit_is_taken() -> None:
    text = '{"a": "' + "x" * (MAX_BYTES - 9) + '"}'
    assert len(text) == MAX_BYTES
    assert len(str(parse(text)["a"])) == MAX_BYTES - 9


@given(st.one_of(st.text(), st.text(alphabet='{}[]",:\\u d8c0e1-.\n')))
@settings(max_examples=400)
def test_nothing_but_the_typed_error(text: str) -> None:
    try:
        canonical(parse(text))
    except InvalidArgumentError as error:
        if error.field != FIELD:
            raise


@given(st.text(alphabet=st.characters(exclude_categories=())))
def test_well_formed_text_can_be_encoded(text: str) -> None:
    assert well_formed(text).encode().decode() == well_formed(text)
