"""The very call failed in earlier sessions, here or anywhere. Which context key's value counts as "here" is learned.

Attempts of one call within a session are one episode: an agent that tries ten times has not shown ten failures.
"""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import blake2b
from math import log, log1p

from ...model.counted import Counted
from ...model.pattern import MAX_SCOPES, UsagePattern
from ...model.vocabulary import Level
from ..describe import evidence_of, quoted, times
from ..detector import Finding
from ..evidence import logit
from ..half_life import half_life_of
from ..tool_model import MAX_KEYS
from ..view import Outcome, View

_STRENGTH = 1.0
#: What passes by itself is the tool's, seldom the arguments': a query can time out each time, but that has to show.
_TRANSIENT_WEIGHT = 0.25
#: How fast the record of a context key forgets: it remembers about 200 calls.
_MEMORY = 0.995
#: Keys with values longer than this are no scope; values are told apart by hash.
_SCOPE_KEYS = 8


class KnownCall:
    """See the module."""

    code = "known_call"
    features = (
        ("known_all", 0.8),  # log-odds of the call's record in other sessions over the base
        ("known_scope", 0.8),  # its record in the most telling context value over that
        ("known_last", 0.4),  # +1 when the last episode failed, −1 when it passed
        ("known_age", -0.05),  # log of hours since
        ("known_transient", -0.5),  # the last failure was of a transient sort
    )

    def propose(self, view: View, x: list[float], at: int) -> None:
        """The call's record, without this session's own episode, which is no news."""
        pattern = view.known_call()
        if pattern is None:
            return
        successes, failures = pattern.rate.faded(view.now, half_life_of(pattern.transient))
        here = view.seen >= 0 and view.session is not None
        if view.session is not None and here:
            if view.session.first_failed(view.features.fingerprint[:8]):
                failures = max(0.0, failures - 1.0)
            else:
                successes = max(0.0, successes - 1.0)
        if successes + failures < 0.05:
            return
        level = logit((failures + _STRENGTH * view.p_kind) / (successes + failures + _STRENGTH))
        x[at] = level - logit(view.p_kind)
        if here:
            return
        scope = best_scope(view, pattern)
        if scope is not None:
            x[at + 1] = logit(inside(pattern.rate, scope, view.p_kind)) - level
        x[at + 2] = 1.0 if pattern.last_failed else -1.0
        x[at + 3] = log1p(max(0.0, view.now - pattern.last_time) / 3600.0)
        if pattern.last_failed and pattern.transient:
            x[at + 4] = 1.0

    def explain(self, view: View) -> Finding | None:
        """How often it failed before, and with what."""
        pattern = view.known_call()
        if pattern is None or not pattern.failures:
            return None
        calls = pattern.failures + pattern.successes
        summary = f"this call was made {times(calls)} before and failed {times(pattern.failures)}"
        if pattern.last_error:
            summary += f", last with {quoted(pattern.last_error)}"
        return Finding(
            summary=summary,
            pattern_id=view.id_of(Level.CALL, view.features.fingerprint[:8]),
            cause=pattern.cause,
            evidence=evidence_of(pattern, view.now),
        )

    def learn(self, view: View, outcome: Outcome) -> None:
        """Count an episode: the session's first call with these arguments, and each time its outcome turns."""
        pattern = view.known_call()
        if pattern is None and not outcome.failed:
            return  # only what failed once is worth remembering by itself
        session, seen = view.session, view.seen
        if session is not None and seen >= 0 and session.failed(seen) == outcome.failed:
            return
        pattern = view.learned(Level.CALL, view.features.fingerprint[:8], view.features.preview)
        half_life = half_life_of(pattern.transient)
        _judge_scopes(view, pattern, outcome.failed)
        weight = _TRANSIENT_WEIGHT if outcome.failed and outcome.transient else 1.0
        pattern.rate.add(outcome.failed, outcome.now, half_life, weight)
        for _, value in scopes_of(view.features.context):
            record = pattern.scopes.pop(value, None) or Counted()
            record.add(outcome.failed, outcome.now, half_life, weight)
            pattern.scopes[value] = record
        while len(pattern.scopes) > MAX_SCOPES:
            del pattern.scopes[next(iter(pattern.scopes))]


def scopes_of(context: Mapping[str, str]) -> list[tuple[str, bytes]]:
    """The context's keys, each with the hash of key and value; at most ``_SCOPE_KEYS``, by name."""
    return [
        (key, blake2b(f"{key}\0{context[key]}".encode("utf-8", "replace"), digest_size=8).digest())
        for key in sorted(context)[:_SCOPE_KEYS]
    ]


def best_scope(view: View, pattern: UsagePattern) -> Counted | None:
    """The record of the context value whose key has told most so far for this tool; None when none tells anything."""
    if view.model is None or not pattern.scopes:
        return None
    best, found = 0.0, None
    for key, value in scopes_of(view.features.context):
        record = pattern.scopes.get(value)
        merit = view.model.merits.get(key)
        if record is not None and merit is not None and merit[0] > best:
            best, found = merit[0], record
    return found


def inside(everywhere: Counted, scope: Counted, prior: float) -> float:
    """The failure rate in a scope, shrunk to the rate outside of it, so that no evidence counts twice."""
    successes = max(0.0, everywhere.successes - scope.successes)
    failures = max(0.0, everywhere.failures - scope.failures)
    return scope.mean((failures + _STRENGTH * prior) / (successes + failures + _STRENGTH), _STRENGTH)


def _judge_scopes(view: View, pattern: UsagePattern, failed: bool) -> None:
    """Note by how much each context key's value's record had predicted this better than the record of all."""
    p_all = pattern.rate.mean(0.5, _STRENGTH)
    loss_all = -log(p_all if failed else 1.0 - p_all)
    merits = view.own_model().merits
    for key, value in scopes_of(view.features.context):
        record = pattern.scopes.get(value)
        if record is None:
            continue
        p = inside(pattern.rate, record, 0.5)
        gain = loss_all + log(p if failed else 1.0 - p)
        merit = merits.get(key)
        if merit is None:
            if len(merits) >= MAX_KEYS:
                continue
            merit = merits[key] = [0.0, 0.0]
        merit[0] = merit[0] * _MEMORY + gain
        merit[1] = merit[1] * _MEMORY + 1.0
