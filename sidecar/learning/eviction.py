"""Keeping what predicts when there is too much: sampled eviction, as caches do it.

A few neighbours of a pseudo-random key are looked at and the least valuable goes. That costs the same however much
is stored, needs no index, and over time keeps the valuable. The key comes from the transaction's own number, so that
a job that runs again evicts the same.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from math import inf
from typing import Final, TypeVar

from ..model.pattern import UsagePattern
from ..model.vocabulary import Level
from ..store.tables import Table, after_prefix
from ..store.transaction import WriteTransaction
from .rates import KindRate
from .tables import RATES

V = TypeVar("V")

SAMPLE: Final = 12
#: Rates kept of one tool, of kinds of calls, endings, turns and words; and how many a record evicts at most.
MAX_KINDS: Final = 16_000
MAX_EVICTED: Final = 24
#: Of these there are few for each tool and server; grounds have a limit of their own, see ``grounds.py``.
_FEW: Final = frozenset((Level.TOOL, Level.SERVER, Level.GROUND))
_HALF_LIFE: Final = 14 * 86_400.0


def evict_one(
    txn: WriteTransaction, table: Table[V], prefix: bytes, value: Callable[[V], float], spare: frozenset[bytes]
) -> bytes | None:
    """Delete the least valuable of a sample of the rows under ``prefix``, never one of ``spare``; give its key.

    None, and nothing deleted, where all that was looked at is to be kept.
    """
    seed = hashlib.blake2b(prefix + txn.commit_sequence.to_bytes(8, "big") + b"".join(sorted(spare)), digest_size=16)
    stop = after_prefix(prefix)
    sample = [
        row for row in txn.scan(table, prefix + seed.digest(), stop, limit=SAMPLE + len(spare)) if row[0] not in spare
    ]
    if len(sample) < SAMPLE:
        sample += [row for row in txn.scan(table, prefix, stop, limit=SAMPLE + len(spare)) if row[0] not in spare]
    if not sample:
        return None
    worth, worst = min((value(row), key) for key, row in sample)
    if worth == inf:
        return None
    txn.delete(table, worst)
    return worst


def evict_rates(txn: WriteTransaction, prefix: bytes, spare: frozenset[bytes], count: int) -> int:
    """The same for up to ``count`` rates at once, the least valuable of one sample twice that size; how many went."""
    seed = hashlib.blake2b(prefix + txn.commit_sequence.to_bytes(8, "big") + b"".join(sorted(spare)), digest_size=16)
    stop = after_prefix(prefix)
    limit = max(SAMPLE, 2 * count) + len(spare)
    sample = dict(txn.scan(RATES, prefix + seed.digest(), stop, limit=limit))
    if len(sample) < limit:
        sample.update(txn.scan(RATES, prefix, stop, limit=limit))
    worst = sorted((kind_value(rate), key) for key, rate in sample.items() if key not in spare)[:count]
    for _, key in worst:
        txn.delete(RATES, key)
    return len(worst)


def pattern_value(now: float, epoch: int) -> Callable[[UsagePattern], float]:
    """How much a pattern is worth keeping: its evidence and its use, fading with the time since it last failed."""

    def value(pattern: UsagePattern) -> float:
        if (pattern.suspended and not pattern.automatic) or pattern.level in _FEW:
            return inf  # an administrator's word is not forgotten for want of space; the others are few
        if pattern.epoch < epoch:
            return 0.0
        worth = 1.0 + pattern.failures + pattern.successes + 4.0 * pattern.prevented
        return float(worth * 0.5 ** (max(0.0, now - pattern.last_time) / _HALF_LIFE))

    return value


def kind_value(rate: KindRate) -> float:
    """How much the record of calls that share something is worth keeping: most, where an error named that."""
    return rate.rate.total if rate.named is None else rate.rate.total + 4.0 * rate.named.total
