"""JSON Schemas of tools: what they say of arguments, and what is kept of them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from sidecar.capture.redaction import Redactor
from sidecar.learning.schemas import Schemas, compile_schema, without_secrets
from sidecar.model.errors import InvalidArgumentError

SECRET = "sk-ant-api03-abcdefghijklmnopqrstuvwxyz0123456789AAAA"
redact = Redactor(b"k" * 32).redact_text
SCHEMAS = Schemas()


def violation(schema: str, arguments: Mapping[str, Any]) -> str:
    return SCHEMAS.violation(schema, arguments, json.dumps(arguments))


def missing(schema: str, arguments: Mapping[str, Any]) -> list[str]:
    return SCHEMAS.missing(schema, arguments, json.dumps(arguments))


def test_a_violation_names_the_property_and_no_value() -> None:
    schema = json.dumps({"type": "object", "required": ["id"], "properties": {"id": {"type": "integer"}}})
    assert violation(schema, {"id": 3}) == ""
    said = violation(schema, {"id": "hunter2-secret"})
    assert said.startswith("id: ")
    assert "hunter2" not in said
    assert missing(schema, {}) == ["id"]


@pytest.mark.parametrize(
    "schema",
    [
        '{"type": "nope"}',
        "[]",
        "{",
        "3",
        '{"$ref": "http://127.0.0.1:1/schema.json"}',
        '{"$ref": "file:///etc/passwd"}',
        '{"pattern": "("}',
        "[" * 5000,
    ],
)
def test_what_is_no_schema_is_refused_with_its_field(schema: str) -> None:
    with pytest.raises(InvalidArgumentError) as caught:
        compile_schema(schema, "tools[0].input_schema_json")
    assert caught.value.field == "tools[0].input_schema_json"


def test_a_hostile_pattern_ends() -> None:
    schema = json.dumps({"properties": {"a": {"pattern": "^(?!x)(a+)+$"}}})
    assert violation(schema, {"a": "a" * 60 + "b"}) != ""


def test_huge_numbers_and_deep_values_do_not_break_it() -> None:
    deep: object = 1
    for _ in range(60):
        deep = [deep]
    schema = json.dumps({"properties": {"a": {"type": "integer", "maximum": 5}}})
    assert violation(schema, {"a": 2**200}) != ""
    assert violation("true", {"a": deep}) == ""


def test_secrets_in_a_schema_are_hidden_and_it_still_works() -> None:
    schema = {
        "type": "object",
        "required": ["password"],
        "properties": {
            "password": {"type": "string", "default": SECRET, "pattern": "^password: x"},
            "owner": {"enum": ["alice@example.com", "bob"]},
            "kind": {"enum": ["a", "b"]},
        },
    }
    kept = without_secrets(json.dumps(schema), redact)
    assert SECRET not in kept
    assert "alice@example.com" not in kept
    assert missing(kept, {}) == ["password"]
    assert violation(kept, {"password": "password: x", "owner": "alice@example.com"}) == ""
    assert violation(kept, {"password": "other"}) != ""
    assert violation(kept, {"password": "password: x", "kind": "c"}) != ""


def test_no_schema_stays_none() -> None:
    assert without_secrets("", redact) == ""


def test_a_secret_is_hidden_where_names_are_listed_and_names_of_properties_stay() -> None:
    schema = {"required": ["id", SECRET], "properties": {"id": {}, "items": {"required": [SECRET]}}}
    kept = without_secrets(json.dumps(schema), redact)
    assert SECRET not in kept
    assert missing(kept, {}) == ["id"]
    assert without_secrets(json.dumps({"required": {"a": SECRET}}), redact).find(SECRET) == -1
