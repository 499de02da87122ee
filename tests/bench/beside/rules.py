"""The same 200 rules, and the same calls, in the words of each program.

Each rule denies calls of one tool on one condition that all can say: a text is equal, a number is at least so large, a
regular expression is found.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

TOOL: Final = "update_order"
COUNT: Final = 200

#: A field, an operator and a value.
Condition = tuple[str, str, str | int]
Arguments = dict[str, str | int]


def conditions() -> list[Condition]:
    """The conditions of all rules, each sort in turn."""
    found: list[Condition] = []
    for number in range(COUNT // 4):
        found += [
            ("order_id", "equal", f"#W{number:04}"),
            ("amount", "at_least", 10_000 + number),
            ("status", "equal", f"state-{number}"),
            ("note", "matches", f"ticket-{number}[0-9]"),
        ]
    return found


def calls(count: int = 100) -> list[Arguments]:
    """Arguments of calls. Two in ten break a rule, and no more than one."""
    return [
        {
            "order_id": f"#W{number % 50:04}" if number % 10 == 3 else f"#X{number:04}",
            "amount": 10_000 if number % 10 == 7 else number,
            "status": "open",
            "note": "a customer asked for this by telephone",
        }
        for number in range(count)
    ]


def denied(arguments: Arguments) -> bool:
    """What all of them must say."""
    return str(arguments["order_id"]).startswith("#W") or int(arguments["amount"]) >= 10_000


def forewarn_policy() -> str:
    """One policy with all rules; YAML is a superset of JSON."""
    rules = [
        {
            "name": f"rule-{number}",
            "when": {"field": f"call.arguments.{field}", operator: value},
            "then": {"prevent": {"message": f"rule {number} says no"}},
        }
        for number, (field, operator, value) in enumerate(conditions())
    ]
    return json.dumps({"policy": "orders", "tools": [TOOL], "mode": "enforce", "rules": rules})


def forewarn_policies(count: int) -> dict[str, str]:
    """As many policies of one rule, each for a tool of its own; the first is about ``TOOL``."""
    found = {}
    for number, (field, operator, value) in enumerate(conditions()[:count]):
        rule = {
            "name": "only",
            "when": {"field": f"call.arguments.{field}", operator: value},
            "then": {"prevent": {"message": "no"}},
        }
        document = {
            "policy": f"policy-{number}",
            "tools": [TOOL if not number else f"{TOOL}_{number}"],
            "mode": "enforce",
            "rules": [rule],
        }
        found[f"policy-{number}.yaml"] = json.dumps(document)
    return found


def toolkit_policy() -> dict[str, object]:
    """The rules as agent-governance-toolkit-core has them."""
    operators = {"equal": "eq", "at_least": "gte", "matches": "matches"}
    return {
        "version": "1.0",
        "name": "orders",
        "rules": [
            {
                "name": f"rule-{number}",
                "condition": {"field": field, "operator": operators[operator], "value": value},
                "action": "deny",
                "priority": 0,
                "message": f"rule {number} says no",
            }
            for number, (field, operator, value) in enumerate(conditions())
        ],
        "defaults": {"action": "allow"},
    }


def cerbos_policies(folder: Path, *, one_tool: bool) -> None:
    """The rules as Cerbos has them: all for one tool, or a tool with a policy of one rule each."""
    folder.mkdir(parents=True, exist_ok=True)
    rules = [_cerbos_rule(number, *condition) for number, condition in enumerate(conditions())]
    if one_tool:
        _write_cerbos(folder / "orders.json", TOOL, rules)
        return
    for number, rule in enumerate(rules):
        _write_cerbos(folder / f"policy-{number}.json", TOOL if not number else f"{TOOL}_{number}", [rule])


def _cerbos_rule(number: int, field: str, operator: str, value: str | int) -> dict[str, object]:
    attribute, literal = f"request.resource.attr.{field}", json.dumps(value)
    expression = {
        "equal": f"{attribute} == {literal}",
        "at_least": f"{attribute} >= {literal}",
        "matches": f"{attribute}.matches({literal})",
    }[operator]
    return {
        "name": f"rule-{number}",
        "actions": ["call"],
        "effect": "EFFECT_DENY",
        "roles": ["*"],
        "condition": {"match": {"expr": expression}},
    }


def _write_cerbos(file: Path, tool: str, rules: list[dict[str, object]]) -> None:
    allowed = {"name": "allowed", "actions": ["call"], "effect": "EFFECT_ALLOW", "roles": ["*"]}
    policy = {"resource": tool, "version": "default", "rules": [allowed, *rules]}
    file.write_text(json.dumps({"apiVersion": "api.cerbos.dev/v1", "resourcePolicy": policy}))
