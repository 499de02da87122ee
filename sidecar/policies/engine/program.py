"""Policies as the engine runs them: each rule a conjunction of units, rules packed into rulesets of durable-rules.

A *unit* is a condition that is decided outside the rule engine: one that is no ``all``. Units over fields of the call
are properties of the call's fact; a unit over derived facts is a property of the fact of the latest of them, shown once
nothing can derive it any more. So ``or``, ``not``, patterns and CEL never reach the rule engine, which joins.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from msgspec import UNSET

from ..chaining import derivations, paths_of, rule_levels
from ..document import Condition, FromField, Plain, Policy, Rule
from ..fields import derived_name
from ..resolving import Said, said_by
from . import rete
from .conditions import Test, compiled, every
from .keys import Keys, joined, keys_of


@dataclass(frozen=True, slots=True, eq=False)
class Unit:
    """A condition with its number among all, and the property that it is in facts."""

    number: int
    test: Test
    property: str


@dataclass(slots=True, eq=False)
class Shard:
    """Rules that share a ruleset of durable-rules. It is made when a call first needs it; ``LOCK`` guards it."""

    number: int
    rules: dict[str, rete.Patterns] = field(default_factory=dict)
    properties: set[str] = field(default_factory=set)
    ruleset: rete.Ruleset | None = None

    @property
    def definition(self) -> str:
        """Its rules in durable-rules' form."""
        return rete.definition(self.rules)

    def opened(self) -> rete.Ruleset:
        """Its ruleset."""
        if self.ruleset is None:
            self.ruleset = rete.Ruleset(f"s{self.number}", self.definition)
        return self.ruleset

    def close(self) -> None:
        """Free its ruleset."""
        if self.ruleset is not None:
            ruleset, self.ruleset = self.ruleset, None
            ruleset.close()


@dataclass(frozen=True, slots=True, eq=False)
class CompiledRule:
    """A rule with its units: those of the call, and those that wait for a derived name to be settled."""

    number: int
    policy: int
    rule: Rule
    level: int
    shard: Shard
    units: tuple[Unit, ...]
    waiting: dict[str, tuple[Unit, ...]]
    keys: Keys | None
    #: What it derives; empty where it gives a verdict.
    derives: dict[str, Plain | FromField]
    #: Its name in its ruleset, what it says, and the fact of a call that holds all its units.
    name: str
    said: Said
    whole: str


@dataclass(frozen=True, slots=True, eq=False)
class Program:
    """All policies (by name), their rules, and the rulesets."""

    policies: tuple[Policy, ...]
    rules: tuple[tuple[CompiledRule, ...], ...]
    shards: tuple[Shard, ...]


def program(policies: Sequence[Policy]) -> Program:
    """Compile policies that were checked."""
    ordered = tuple(sorted(policies, key=lambda policy: policy.name))
    maker = _Maker()
    # Policies for the same tools stand together, so that a call needs few rulesets.
    packed = sorted(range(len(ordered)), key=lambda at: (ordered[at].tools, ordered[at].except_tools, at))
    first = 0
    numbers = []
    for policy in ordered:
        numbers.append(first)
        first += len(policy.rules)
    rules: dict[int, tuple[CompiledRule, ...]] = {}
    for at in packed:
        levels = rule_levels(ordered[at])
        rules[at] = maker.rules(ordered[at], at, numbers[at], levels, _settled(ordered[at], levels))
    return Program(ordered, tuple(rules[at] for at in range(len(ordered))), tuple(maker.shards))


def derived_fact(policy: int, name: str) -> str:
    """The kind of the fact that tells what holds of a derived name."""
    return f"d{policy}_{name}"


def policy_property(policy: int) -> str:
    """The property of a call's fact that says that the policy is asked."""
    return f"p{policy}"


class _Maker:
    """Numbers units, and fills rulesets up one after the other."""

    def __init__(self) -> None:
        self.shards: list[Shard] = []
        self._units: dict[tuple[int, str], Unit] = {}

    def rules(
        self, policy: Policy, at: int, first: int, levels: Sequence[int], settled: dict[str, int]
    ) -> tuple[CompiledRule, ...]:
        """The rules of one policy."""
        keys = _policy_keys(policy, levels, settled)
        return tuple(
            self._rule(policy, at, first, index, levels[index], settled, keys[index])
            for index in range(len(policy.rules))
        )

    def _rule(
        self, policy: Policy, at: int, first: int, index: int, level: int, settled: dict[str, int], keys: Keys | None
    ) -> CompiledRule:
        rule = policy.rules[index]
        groups: dict[str, list[Condition]] = {"": []}
        for part in _parts(rule.when) if rule.when is not UNSET else ():
            groups.setdefault(_latest(part, settled), []).append(part)
        while len(groups) > rete.JOINS:  # the earliest are asked with the ones that come after them
            early, late, *_ = sorted((name for name in groups if name), key=lambda name: (settled[name], name))
            groups[late] += groups.pop(early)
        units = {name: tuple(self._units_of(parts, at)) for name, parts in groups.items()}
        patterns: dict[str, Sequence[str]] = {
            "c" if not name else derived_fact(at, name): [one.property for one in of_name]
            for name, of_name in units.items()
        }
        patterns["c"] = [policy_property(at), *patterns["c"]]
        compiled_rule = CompiledRule(
            number=first + index,
            policy=at,
            rule=rule,
            level=level,
            shard=self._shard({one for needed in patterns.values() for one in needed}),
            units=units.pop(""),
            waiting=units,
            keys=keys,
            derives=derivations(rule),
            name=f"r{first + index}",
            said=said_by(policy, rule),
            whole=rete.fact(1, "c", patterns["c"]),
        )
        compiled_rule.shard.rules[compiled_rule.name] = patterns
        return compiled_rule

    def _units_of(self, parts: Sequence[Condition], policy: int) -> Iterator[Unit]:
        """Units of conditions; those beyond what one pattern may hold are one unit."""
        unique = list({repr(part): part for part in parts}.values())  # by what is written: 1 equals true
        split = len(unique) if len(unique) <= rete.TESTS else rete.TESTS - 1
        for part in unique[:split]:
            yield self._unit((part,), policy)
        if split < len(unique):
            yield self._unit(tuple(unique[split:]), policy)

    def _unit(self, parts: tuple[Condition, ...], policy: int) -> Unit:
        derived = any(derived_name(path) is not None for part in parts for path in paths_of(part))
        key = (policy if derived else -1, repr(parts))
        if key not in self._units:
            test = every([compiled(part, policy) for part in parts])
            self._units[key] = Unit(len(self._units), test, f"a{len(self._units)}")
        return self._units[key]

    def _shard(self, properties: set[str]) -> Shard:
        """The ruleset that still has room."""
        shard = self.shards[-1] if self.shards else None
        if (
            shard is None
            or len(shard.rules) >= rete.RULES
            or len(shard.properties | properties) > rete.PROPERTIES
        ):  # fmt: skip
            shard = Shard(len(self.shards))
            self.shards.append(shard)
        shard.properties |= properties
        return shard


def _parts(condition: Condition) -> Iterator[Condition]:
    """What a condition is a conjunction of."""
    if condition.all is not UNSET:
        for one in condition.all:
            yield from _parts(one)
    else:
        yield condition


def _latest(condition: Condition, settled: dict[str, int]) -> str:
    """The derived name in a condition that is settled last; empty where it has none."""
    names = {name for path in paths_of(condition) if (name := derived_name(path)) is not None}
    return max(names, key=lambda name: (settled[name], name), default="")


def _settled(policy: Policy, levels: Sequence[int]) -> dict[str, int]:
    found: dict[str, int] = {}
    for rule, level in zip(policy.rules, levels, strict=True):
        for name in derivations(rule):
            found[name] = max(found.get(name, 0), level)
    return found


def _policy_keys(policy: Policy, levels: Sequence[int], settled: dict[str, int]) -> list[Keys | None]:
    """The keys of a policy's rules: of derived facts, the keys of the rules that derive them."""
    keys: list[Keys | None] = [None] * len(policy.rules)
    derived: dict[str, Keys | None] = {}
    for level in range(1, max(levels) + 1):
        for index, rule in enumerate(policy.rules):
            if levels[index] == level and rule.when is not UNSET:
                keys[index] = keys_of(rule.when, derived)
        for name in (name for name, at in settled.items() if at == level):
            makers = (index for index, rule in enumerate(policy.rules) if name in derivations(rule))
            derived[name] = joined(keys[index] for index in makers)
    return keys
