"""What a rule cannot do without: values of fields by which the few rules that may fire are found among many.

A *key* of a rule is a set of simple tests of which at least one holds whenever the rule fires or fails. They may hold
more often: keys only choose whom to ask. A rule without a key is always asked.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple, TypeAlias

from msgspec import UNSET

from ..document import Condition, Window, operator_of
from ..facts import Scalar
from ..fields import derived_name, kind_of
from ..globs import as_re2
from ..resolving import keyed
from ..windows import number_range
from .conditions import Question
from .pattern_set import PatternSet, pattern_set


class Key(NamedTuple):
    """One simple test of a field: equal to a value, a pattern found, at least or at most a number, or there at all."""

    path: str
    kind: str
    operand: object = None


#: A key, with what it costs to be asked in vain: 0 for a text that equals, more for what holds more often.
Keys: TypeAlias = "tuple[int, frozenset[Key]]"
_COMPARISONS: Final = {"less": "high", "at_most": "high", "more": "low", "at_least": "low"}


def keys_of(condition: Condition, derived: Mapping[str, Keys | None]) -> Keys | None:
    """The best key of a condition; None where there is none. ``derived`` has those of the rules that derive a name."""
    if condition.all is not UNSET:
        found = [keys for one in condition.all if (keys := keys_of(one, derived)) is not None]
        return min(found, key=lambda keys: (keys[0], len(keys[1]))) if found else None
    if condition.any is not UNSET:
        return joined(keys_of(one, derived) for one in condition.any)
    if condition.field is UNSET or condition.exists is False:
        return None
    path = condition.field
    other = condition.equal_field
    names = [name for one in (path, other) if one is not UNSET and (name := derived_name(one)) is not None]
    if names:
        return joined(derived.get(name) for name in names)
    operator = operator_of(condition)
    if operator == "equal":
        return _rank(path, condition.equal), frozenset({Key(path, "equal", keyed(_scalar(condition.equal)))})
    if operator == "in":
        return _rank(path, condition.in_), frozenset(Key(path, "equal", keyed(one)) for one in condition.in_ or ())
    if operator == "glob":
        if not {"*", "?"} & set(str(condition.glob)):
            return 0, frozenset({Key(path, "equal", keyed(str(condition.glob)))})
        return 1, frozenset({Key(path, "pattern", as_re2(str(condition.glob)))})
    if operator == "matches":
        return 1, frozenset({Key(path, "pattern", condition.matches)})
    return _of_order(condition, path, operator)


def joined(parts: Iterable[Keys | None]) -> Keys | None:
    """A key for any of several; None where one has none."""
    rank, keys = 0, frozenset[Key]()
    for part in parts:
        if part is None:
            return None
        rank, keys = max(rank, part[0]), keys | part[1]
    return rank, keys


def _of_order(condition: Condition, path: str, operator: str) -> Keys | None:
    if path == "time":
        return None
    if operator in _COMPARISONS:
        operand = getattr(condition, operator)
        if not isinstance(operand, str):
            return 2, frozenset({Key(path, _COMPARISONS[operator], operand)})
    elif isinstance(condition.within, Window):
        return 2, frozenset({Key(path, "low", number_range(condition.within)[0])})
    others = [] if condition.equal_field is UNSET else [Key(condition.equal_field, "there")]
    return 3, frozenset({Key(path, "there"), *others})


def _rank(path: str, operand: object) -> int:
    return 2 if isinstance(operand, bool) or kind_of(path) == "truth" else 0


def _scalar(value: object) -> Scalar:
    assert isinstance(value, bool | int | float | str)  # noqa: S101  # the operator says so
    return value


class Index:
    """Finds rules (by number) by their keys. Immutable once it is filled."""

    def __init__(self, keys: Mapping[int, Keys | None]) -> None:
        self._always = frozenset(number for number, key in keys.items() if key is None)
        gathered: dict[str, dict[Key, list[int]]] = {}
        for number, key in keys.items():
            for one in key[1] if key is not None else ():
                gathered.setdefault(one.path, {}).setdefault(one, []).append(number)
        self._fields = [_FieldIndex(path, by_key) for path, by_key in gathered.items()]

    def rules(self, question: Question) -> list[int]:
        """The rules that may fire, in order."""
        found = set(self._always)
        for field in self._fields:
            field.add_to(found, question)
        return sorted(found)


class _FieldIndex:
    __slots__ = ("_all", "_equal", "_highs", "_lows", "_ordered", "_path", "_pattern_rules", "_patterns", "_there")

    def __init__(self, path: str, by_key: Mapping[Key, list[int]]) -> None:
        self._path = path
        self._equal = {key.operand: rules for key, rules in by_key.items() if key.kind == "equal"}
        patterns = [(str(key.operand), rules) for key, rules in by_key.items() if key.kind == "pattern"]
        self._patterns: PatternSet | None = pattern_set(tuple(one for one, _ in patterns)) if patterns else None
        self._pattern_rules = [rules for _, rules in patterns]
        self._there = [rule for key, rules in by_key.items() if key.kind == "there" for rule in rules]
        self._lows = _sorted(by_key, "low")
        self._highs = _sorted(by_key, "high")
        self._all = [rule for rules in by_key.values() for rule in rules]
        #: All that compare with numbers: what is no number fails them.
        self._ordered = [*self._lows[1], *self._highs[1]]

    def add_to(self, found: set[int], question: Question) -> None:
        """Add the rules that may fire."""
        values = question.values(self._path)
        if self._path in question.reader.cut:
            found.update(self._all)
            return
        if self._there and question.reader.exists(self._path):
            found.update(self._there)
        for value in values:
            if self._equal:
                hits = self._equal.get(keyed(value))
                if hits is not None:
                    found.update(hits)
            if isinstance(value, str):
                if self._patterns is not None:
                    for at in self._patterns.found(value):
                        found.update(self._pattern_rules[at])
                found.update(self._ordered)
            elif isinstance(value, bool):
                found.update(self._ordered)
            elif self._ordered:
                limits, rules = self._lows
                found.update(rules[: bisect_right(limits, value)])
                limits, rules = self._highs
                found.update(rules[bisect_left(limits, value) :])


def _sorted(by_key: Mapping[Key, list[int]], kind: str) -> tuple[list[float], list[int]]:
    """Limits in rising order, and the rule of each."""
    pairs = sorted(
        (key.operand, rule)
        for key, rules in by_key.items()
        if key.kind == kind and isinstance(key.operand, int | float)
        for rule in rules
    )
    return [limit for limit, _ in pairs], [rule for _, rule in pairs]
