"""Where evidence holds: everywhere, or only for some value of some key of the context. Which key matters is learned."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from hashlib import blake2b
from typing import Final

from ..model.counted import Counted
from ..model.pattern import MAX_SCOPES
from ..native import counts

#: Keys of a context, by name, each with the hash (8 bytes) of key and value.
Scopes = tuple[tuple[str, bytes], ...]

#: Context keys of a tool of which it is known what they tell.
MAX_KEYS: Final = 16
#: Keys of a context that are looked at, by name; their values are told apart by hash.
_KEYS: Final = 8


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


def count_scopes(
    records: dict[bytes, Counted], scopes: Scopes, failed: bool, now: float, half_life: float, weight: float = 1.0
) -> None:
    """Count an outcome in each of its scopes; the least recently used of too many are forgotten."""
    if scopes:
        counts.add_to_scopes(records, scopes, Counted, MAX_SCOPES, failed, now, half_life, weight)


def judge_scopes(
    merits: dict[str, list[float]], rate: Counted, records: dict[bytes, Counted], scopes: Scopes, failed: bool
) -> None:
    """Note by how much each context key's value's record had predicted this better than the record of all."""
    if records:
        counts.judge_scopes(merits, MAX_KEYS, rate, records, scopes, failed)
