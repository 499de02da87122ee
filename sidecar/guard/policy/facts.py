"""Filling in what policies are asked about, from a view of the call: only the groups of facts that a rule reads."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Set as AbstractSet
from typing import Final, TypeVar

from ...learning.foresight import Judgement
from ...learning.session import FAILED, Session
from ...learning.view import View
from ...model.call import Call
from ...model.pattern import UsagePattern
from ...model.tool import Tool
from ...model.vocabulary import Cause
from ...policies.facts import CallerFacts, CallFacts, Facts, PatternFacts, SessionFacts, ToolFacts

T = TypeVar("T")

_MINUTE: Final = 60.0
_HOUR: Final = 3600.0
#: What a detector must add to the log-odds of failure for its code to be told.
_LEAST_PART: Final = 0.25
NO_TOOL: Final = ToolFacts()
NO_PATTERN: Final = PatternFacts()
NO_SESSION: Final = SessionFacts()


def call_facts(call: Call, server: str) -> CallFacts:
    """The call itself. An enforcing percentage is drawn by session, else by call id, else by its arguments."""
    return CallFacts(
        tool=call.tool,
        arguments=call.arguments,
        context=call.context,
        server=server,
        session=call.session_id,
        id=call.call_id,
        attempt=call.attempt,
        size=len(call.arguments_json),
        lot=call.session_id or call.call_id or call.arguments_json,
    )


def tool_facts(tool: Tool | None, version: str, now: float) -> ToolFacts:
    """What is registered and counted of a tool."""
    if tool is None:
        return ToolFacts(version=version)
    said, counts = tool.descriptor, tool.counts
    failures = counts.failure + counts.timeout
    return ToolFacts(
        registered=tool.registered,
        read_only=said.read_only,
        destructive=said.destructive,
        idempotent=said.idempotent,
        version=version or tool.seen_version or said.version,
        calls=counts.success + counts.retry + failures,
        failures=failures,
        age=max(0.0, now - tool.first_time) if tool.first_time else 0.0,
        mean_cost=tool.cost_sum / tool.cost_calls if tool.cost_calls else 0.0,
    )


def pattern_facts(view: View, judgement: Judgement, codes: tuple[str, ...], *, would_prevent: bool) -> PatternFacts:
    """What was learned of the call. Failures and successes are of this very call, weighted by age."""
    known: UsagePattern | None = view.known_call()
    causes = {pattern.cause for pattern in (known, view.last_error()) if pattern is not None}
    return PatternFacts(
        known=judgement.known,
        failure_probability=judgement.p,
        would_prevent=would_prevent,
        failures=known.rate.failures if known is not None else 0.0,
        successes=known.rate.total - known.rate.failures if known is not None else 0.0,
        codes=codes,
        causes=tuple(sorted(cause.name.lower() for cause in causes if cause is not Cause.NONE)),
    )


def codes_of(parts: list[tuple[str, str, float]]) -> tuple[str, ...]:
    """The codes of detectors that speak for failure."""
    return tuple(code for code, _, part in parts if part >= _LEAST_PART)


def session_facts(session: Session | None, tool: str, subject: bytes, fingerprint: bytes, now: float) -> SessionFacts:
    """What the session did. Rates are of the calls that its ring remembers, at most 64."""
    if session is None or not len(session):
        return NO_SESSION
    calls, failures = session.by_tool.get(tool, (0, 0))
    return SessionFacts(
        calls=session.successes + session.failures,
        failures=session.failures,
        successes=session.successes,
        failures_in_row=session.trailing_failures(),
        calls_last_minute=session.calls_since(now - _MINUTE),
        calls_last_hour=session.calls_since(now - _HOUR),
        seconds_since_last=max(0.0, now - session.time) if session.time else None,
        cost=session.cost,
        done=tuple(name for name, (made, failed) in session.by_tool.items() if made > failed),
        failed=tuple(name for name, (_, failed) in session.by_tool.items() if failed),
        last_tool=next(reversed(session.by_tool), ""),
        last_failed=bool(session.marks[-1] & FAILED),
        tool_calls=calls,
        tool_failures=failures,
        tool_calls_last_minute=session.calls_since(now - _MINUTE, subject),
        same_call_failures=session.failures_in_row(fingerprint[:8]),
    )


def caller_facts(call: Call) -> CallerFacts:
    """Who calls, as the runtime says."""
    return CallerFacts(call.caller, call.caller_roles)


def facts_of(
    groups: AbstractSet[str],
    view: View,
    pattern: Callable[[], PatternFacts],
    failed: Callable[[str], None],
) -> Facts:
    """The facts of a call, of the groups that are asked for. ``pattern`` fills in what was learned.

    A group that cannot be filled in is ``unknown``: rules that read it fail, and follow their policy's failure mode.
    ``failed`` is told of it, while the error is being handled. Raises only what the call itself is to blame for.
    """
    call = view.call
    unknown: list[str] = []

    def filled(group: str, fill: Callable[[], T], nothing: T) -> T:
        if group not in groups:
            return nothing
        try:
            return fill()
        except Exception:  # noqa: BLE001 - told, and what reads it fails
            unknown.append(group)
            failed(group)
            return nothing

    tool = filled("tool", lambda: tool_facts(view.tool, call.tool_version, view.now), NO_TOOL)
    learned = filled("pattern", pattern, NO_PATTERN)
    session = filled(
        "session",
        lambda: session_facts(view.session, call.tool, view.subject, view.features.fingerprint, view.now),
        NO_SESSION,
    )
    return Facts(call_facts(call, view.server), tool, learned, session, caller_facts(call), tuple(unknown))
