from __future__ import annotations

from typing import Any

import pytest

from sidecar.guard.policy.rewriting import rewritten
from sidecar.policies.verdict import Edit


@pytest.mark.parametrize(
    ("arguments", "path", "value", "expected"),
    [
        ({"a": 1}, "a", 2, {"a": 2}),
        ({}, "a", 2, {"a": 2}),
        ({"a": {"b": 1, "c": 2}}, "a.b", 3, {"a": {"b": 3, "c": 2}}),
        ({}, "a.b", 3, {"a": {"b": 3}}),
        ({"a.b": 1}, "a.b", 3, {"a.b": 3}),
        ({"a.b": {"c": 1}}, "a.b.c", 3, {"a.b": {"c": 3}}),
        ({"a": 1}, "a.b", 3, {"a": {"b": 3}}),
        ({"items": [{"price": 1}, {"price": 2}, 7]}, "items.price", 0, {"items": [{"price": 0}, {"price": 0}, 7]}),
        ({"a": 1, "b": 2}, "a", None, {"b": 2}),
        ({"a": 1}, "b", None, {"a": 1}),
        ({"a": {"b": 1}}, "a.b", None, {"a": {}}),
        ({"a": 1}, "x.y", None, {"a": 1}),
        ({"a": 1}, "tags", ("x", "y"), {"a": 1, "tags": ["x", "y"]}),
    ],
)
def test_an_edit(arguments: dict[str, Any], path: str, value: Any, expected: dict[str, Any]) -> None:
    before = repr(arguments)
    assert rewritten(arguments, [Edit(path, value)]) == expected
    assert repr(arguments) == before


def test_edits_are_made_in_order() -> None:
    assert rewritten({}, [Edit("a", 1), Edit("b", 2), Edit("a", None)]) == {"b": 2}
