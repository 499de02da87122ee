"""Reading metrics: point reads, whatever the size of the journal."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Final, NamedTuple

from ..model.knowledge import Neighbours, Usage, WorkflowTotals
from ..store.reader import Reader
from ..store.tables import after_prefix
from .calibration import probabilities
from .intervals import Share, share
from .tables import KEPT, TOGETHER, TOTALS, USAGE, together_key, usage_key

#: Workflows that must have used two entities together before that is told with a recommendation.
LEAST_TOGETHER: Final = 2


class CoUsage(NamedTuple):
    """That another entity is used together with one. ``lift`` is 1 where the two have nothing to do with each other."""

    id: str
    times: int
    share: Share
    lift: float


def usage_of(reader: Reader, entity_id: str, scope: str = "") -> Usage | None:
    """How an entity was used, over all or in a scope; None where it was not, and was not recommended."""
    return reader.get(USAGE, usage_key(KEPT, entity_id, scope))


def scopes_of(reader: Reader, entity_id: str, start: bytes = b"") -> Iterator[tuple[bytes, Usage]]:
    """How an entity was used in each scope, by the scope's name; keys go on from ``start``."""
    prefix = usage_key(KEPT, entity_id)
    # The row over all is the prefix itself.
    return reader.scan(USAGE, max(start, prefix + b"\0"), after_prefix(prefix))


def scope_of(entity_id: str, key: bytes) -> str:
    """The scope in a key of ``scopes_of``."""
    return key[len(usage_key(KEPT, entity_id)) :].decode("utf-8", "surrogatepass")


def totals_of(reader: Reader) -> WorkflowTotals:
    """What was counted over all workflows."""
    return reader.get(TOTALS, KEPT) or WorkflowTotals()


def curve_of(reader: Reader) -> list[float]:
    """The probability of use by bins of relevance."""
    totals = totals_of(reader)
    return probabilities(totals.shown, totals.used)


def used_together(
    reader: Reader, entity_id: str, limit: int, *, least: int = 1, without: Collection[str] = ()
) -> list[CoUsage]:
    """What workflows that used an entity also used, most often first."""
    neighbours = reader.get(TOGETHER, together_key(KEPT, entity_id)) or Neighbours()
    often = sorted(
        ((times, other) for other, times in neighbours.times.items() if times >= least and other not in without),
        key=lambda pair: (-pair[0], pair[1]),
    )[:limit]
    if not often:
        return []
    own = usage_of(reader, entity_id) or Usage()
    using = totals_of(reader).using
    found = []
    for times, other in often:
        theirs = usage_of(reader, other) or Usage()
        measured = share(times, own.times_used)
        if measured is not None and theirs.times_used:
            found.append(CoUsage(other, times, measured, measured.value * using / theirs.times_used))
    return found
