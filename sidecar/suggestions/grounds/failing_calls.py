"""Calls that fail again and again in many sessions: learned usage patterns that deserve a policy.

Learning prevents them by chance and budget; a policy says so for good, names what to do instead, and a person has
agreed to it. Only failures that stay are looked at, only arguments that are kept whole and hold nothing redacted.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from hashlib import blake2b
from typing import Any, Final

import msgspec

from ...knowledge.intervals import share
from ...learning.describe import quoted
from ...learning.proven_fixes import mended_by
from ...model.call import Observation
from ...model.knowledge import Content
from ...model.pattern import UsagePattern, covered_call, pattern_id, subject_key
from ...model.suggestion import Evidence, Finding, Ground, SuggestionKind
from ...model.vocabulary import FAILED, WORKED, Level, State
from ...store.reader import Reader
from ...store.tables import CALLS, PATTERNS, TOOLS, tool_key
from ..policy_text import policy_text
from ..significance import more_than
from .counted import short

#: The latest calls that are looked at.
LOOKED_AT: Final = 20_000
#: Failures of one and the same call, and the sessions that they were in.
LEAST_FAILURES: Final = 5
LEAST_SESSIONS: Final = 3
#: The share of failures that a policy is worth, and how sure it must be.
SHARE: Final = 0.8
LEAST_STRENGTH: Final = 0.5
#: Calls that are followed at a time, and findings of one look.
_FOLLOWED: Final = 5_000
_MOST: Final = 20
_CALLS_NAMED: Final = 10
_MOST_ARGUMENTS: Final = 8
_STAND_IN: Final = re.compile(r"<[a-z_-]+:[0-9a-f]{8}>")


class _Repeated:
    """One and the same call, as often as it was made."""

    __slots__ = ("call_ids", "failures", "last", "sessions", "worked")

    def __init__(self) -> None:
        self.failures = self.worked = 0
        self.sessions: set[str] = set()
        self.call_ids: list[str] = []
        self.last: Observation | None = None

    def count(self, call: Observation) -> None:
        """Calls come newest first."""
        if call.classification.category in WORKED:
            self.worked += 1
        elif call.classification.category in FAILED and not call.classification.transient:
            self.failures += 1
            self.sessions.add(call.session_id)
            self.last = self.last or call
            if call.call_id and len(self.call_ids) < _CALLS_NAMED:
                self.call_ids.append(call.call_id)


def find(reader: Reader) -> Iterator[Finding]:
    """A policy for each call that fails nearly always; at most 20, those that failed most often."""
    repeated: dict[tuple[str, bytes], _Repeated] = {}
    for _, call in reader.scan(CALLS, reverse=True, limit=LOOKED_AT):
        place = (call.tool, call.fingerprint)
        known = repeated.get(place)
        if known is None:
            if len(repeated) >= _FOLLOWED:
                continue
            known = repeated[place] = _Repeated()
        known.count(call)
    often = sorted(
        (one for one in repeated.values() if one.failures >= LEAST_FAILURES and len(one.sessions) >= LEAST_SESSIONS),
        key=lambda one: -one.failures,
    )
    found = 0
    for one in often:
        finding = _finding(reader, one, one.last) if one.last is not None and found < _MOST else None
        if finding is not None:
            found += 1
            yield finding


def _finding(reader: Reader, one: _Repeated, last: Observation) -> Finding | None:
    out_of = one.failures + one.worked
    strength = more_than(one.failures, out_of, SHARE)
    arguments = _plain(last.preview)
    learned = _learned(reader, last)
    if strength < LEAST_STRENGTH or arguments is None or learned is None:
        return None
    key, pattern = learned
    name = f"known-failure-{blake2b(key, digest_size=5).hexdigest()}"
    error = short(pattern.last_error or last.error or last.classification.template, 200)
    best = next(mended_by(pattern, last.tool, b"", (pattern.last_error,), arguments), None)
    tool = reader.get(TOOLS, tool_key(last.tool))
    safe = best is not None and not (tool is not None and tool.descriptor.destructive)
    remedy = f"Instead worked {best.tool} {short(best.preview, 300)}" if best is not None and safe else ""
    reason = (
        f"This call of {last.tool} failed {one.failures} of {out_of} recent times, in {len(one.sessions)} sessions, "
        f"last with {quoted(error)}."
    )
    measured = share(one.failures, out_of)
    return Finding(
        kind=SuggestionKind.CREATE_POLICY,
        ground=Ground.FAILING_CALLS,
        topic=f"call {key.hex()}",
        elements=("*",),
        evidence=Evidence(
            cases=one.failures,
            out_of=out_of,
            low=measured.low if measured else 0.0,
            high=measured.high if measured else 1.0,
            strength=strength,
            sessions=len(one.sessions),
            call_ids=tuple(one.call_ids),
            usage_pattern_ids=(key.hex(),),
        ),
        reason=reason,
        draft=Content(
            description=f"Prevent a call of {last.tool} that is known to fail",
            triggers=(last.tool,),
            rationale=reason,
            policy_document=policy_text(name, last.tool, arguments, f"Known to fail: {error}", remedy, reason),
        ),
    )


def _learned(reader: Reader, call: Observation) -> tuple[bytes, UsagePattern] | None:
    """The usage pattern of a call, where it is confirmed and nobody set it aside."""
    tool = reader.get(TOOLS, tool_key(call.tool))
    epoch = tool.epoch if tool is not None else 0
    covers = covered_call(call.fingerprint) + (epoch.to_bytes(4, "big") if epoch else b"")
    key = pattern_id(subject_key(call.tool), Level.CALL, covers)
    pattern = reader.get(PATTERNS, key)
    return (key, pattern) if pattern is not None and pattern.state is State.CONFIRMED else None


def _plain(preview: str) -> dict[str, Any] | None:
    """The arguments, where a condition can say each; None where one is cut, redacted or not a single value."""
    if _STAND_IN.search(preview):
        return None
    try:
        arguments = msgspec.json.decode(preview)
    except msgspec.DecodeError:
        return None
    if not isinstance(arguments, dict) or not 1 <= len(arguments) <= _MOST_ARGUMENTS:
        return None
    plain = all(
        isinstance(value, str | int | float | bool) and name.isidentifier() for name, value in arguments.items()
    )
    return arguments if plain else None
