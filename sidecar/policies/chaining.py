"""Which derived facts depend on which, and in which order they can be settled.

Derived facts belong to their policy. A rule's *level* is one more than the highest level of the derived facts that it
reads, and a derived fact's level is the highest of the rules that derive it. Circles are refused, so that every chain
ends, and "not" of a derived fact is asked only when nothing can derive it any more (stratified negation; Apt, Blair and
Walker, 1988).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from msgspec import UNSET

from .document import Condition, FromField, Plain, Policy, Rule
from .fields import derived_name

#: The longest chain of derived facts.
MAX_LEVELS: Final = 16
#: Values that one rule may derive for one name, and derivations from fields in one policy: what bounds a chain's width.
MAX_VALUES: Final = 64
MAX_FROM_FIELDS: Final = 64


class ChainError(ValueError):
    """Derived facts in a circle, or a chain that is too long. ``rule`` is the index of a rule in it."""

    def __init__(self, message: str, rule: int) -> None:
        super().__init__(message)
        self.rule = rule


def paths_of(condition: Condition) -> Iterator[str]:
    """The fields that a condition names, CEL aside."""
    if condition.field is not UNSET:
        yield condition.field
    if condition.equal_field is not UNSET:
        yield condition.equal_field
    for inner in (condition.all, condition.any):
        if inner is not UNSET:
            for one in inner:
                yield from paths_of(one)
    if condition.not_ is not UNSET:
        yield from paths_of(condition.not_)


def derivations(rule: Rule) -> dict[str, Plain | FromField]:
    """What the rule derives, by name; nothing where it gives a verdict."""
    return {} if rule.then.derive is UNSET else rule.then.derive


def reads(rule: Rule) -> set[str]:
    """The names of the derived facts that the rule's conditions and derivations read."""
    paths = list(paths_of(rule.when)) if rule.when is not UNSET else []
    paths += [value.from_ for value in derivations(rule).values() if isinstance(value, FromField)]
    return {name for path in paths if (name := derived_name(path)) is not None}


def rule_levels(policy: Policy) -> tuple[int, ...]:
    """The level of each rule, from 1. Raises ChainError."""
    makers: dict[str, list[int]] = {}
    for index, rule in enumerate(policy.rules):
        for name in derivations(rule):
            makers.setdefault(name, []).append(index)
    levels: dict[str, int] = {}
    needs = {name: set().union(*(reads(policy.rules[index]) for index in rules)) for name, rules in makers.items()}
    left = dict(needs)
    while left:
        ready = [name for name, names in left.items() if all(one in levels or one not in makers for one in names)]
        if not ready:
            circle = _circle(left)
            path = " → ".join(f"derived.{name}" for name in circle)
            raise ChainError(f"derived facts go in a circle: {path}", makers[circle[0]][0])
        for name in ready:
            levels[name] = 1 + max((levels.get(one, 0) for one in left.pop(name)), default=0)
            if levels[name] > MAX_LEVELS:
                raise ChainError(f"the chain to derived.{name} is longer than {MAX_LEVELS} levels", makers[name][0])
    return tuple(1 + max((levels.get(name, 0) for name in reads(rule)), default=0) for rule in policy.rules)


def _circle(left: dict[str, set[str]]) -> list[str]:
    """A circle among names that wait for each other; the first name stands again at the end."""
    seen: list[str] = [min(left)]
    while True:
        following = min(name for name in left[seen[-1]] if name in left)
        if following in seen:
            return [*seen[seen.index(following) :], following]
        seen.append(following)
