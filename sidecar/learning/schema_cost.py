"""How much work a JSON Schema can make of arguments, before it is given any.

A few hundred bytes of schema can ask for more looks than there are atoms: alternatives that refer to themselves double
with each level of the arguments, chains of ``allOf`` without any. Whoever registers a tool could stop the daemon so.
The validator cannot be interrupted, so what it may come to is bounded from the schema.

For each level of the arguments we count how often one value there is looked at, at most: each subschema that applies to
the value adds those that it applies to the same value (``allOf``, ``$ref``, …), and hands those of its properties and
items to the level below. Values of different properties are different values: the most of each subschema counts. All
branches count, though a validator stops at the first that settles it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final
from urllib.parse import unquote

from ..model.call import JSON

#: Levels that arguments can have, see ``capture/arguments.py``.
LEVELS: Final = 65
#: Looks that are as good as endless, and additions after which counting them is given up: a tenth of a second.
ENDLESS: Final = 1 << 40
_MOST_ADDED: Final = 300_000

#: Keywords that apply a subschema, or several, to the value itself. Those that choose are gone through once more, for
#: what is said of each branch, and by ``unevaluated…``.
_ALL: Final = ("allOf",)
_CHOICES: Final = ("anyOf", "oneOf")
_ONE: Final = ("not", "if", "then", "else")
_NAMED: Final = ("dependentSchemas", "dependencies")
#: To each property, or item.
_EACH: Final = (
    "additionalProperties", "unevaluatedProperties", "items", "contains", "unevaluatedItems", "additionalItems",
)  # fmt: skip
_EACH_OF: Final = ("patternProperties", "prefixItems", "items")
#: What only a validator can resolve.
_UNKNOWN: Final = ("$dynamicRef", "$recursiveRef")
_AGAIN: Final = 3


class Unbounded(Exception):  # noqa: N818 - no error: it is an answer
    """The schema cannot be bounded."""


def looks(schema: JSON, *, told: bool) -> list[int]:
    """How often a value on each level of the arguments, from the outermost, is looked at, at most.

    ``told``: by a validator that also tells what is wrong. The list ends before the first level where nothing is looked
    at; it has ``LEVELS`` entries, none above ``ENDLESS``, where there is no such level. ``[ENDLESS]`` where nothing can
    be said.
    """
    try:
        return _Counting(schema, _AGAIN if told else 1).levels()
    except (Unbounded, RecursionError):
        return [ENDLESS]


def most_looks(found: list[int], arguments: JSON, limit: int) -> int:
    """How many looks a schema of ``looks`` may take at arguments; counting ends beyond ``limit``."""
    level, total = [arguments], 0
    for times in found:
        total += times * len(level)
        if total > limit:
            break
        inner: list[JSON] = []
        for value in level:
            if isinstance(value, dict):
                inner.extend(value.values())
            elif isinstance(value, list):
                inner.extend(value)
        level = inner
    return total


class _Counting:
    """``again`` is how often branches are gone through."""

    def __init__(self, root: JSON, again: int) -> None:
        self._root = root
        self._again = again
        self._schemas: dict[int, Any] = {}  # by identity: one that two references lead to is one
        self._whole: dict[int, dict[int, int]] = {}
        self._open: set[int] = set()
        self._added = 0

    def levels(self) -> list[int]:
        at = self._within(self._root)
        count = sum(at.values())
        found: list[int] = []
        while at and len(found) < LEVELS:
            found.append(min(ENDLESS, count))
            at, count = self._below(at)
        return found

    def _within(self, schema: JSON) -> dict[int, int]:
        """The subschemas that apply to a value with this one, and how often; itself among them."""
        if not isinstance(schema, dict):
            return {}  # true and false are no work
        key = id(schema)
        known = self._whole.get(key)
        if known is not None:
            return known
        if key in self._open:
            raise Unbounded
        self._schemas[key] = schema
        self._open.add(key)
        found = {key: 1}
        for inner, times in self._beside(schema):
            self._add(found, self._within(inner), times)
        self._open.discard(key)
        self._whole[key] = found
        return found

    def _beside(self, schema: dict[str, JSON]) -> Iterator[tuple[JSON, int]]:
        """What a subschema applies to the value that it applies to itself, and how often."""
        if any(name in schema for name in _UNKNOWN):
            raise Unbounded
        unevaluated = "unevaluatedProperties" in schema or "unevaluatedItems" in schema
        plain = _AGAIN if unevaluated else 1
        if "$ref" in schema:
            yield self._target(schema["$ref"]), plain
        for name in _ALL:
            yield from ((one, plain) for one in _items(schema.get(name)))
        chosen = max(plain, self._again)
        for name in _CHOICES:
            yield from ((one, chosen) for one in _items(schema.get(name)))
        yield from ((schema[name], chosen) for name in _ONE if name in schema)
        for name in _NAMED:
            yield from ((one, chosen) for one in _values(schema.get(name)))

    def _below(self, at: dict[int, int]) -> tuple[dict[int, int], int]:
        """The subschemas on the next level, how often each applies to one value there, at most, and all of them do."""
        each: dict[int, int] = {}
        named: dict[str, dict[int, int]] = {}
        for key, times in at.items():
            schema = self._schemas[key]
            for name in _EACH:
                self._add(each, self._within(schema.get(name)), times)
            for name in _EACH_OF:
                inner = schema.get(name)
                for one in (*_items(inner), *(_values(inner) if name != "items" else ())):
                    self._add(each, self._within(one), times)
            properties = schema.get("properties")
            if isinstance(properties, dict):
                for name, one in properties.items():
                    self._add(named.setdefault(name, {}), self._within(one), times)
        most: dict[int, int] = {}
        count = sum(each.values()) + max((sum(found.values()) for found in named.values()), default=0)
        for found in named.values():
            for key, times in found.items():
                most[key] = max(most.get(key, 0), times)
        self._add(most, each, 1)
        return most, count

    def _add(self, to: dict[int, int], more: dict[int, int], times: int) -> None:
        self._added += 1 + len(more)
        if self._added > _MOST_ADDED:
            raise Unbounded
        for key, count in more.items():
            to[key] = min(ENDLESS, to.get(key, 0) + times * count)

    def _target(self, reference: JSON) -> JSON:
        """What a reference within the schema leads to. Raises Unbounded for any other."""
        if not isinstance(reference, str) or not (reference == "#" or reference.startswith("#/")):
            raise Unbounded
        found: JSON = self._root
        for part in reference[2:].split("/") if len(reference) > 1 else ():
            name = unquote(part).replace("~1", "/").replace("~0", "~")
            if isinstance(found, dict) and name in found:
                found = found[name]
            elif isinstance(found, list) and name.isdecimal() and int(name) < len(found):
                found = found[int(name)]
            else:
                raise Unbounded
        return found


def _items(value: JSON) -> list[JSON]:
    return value if isinstance(value, list) else []


def _values(value: JSON) -> list[JSON]:
    return list(value.values()) if isinstance(value, dict) else []
