"""The JSON Schema of policy documents, made from the records that they are read into.

``python -m sidecar.policies.schema > docs/policies/policy.schema.json`` publishes it; a test holds both together.
"""

from __future__ import annotations

import inspect
import sys
from typing import Any, Final

import msgspec

from .document import ACTIONS, OPERATORS, Policy
from .fields import KNOWN

#: Where editors find it: the name in the ``$schema`` comment of the examples.
ID: Final = "https://forewarn.dev/schemas/policy.schema.json"
_KINDS: Final = ("all", "any", "not", "cel")


def policy_schema() -> dict[str, Any]:
    """The schema (JSON Schema 2020-12). What a form cannot say, like chains, is left to ``loading.check``."""
    (top,), parts = msgspec.json.schema_components([Policy], ref_template="#/$defs/{name}")
    assert top == {"$ref": "#/$defs/Policy"}  # noqa: S101  # it is a struct
    for part in parts.values():
        if "description" in part:
            # CPython 3.13 takes the margin off docstrings, earlier ones do not.
            part["description"] = inspect.cleandoc(part["description"])
    condition, then, policy = parts["Condition"], parts["Then"], parts["Policy"]
    condition["oneOf"] = [
        *({"required": [name]} for name in _KINDS),
        *({"required": ["field", name]} for name in OPERATORS),
    ]
    then["minProperties"] = then["maxProperties"] = 1
    assert set(then["properties"]) == set(ACTIONS)  # noqa: S101
    path = {
        "description": "A field, see docs/policies.md",
        "anyOf": [
            {"enum": sorted(KNOWN)},
            {"type": "string", "pattern": r"^(call\.arguments|call\.context|derived)\.[^.]", "maxLength": 256},
        ],
    }
    for record, name in (("Condition", "field"), ("Condition", "equal_field"), ("FromField", "from")):
        parts[record]["properties"][name] = path
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": ID,
        "title": "Forewarn policy",
        **policy,
        "$defs": {name: part for name, part in parts.items() if name != "Policy"},
    }


def as_text() -> str:
    """The schema as it is published."""
    return msgspec.json.format(msgspec.json.encode(policy_schema()), indent=2).decode() + "\n"


if __name__ == "__main__":
    sys.stdout.write(as_text())
