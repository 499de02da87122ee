"""Policies and calls made at random: small worlds, so that conditions hold often, with what is hostile in them."""

from __future__ import annotations

from random import Random
from typing import Any

import msgspec

from sidecar.model.call import JSON
from sidecar.policies.document import Policy
from sidecar.policies.facts import CallerFacts, CallFacts, Facts, PatternFacts, SessionFacts, ToolFacts

TOOLS = ["db.read", "db.write", "db.drop", "fs.read", "mail", "Ünïcode.tööl", ""]
TOOL_GLOBS = ["*", "db.*", "db.?rop", "fs.read", "*read", "mail", "Ü*", "nobody"]
TEXTS = [
    "production",
    "prod",
    "",
    "1",
    "true",
    "日本",
    "e\u0301",
    "é",
    "a.b",
    "DROP TABLE x",
    "ßtraße",
    '"\\\n',
    "\0x",
    "null",
]
NUMBERS: list[int | float] = [
    0, 1, 1.0, -1, 0.1, 2**63 - 1, -(2**63), 1e-300, 1e300, 1e16, 1e15 + 0.5, 5, 100, -0.0, 1.5, 3,
]  # fmt: skip
ABSURD: list[int | float] = [*NUMBERS, 2**63, 2**64, 10**30, -(10**400)]
KEYS = ["env", "n", "items", "a", "a.b", "deep", "sql", "日"]
PATHS = [f"call.arguments.{key}" for key in KEYS] + [
    "call.arguments.deep.x", "call.arguments.a.b", "call.arguments.*", "call.arguments.items.price",
    "call.arguments.none", "call.context.env", "call.context.*",
]  # fmt: skip
TEXT_PATHS = ["call.tool", "caller.roles", "session.done", "session.last_tool", "pattern.codes", "call.context.env"]
NUMBER_PATHS = [
    "session.calls",
    "session.seconds_since_last",
    "pattern.failure_probability",
    "tool.age",
    "call.attempt",
]
TRUTH_PATHS = ["tool.destructive", "pattern.known", "session.last_failed"]
PATTERNS = ["(?i)drop", "^prod", "^$", "[0-9]+", "日", r"\.", "^.$", "x*"]
GLOBS = ["*", "prod*", "?", "", "*1*", "日*", "a.b", "production", "*\n"]
NAMES = ["risk", "owner", "n", "level_2", "x"]
CELS = [
    "size(call.arguments.items) > 1",
    'call.tool.startsWith("db.")', "call.arguments.n > 3", "has(call.arguments.env)",
    'caller.roles.exists(r, r == "admin")', "session.calls + 1 > 5", 'call.arguments.sql.matches("(?i)drop")',
]  # fmt: skip


def policies(random: Random, count: int = 4) -> tuple[Policy, ...]:
    """A set of policies that passes the checks, whatever it says."""
    made = [policy(random, f"p{number}") for number in range(random.randint(1, count))]
    if random.random() < 0.3:  # the same conditions in two policies, over facts that each derives by itself
        twin = {**made[0], "policy": "twin", "mode": "enforce", "tools": ["*"]}
        derives = [rule for rule in twin["rules"] if "derive" in rule["then"]]
        twin["rules"] = [
            {**rule, "when": _condition(random, [], 1)} if rule in derives else rule for rule in twin["rules"]
        ]
        made.append(twin)
    return tuple(msgspec.convert(one, Policy) for one in made)


def policy(random: Random, name: str) -> dict[str, Any]:
    """A policy as it would stand in YAML: rules derive level after level, so that there are no circles."""
    made: list[str] = []
    rules: list[dict[str, Any]] = []
    for _ in range(random.choice([0, 0, 1, 2, 3, 4])):
        names = random.sample(NAMES, random.randint(1, 2))
        names = [one for one in names if one not in made]
        if names:
            derive = {one: _value(random, made) for one in names}
            rules += [_rule(random, len(rules) + at, made, {"derive": derive}) for at in range(random.randint(1, 2))]
            made += names
    rules += [_rule(random, len(rules) + at, made, _verdict(random, made)) for at in range(random.randint(1, 4))]
    random.shuffle(rules)
    document: dict[str, Any] = {
        "policy": name,
        "rules": rules,
        "mode": random.choice(["shadow", "warn", "enforce", "enforce", "enforce", "off"]),
        "failure_mode": random.choice(["open", "closed"]),
        "priority": random.choice([0, 0, 10, -5]),
    }
    if random.random() < 0.6:
        document["tools"] = random.sample(TOOL_GLOBS, random.randint(1, 3))
    if random.random() < 0.2:
        document["except_tools"] = [random.choice(TOOL_GLOBS)]
    if random.random() < 0.2:
        document["roles"] = [random.choice(["admin", "a*", "agent"])]
    if random.random() < 0.2:
        document["scope"] = {"context": {"env": random.choice(["prod*", ["prod", "x"]])}}
    if random.random() < 0.2:
        document["enforce_percent"] = random.choice([0, 30, 50.5, 100])
    if random.random() < 0.1:
        document["valid"] = {"from": "2026-01-01", "until": "2026-06-01T12:00:00+02:00"}
    return document


def facts(random: Random) -> Facts:
    """A call with what is known around it."""
    arguments = {key: _json(random, 2) for key in random.sample(KEYS, random.randint(0, 5))}
    return Facts(
        CallFacts(
            random.choice(TOOLS),
            arguments,
            {"env": random.choice(TEXTS)} if random.random() < 0.6 else {},
            session=random.choice(["", "s1", "s2", "日"]),
            attempt=random.choice([0, 1, 3]),
        ),
        ToolFacts(destructive=random.random() < 0.5, age=random.choice([0.0, 1.5, 1e300])),
        PatternFacts(
            known=random.random() < 0.5, failure_probability=random.choice([0.0, 0.5, 1.0, float("nan")]),
            codes=tuple(random.sample(TEXTS, random.randint(0, 2))),
        ),
        SessionFacts(
            calls=random.choice([0, 1, 5, 2**63]), seconds_since_last=random.choice([None, 0.0, 3.0]),
            done=tuple(random.sample(TOOLS, random.randint(0, 2))), last_tool=random.choice(TOOLS),
        ),
        CallerFacts(random.choice(TEXTS), tuple(random.sample(["admin", "agent", "日本"], random.randint(0, 2)))),
        unknown=tuple(random.sample(["tool", "pattern", "session"], random.choice([0, 0, 0, 0, 0, 0, 1, 2]))),
    )  # fmt: skip


def moments(random: Random) -> float:
    """A time, now and then an absurd one."""
    return random.choice([1_780_000_000.0, 1_772_000_000.0 + random.random() * 3e7, 0.0, -1e18, 1e18])


def _rule(random: Random, number: int, made: list[str], then: dict[str, Any]) -> dict[str, Any]:
    rule: dict[str, Any] = {"name": f"r{number}", "then": then}
    if random.random() < 0.92:
        rule["when"] = _condition(random, made, 3)
    if random.random() < 0.2:
        rule["priority"] = random.choice([0, 5, 20])
    return rule


def _condition(random: Random, made: list[str], depth: int) -> dict[str, Any]:
    roll = random.random()
    if depth and roll < 0.3:
        if random.random() < 0.1:  # what is equal in Python and is not the same
            path = random.choice(PATHS[:8])
            return {"all": [{"field": path, "equal": 1}, {"field": path, "equal": True}]}
        return {"all": [_condition(random, made, depth - 1) for _ in range(random.randint(1, 3))]}
    if depth and roll < 0.42:
        return {"any": [_condition(random, made, depth - 1) for _ in range(random.randint(1, 3))]}
    if depth and roll < 0.52:
        return {"not": _condition(random, made, depth - 1)}
    if roll < 0.55:
        return {"cel": random.choice(CELS)}
    if roll < 0.6:
        return {"field": "time", "within": random.choice([
            {"from": "09:00", "to": "17:00", "days": ["mon", "tue"]},
            {"from": "22:00", "to": "06:00", "zone": "Europe/Berlin"},
            {"days": ["sun"], "zone": "Asia/Tokyo"}, {"from": "2026-03-01", "to": "2026-08-01"},
        ])}  # fmt: skip
    return _leaf(random, made)


def _leaf(random: Random, made: list[str]) -> dict[str, Any]:
    derived = [f"derived.{name}" for name in made]
    roll = random.random()
    if derived and roll < 0.35:
        path, kinds = random.choice(derived), ["equal", "in", "order", "text", "exists", "fields", "range"]
    elif roll < 0.75:
        path, kinds = random.choice(PATHS), ["equal", "in", "order", "text", "exists", "fields", "range"]
    elif roll < 0.85:
        path, kinds = random.choice(TEXT_PATHS), ["text", "exists"]
    elif roll < 0.95:
        path, kinds = random.choice(NUMBER_PATHS), ["range", "number"]
    else:
        return {"field": random.choice(TRUTH_PATHS), "equal": random.random() < 0.5}
    if path.startswith("call.context"):
        kinds = ["text", "exists"]
    kind = random.choice(kinds)
    if kind == "equal":
        return {"field": path, "equal": _plain(random)}
    if kind == "in":
        return {"field": path, "in": [_plain(random) for _ in range(random.randint(1, 4))]}
    if kind == "order":
        operand: Any = random.choice(TEXTS) if random.random() < 0.3 else random.choice(NUMBERS)
        return {"field": path, random.choice(["less", "at_most", "more", "at_least"]): operand}
    if kind == "number":
        return {"field": path, random.choice(["less", "at_most", "more", "at_least", "equal"]): random.choice(NUMBERS)}
    if kind == "text":
        if random.random() < 0.5:
            return {"field": path, "glob": random.choice([one for one in GLOBS if one])}
        return {"field": path, "matches": random.choice(PATTERNS)}
    if kind == "exists":
        return {"field": path, "exists": random.random() < 0.6}
    if kind == "range":
        low, high = sorted(random.sample(NUMBERS, 2))
        return {"field": path, "within": random.choice([{"from": low, "to": high}, {"from": low}, {"to": high}])}
    other = random.choice([*derived, *(one for one in PATHS if "*" not in one and "context" not in one)])
    return {"field": path, "equal_field": other}


def _plain(random: Random) -> Any:
    return random.choice([random.choice(TEXTS), random.choice(NUMBERS), random.random() < 0.5])


def _value(random: Random, made: list[str]) -> Any:
    if random.random() < 0.4:
        return {
            "from": random.choice(
                [*PATHS, "session.calls", "caller.roles", "time.hour", *(f"derived.{one}" for one in made)]
            )
        }
    return _plain(random)


def _verdict(random: Random, made: list[str]) -> dict[str, Any]:
    fields = ["call.tool", "call.arguments.env", "time.weekday", *(f"derived.{one}" for one in made)]
    message = f"because {{{random.choice(fields)}}}" if random.random() < 0.5 else "because"
    kind = random.choice(["prevent", "prevent", "warn", "allow", "require", "suggest", "rewrite"])
    if kind == "require":
        approvers = random.sample(["ops", "dba", "lead"], random.randint(0, 2))
        return {
            "require_approval": {
                "message": message, "approvers": approvers, "expires_seconds": random.randint(1, 9),
                "uses": random.choice([1, 1, 2, 1_000]),
            }
        }  # fmt: skip
    if kind == "suggest":
        return {
            "suggest_alternative": {"message": message, "tool": "db.read", "arguments": {"n": _value(random, made)}}
        }
    if kind == "rewrite":
        return {"rewrite_argument": {"message": message, "set": {"limit": _value(random, made)}, "remove": ["a.b"]}}
    return {kind: {"message": message}}


def _json(random: Random, depth: int) -> JSON:
    roll = random.random()
    if depth and roll < 0.15:
        count = 70 if random.random() < 0.05 else random.randint(0, 3)
        return [_json(random, depth - 1) for _ in range(count)] if count < 70 else list(range(count))
    if depth and roll < 0.3:
        return {
            key: _json(random, depth - 1) for key in random.sample(["x", "b", "price", "a.b"], random.randint(0, 2))
        }
    if roll < 0.33:
        return None
    if roll < 0.36:
        mixed: list[list[JSON]] = [[1, True], [1.0], [True], [1, "1"]]
        return random.choice(mixed)
    if roll < 0.38:
        return "\ud800 lone"
    if roll < 0.6:
        return random.choice(ABSURD)
    if roll < 0.7:
        return random.random() < 0.5
    return random.choice(TEXTS)
