"""Which tool a session turns to because another failed: more than it does after that one worked, and than elsewhere.

What comes next after a failure is mostly what would have come next anyway. So it is counted after successes too: the
counts after failures stand with the tool that failed, those after successes with the tool that came (its row is
written anyway). The test is an e-process: the mean likelihood over all rates (Jeffreys' prior) of what came after
failures, over the likelihood at the rate of the reference. At that rate or below, it ever reaches 1/a with probability
at most a (Ville), so it may be looked at after each record. The reference is the upper bound of what was seen there,
with the odds doubled: sessions end more often after a success than after a failure, which alone makes some difference.
"""

from __future__ import annotations

from math import lgamma, log, log1p
from typing import Final, NamedTuple

from ..model.tool import Counts, Tool
from ..store.tables import TOOLS, tool_key
from ..store.transaction import WriteTransaction
from .evidence import wilson
from .session import FAILED, WIDTH
from .view import Outcome, View

#: Tools that are counted after failures of one, and tools after whose successes one is counted.
MAX_SUCCESSORS: Final = 16
MAX_PRECEDED: Final = 24
#: Probability that any of the tools counted after one's failures is offered which comes no more often after them.
ERROR_RATE: Final = 0.05
_ENOUGH: Final = log(MAX_SUCCESSORS / ERROR_RATE)
_FIELDS: Final = 4


class Succession(NamedTuple):
    """How it went when a tool came right after another's failures.

    ``session`` is a number made of the key of the first session (0: none), ``several`` whether there were others.
    """

    worked: int = 0
    failed: int = 0
    session: int = 0
    several: int = 0

    @property
    def times(self) -> int:
        """How often it came."""
        return self.worked + self.failed


def succession_of(counts: list[int]) -> Succession:
    """A succession as it is kept. What was kept before sessions were counted says less, and is begun anew."""
    return Succession(*counts) if len(counts) == _FIELDS else Succession()


def learn_succession(txn: WriteTransaction, view: View, tool: Tool, outcome: Outcome) -> None:
    """Count the call as what came after the one before it in its session. The caller writes ``tool``, the call's."""
    session = view.session
    if session is None or not session.marks or not session.worked:
        return
    before, name = next(reversed(session.worked)), view.call.tool
    failed = session.marks[-1] & FAILED
    if before == name:
        tool.after_failures += bool(failed)
    elif not failed:
        _precede(tool.preceded, before)
    else:
        key = tool_key(before)
        other = txn.get(TOOLS, key)
        if other is not None:
            other.after_failures += 1
            _succeed(other.successors, name, int.from_bytes(view.session_key[:WIDTH]) >> 1, outcome.failed)
            txn.put(TOOLS, key, other)


def answers_failures(tool: Tool, other: Tool, succession: Succession, totals: Counts) -> bool:
    """Whether the other tool comes because this one failed: see the module."""
    times, after_failures = succession.times, tool.after_failures
    elsewhere = max(0, _calls(other.counts) - times), max(0, _calls(totals) - after_failures)
    after_successes = _preceded(other.preceded, tool.descriptor.tool), _worked(tool.counts)
    return all(
        _comes_more(times, after_failures, min(count, of), of) for count, of in (after_successes, elsewhere) if of > 0
    )


def _comes_more(times: int, of: int, reference: int, of_reference: int) -> bool:
    """Whether ``times`` in ``of`` proves a rate above that of the reference."""
    high = wilson(reference / of_reference, float(of_reference)).high
    rate = 2.0 * high / (1.0 + high)  # the odds doubled
    if rate >= 1.0 or times <= of * rate:
        return False
    missed = of - times
    mixed = lgamma(times + 0.5) + lgamma(missed + 0.5) - lgamma(of + 1.0) - 2.0 * lgamma(0.5)
    return mixed - times * log(rate) - missed * log1p(-rate) >= _ENOUGH


def _succeed(successors: dict[str, list[int]], name: str, session: int, failed: bool) -> None:
    known = succession_of(successors.pop(name, []))
    first = known.session or session
    several = known.several or int(session != first)
    successors[name] = [known.worked + (not failed), known.failed + failed, first, several]
    while len(successors) > MAX_SUCCESSORS:
        del successors[next(iter(successors))]


def _precede(preceded: dict[str, int], before: str) -> None:
    """Space-saving (Metwally et al. 2005): of too many, a new one takes the least count over, so none is too low."""
    count = preceded.get(before, 0)
    if not count and len(preceded) >= MAX_PRECEDED:
        count = preceded.pop(min(preceded, key=preceded.__getitem__))
    preceded[before] = count + 1


def _preceded(preceded: dict[str, int], before: str) -> int:
    least = min(preceded.values()) if len(preceded) >= MAX_PRECEDED else 0
    return preceded.get(before, least)


def _worked(counts: Counts) -> int:
    return counts.success + counts.retry


def _calls(counts: Counts) -> int:
    return _worked(counts) + counts.failure + counts.timeout
