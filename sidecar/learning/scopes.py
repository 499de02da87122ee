"""Where evidence holds: everywhere, or only for some value of some key of the context. Which key matters is learned."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from hashlib import blake2b
from math import log
from typing import Final

from ..model.counted import Counted, add_to_each
from ..model.pattern import MAX_SCOPES
from .tool_model import MAX_KEYS

Scopes = Sequence[tuple[str, bytes]]

#: Keys of a context that are looked at, by name; their values are told apart by hash.
_KEYS: Final = 8
_STRENGTH: Final = 1.0
_STRENGTH_THROUGH: Final = 2.0
#: How fast the record of a context key forgets: it remembers about 200 calls.
_MEMORY: Final = 0.995
#: A scope with this share of all evidence is no scope.
_NEARLY_ALL: Final = 0.98


def scopes_of(context: Mapping[str, str]) -> Scopes:
    """The context's keys, each with the hash of key and value."""
    return _scopes_of(tuple(context.items())) if context else ()


@lru_cache(maxsize=1_024)
def _scopes_of(context: tuple[tuple[str, str], ...]) -> Scopes:
    """Contexts repeat from call to call, and hashing eight values takes 10 µs."""
    return tuple(
        (key, blake2b(f"{key}\0{value}".encode("utf-8", "replace"), digest_size=8).digest())
        for key, value in sorted(context)[:_KEYS]
    )


def telling(merits: Mapping[str, Sequence[float]], scopes: Scopes) -> list[bytes]:
    """The context's values whose keys have told something so far, the most telling first."""
    found = []
    for key, value in scopes:
        merit = merits.get(key)
        if merit is not None and merit[0] > 0.0:
            found.append((-merit[0], value))
    if len(found) > 1:
        found.sort()
    return [value for _, value in found]


def best_scope(
    merits: Mapping[str, Sequence[float]], records: Mapping[bytes, Counted], scopes: Scopes
) -> Counted | None:
    """The record of the context value whose key has told most so far; None when none tells anything."""
    best, found = 0.0, None
    if records and merits:
        for key, value in scopes:
            record = records.get(value)
            merit = merits.get(key)
            if record is not None and merit is not None and merit[0] > best:
                best, found = merit[0], record
    return found


def inside(everywhere: Counted, scope: Counted, prior: float) -> float:
    """The failure rate in a scope, shrunk to the rate outside of it, so that no evidence counts twice."""
    here, failed_here = scope.successes, scope.failures
    successes, failures = everywhere.successes - here, everywhere.failures - failed_here
    successes = max(successes, 0.0)
    failures = max(failures, 0.0)
    outside = (failures + _STRENGTH * prior) / (successes + failures + _STRENGTH)
    return (failed_here + _STRENGTH * outside) / (here + failed_here + _STRENGTH)


def through(p: float, everywhere: float, records: Mapping[bytes, Counted], scopes: Scopes) -> float | None:
    """The failure rate here: ``p``, known from ``everywhere`` calls, shrunk to by each scope in turn, widest first."""
    found = []
    for _, value in scopes:
        record = records.get(value)
        if record is not None:
            failures = record.failures
            found.append((-record.successes - failures, failures))
    if not found:
        return None
    found.sort()
    wider = everywhere
    for minus, failures in found:
        total = -minus
        if total < _NEARLY_ALL * wider:
            wider = total
            p = (failures + _STRENGTH_THROUGH * p) / (total + _STRENGTH_THROUGH)
    return p


def count_scopes(
    records: dict[bytes, Counted], scopes: Scopes, failed: bool, now: float, half_life: float, weight: float = 1.0
) -> None:
    """Count an outcome in each of its scopes; the least recently used of too many are forgotten."""
    if not scopes:
        return
    counted = []
    for _, value in scopes:
        record = records.pop(value, None)
        if record is None:
            record = Counted()
        records[value] = record
        counted.append(record)
    add_to_each(counted, failed, now, half_life, weight)
    while len(records) > MAX_SCOPES:
        del records[next(iter(records))]


def judge_scopes(
    merits: dict[str, list[float]], rate: Counted, records: Mapping[bytes, Counted], scopes: Scopes, failed: bool
) -> None:
    """Note by how much each context key's value's record had predicted this better than the record of all."""
    p_all = rate.mean(0.5, _STRENGTH)
    loss_all = -log(p_all if failed else 1.0 - p_all)
    for key, value in scopes:
        record = records.get(value)
        if record is None:
            continue
        p = inside(rate, record, 0.5)
        gain = loss_all + log(p if failed else 1.0 - p)
        merit = merits.get(key)
        if merit is None:
            if len(merits) >= MAX_KEYS:
                continue
            merit = merits[key] = [0.0, 0.0]
        merit[0] = merit[0] * _MEMORY + gain
        merit[1] = merit[1] * _MEMORY + 1.0
