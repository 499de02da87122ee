"""What a schema may make of arguments is bounded before it is asked: against counting by plain evaluation."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sidecar.learning.schema_cost import ENDLESS, LEVELS, looks, most_looks
from sidecar.learning.schemas import Schemas


def counted(schema: Any, value: Any, root: Any) -> int:
    """How often subschemas are applied to a value and what is in it, when every branch is gone through."""
    if not isinstance(schema, dict):
        return 0
    inside = [one for name in ("allOf", "anyOf", "oneOf") for one in schema.get(name, ())]
    inside += [schema[name] for name in ("not", "if", "then", "else") if name in schema]
    if "$ref" in schema:
        inside.append(root["$defs"][schema["$ref"].removeprefix("#/$defs/")])
    total = 1 + sum(counted(one, value, root) for one in inside)
    if isinstance(value, dict):
        for name, inner in value.items():
            for one in (schema.get("properties", {}).get(name), schema.get("additionalProperties")):
                total += counted(one, inner, root)
    if isinstance(value, list):
        total += sum(counted(schema.get("items"), inner, root) for inner in value)
    return total


NAMES = st.sampled_from("abc")
LEAVES = st.just({"type": "string"}) | st.booleans()
#: References lead to definitions that come later, or below a property.
SCHEMAS = st.recursive(
    LEAVES | st.sampled_from([{"$ref": "#/$defs/x"}, {"properties": {"a": {"$ref": "#/$defs/y"}}}]),
    lambda inner: (
        st.builds(
            lambda kind, several, properties: {kind: several, "properties": properties},
            st.sampled_from(["allOf", "anyOf", "oneOf"]),
            st.lists(inner, min_size=1, max_size=3),
            st.dictionaries(NAMES, inner, max_size=2),
        )
        | st.builds(lambda one, other: {"items": one, "not": other}, inner, inner)
    ),
    max_leaves=12,
)
VALUES = st.recursive(
    st.just("text"), lambda inner: st.dictionaries(NAMES, inner, max_size=3) | st.lists(inner, max_size=3), max_leaves=8
)


@settings(max_examples=300)
@given(SCHEMAS, VALUES, st.booleans())
def test_no_value_is_looked_at_more_often_than_is_said(schema: Any, value: Any, told: bool) -> None:
    below = {"properties": {"a": {"$ref": "#/$defs/y"}, "b": {"anyOf": [{"$ref": "#/$defs/x"}, True]}}}
    root: Any = {"allOf": [schema], "$defs": {"x": {"type": "string", "items": {"type": "string"}}, "y": below}}
    assert counted(root, value, root) <= most_looks(looks(root, told=told), value, ENDLESS)


def test_a_plain_schema_is_cheap() -> None:
    schema: Any = {"properties": {"a": {"items": {"properties": {"b": {"type": "string"}}}}}, "required": ["a"]}
    assert looks(schema, told=True) == [1, 1, 1, 1]
    assert looks(True, told=True) == []
    again: Any = {"properties": {"a": {"$ref": "#"}}}
    assert looks(again, told=True) == [1] + [2] * (LEVELS - 1)


@pytest.mark.parametrize(
    "schema",
    [
        {"$ref": "#"},
        {"allOf": [{"$ref": "#"}]},
        {"$ref": "#/$defs/x", "$defs": {"x": {"not": {"$ref": "#/$defs/x"}}}},
        {"$ref": "#/nothing"},
        {"$ref": "#name"},
        {"$dynamicRef": "#"},
        {"allOf": [{"allOf": [{"type": "string"} for _ in range(30)]}], "properties": {"a": {"$ref": "#/nope"}}},
    ],
)
def test_what_cannot_be_bounded_is_endless(schema: Any) -> None:
    assert looks(schema, told=False) == [ENDLESS]


def test_counting_ends_too() -> None:
    defs: Any = {
        f"a{number}": {"anyOf": [{"$ref": f"#/$defs/a{other}"} for other in range(number)]} for number in range(400)
    }
    before = time.thread_time()
    assert looks({"$defs": defs, "$ref": "#/$defs/a399"}, told=True) == [ENDLESS]
    assert time.thread_time() - before < 10  # a tenth of a second; not a bar
    wide: Any = {"properties": {f"p{number}": {"type": "string"} for number in range(6_000)}}
    assert looks(wide, told=True) == [1, 1]


def deep(levels: int) -> dict[str, Any]:
    return {"a": deep(levels - 1)} if levels else {}


_SELF = {"type": "object", "properties": {"a": {"$ref": "#/$defs/n"}}}
_ALTERNATIVES = {
    "$defs": {"n": {"anyOf": [{**_SELF, "required": ["a", "zz"]}] * 3 + [{**_SELF, "required": ["a"]}]}},
    "$ref": "#/$defs/n",
}
_CHAIN = {
    "$defs": {f"a{number}": {"allOf": [{"$ref": f"#/$defs/a{number + 1}"}] * 2} for number in range(40)}
    | {"a40": {"type": "object"}},
    "$ref": "#/$defs/a0",
}


@pytest.mark.parametrize(
    ("schema", "arguments"), [(_ALTERNATIVES, deep(30)), (_CHAIN, {}), ({"$ref": "#"}, {}), (_ALTERNATIVES, deep(8))]
)
def test_a_schema_cannot_stop_the_daemon(schema: Any, arguments: dict[str, Any]) -> None:
    schemas, text = Schemas(), json.dumps(schema)
    before = time.thread_time()
    schemas.violation(text, arguments, json.dumps(arguments))
    schemas.missing(text, arguments, json.dumps(arguments))
    # Not a bar: without the bound it takes minutes, and then all memory.
    assert time.thread_time() - before < 10


def test_it_is_still_said_that_something_is_wrong_where_the_words_would_take_long() -> None:
    arguments = deep(6)
    assert Schemas().violation(json.dumps(_ALTERNATIVES), arguments, json.dumps(arguments)) == "they do not match it"
