"""The table of hints against the parse trees of the patterns: no way through a pattern is without a literal."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import product
from typing import Any

import pytest

# Of Python's own ``re``: there is no public parser of patterns, and what is asked of it here has not changed for years.
from re import _constants as code  # type: ignore[attr-defined]  # isort: skip
from re import _parser as parser  # type: ignore[attr-defined]  # isort: skip

from sidecar.capture.secret_hints import LITERALS
from sidecar.capture.secret_shapes import SHAPES
from sidecar.native import hints

#: Known by their characters, see the kernel.
_NUMBERS = {"card", "iban", "ssn", "phone"}
_MOST_TEXTS = 2_000
_MOST_CHARACTERS = 8
#: What speaks by itself, and rules of which one has to hold for all ways through a pattern; of pairs both.
_RULES = (
    (hints.ALONE | hints.ADDRESS | hints.ENCODED | hints.TAILED | hints.LONG | hints.SPACED,),
    (hints.ASSIGNED,),
    (hints.KEYED,),
    (hints.FIRST, hints.FIRSTS_OTHER),
    (hints.SECOND, hints.SECONDS_OTHER),
)


def texts_of(op: Any, given: Any) -> list[str] | None:
    """All texts that an item of a pattern matches, in lower case; None where they are too many to tell."""
    if op is code.LITERAL:
        return [chr(given).lower()]
    if op is code.AT:
        return [""]
    if op is code.IN:
        found: list[str] = []
        for kind, inner in given:
            if kind is code.LITERAL:
                found.append(chr(inner).lower())
            elif kind is code.RANGE and inner[1] - inner[0] < _MOST_CHARACTERS:
                found += map(chr, range(inner[0], inner[1] + 1))
            else:
                return None
        return found if len(found) <= _MOST_CHARACTERS else None
    if op is code.BRANCH:
        ways = [all_texts(way) for way in given[1]]
        return None if None in ways else [text for way in ways for text in way or ()]
    if op is code.SUBPATTERN:
        return all_texts(given[3])
    if op in (code.MAX_REPEAT, code.MIN_REPEAT) and given[1] <= 2:
        inner_texts = all_texts(given[2])
        if inner_texts is not None:
            return [
                "".join(one) for times in range(given[0], given[1] + 1) for one in product(inner_texts, repeat=times)
            ]
    return None


def all_texts(items: Iterable[tuple[Any, Any]]) -> list[str] | None:
    found = [""]
    for op, given in items:
        more = texts_of(op, given)
        if more is None or len(found) * len(more) > _MOST_TEXTS:
            return None
        found = [one + other for one in found for other in more]
    return found


def needs_one(items: Sequence[tuple[Any, Any]], of: Sequence[str]) -> bool:
    """Whether each match holds one of these: in a row of items that can be told, or inside one that must be there."""
    row = [""]
    for op, given in items:
        if op is code.BRANCH and all(needs_one(list(way), of) for way in given[1]):
            return True
        if op is code.SUBPATTERN and needs_one(list(given[3]), of):
            return True
        if op in (code.MAX_REPEAT, code.MIN_REPEAT) and given[0] and needs_one(list(given[2]), of):
            return True
        more = texts_of(op, given)
        row = [one + other for one in row for other in more] if more and len(row) * len(more) <= _MOST_TEXTS else [""]
        if all(any(literal in text for literal in of) for text in row):
            return True
    return False


def is_covered(pattern: str, literals: Sequence[tuple[bytes, int]]) -> bool:
    items = list(parser.parse(pattern))
    return any(
        all(needs_one(items, [one.decode() for one, when in literals if when & rule]) for rule in rules)
        for rules in _RULES
    )


@pytest.mark.parametrize("number", range(len(SHAPES)), ids=[f"{shape.kind}-{n}" for n, shape in enumerate(SHAPES)])
def test_no_shape_is_without_a_literal(number: int) -> None:
    shape = SHAPES[number]
    assert shape.kind in _NUMBERS or is_covered(shape.pattern, LITERALS)


@pytest.mark.parametrize("literal", "npm_ eyj @ = sk- %40 akia hf_ i_key tkey jwt identified curl -p sig".split())
def test_a_literal_that_is_left_out_is_missed(literal: str) -> None:
    rest = [one for one in LITERALS if one[0].decode() != literal]
    assert len(rest) < len(LITERALS)
    assert not all(shape.kind in _NUMBERS or is_covered(shape.pattern, rest) for shape in SHAPES)


@pytest.mark.parametrize(
    "pattern", ["zz", "(?:npm_|zzz_)x", "(?:sk-)?x", "[np]pm_x", "ghp_|x", "(?:ghp_)*x", "gh[a-z]_"]
)
def test_a_pattern_that_may_do_without_is_told(pattern: str) -> None:
    assert not is_covered(pattern, LITERALS)


@pytest.mark.parametrize(
    "pattern", ["npm_x", "(?:npm_|hf_)x", "(?:sk-)+x", "(?i)NPM_", "gh[pousr]_\\d", "x(?:a|b)?eyJ"]
)
def test_a_pattern_that_cannot_is_told(pattern: str) -> None:
    assert is_covered(pattern, LITERALS)
