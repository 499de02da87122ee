"""Which fields a rule uses, so that nobody reads what nobody asks for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from msgspec import UNSET

from .chaining import paths_of
from .document import Condition, FromField, Policy, Rule, action_of
from .fields import group_of
from .texts import places

#: Every group of facts.
ALL_GROUPS: Final = frozenset({"call", "tool", "pattern", "session", "caller", "time"})


def uses_cel(condition: Condition) -> bool:
    """Whether there is CEL in a condition: it may read every field."""
    inner = [*(condition.all or ()), *(condition.any or ()), *([condition.not_] if condition.not_ is not UNSET else ())]
    return condition.cel is not UNSET or any(uses_cel(one) for one in inner)


def paths_taken(rule: Rule) -> Iterator[str]:
    """The fields whose values a rule derives, or puts into arguments."""
    action = action_of(rule)
    said = getattr(rule.then, action)
    values = said if action == "derive" else getattr(said, "set", None) or getattr(said, "arguments", None) or {}
    yield from (value.from_ for value in values.values() if isinstance(value, FromField))


def paths_said(rule: Rule) -> Iterator[str]:
    """The fields that what a rule gives is filled in with."""
    yield from paths_taken(rule)
    said = getattr(rule.then, action_of(rule))
    for text in (getattr(said, "message", ""), getattr(said, "remedy", "")):
        yield from places(text)


def groups_of(policy: Policy) -> frozenset[str]:
    """The groups of facts that a policy reads; all where CEL may read any."""
    if any(rule.when is not UNSET and uses_cel(rule.when) for rule in policy.rules):
        return ALL_GROUPS
    found = {"call", "caller"} if policy.roles else {"call"}
    for rule in policy.rules:
        found.update(map(group_of, paths_said(rule)))
        if rule.when is not UNSET:
            found.update(map(group_of, paths_of(rule.when)))
    return frozenset(found & ALL_GROUPS)
