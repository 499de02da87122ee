"""The tool, or everything on its server, is failing right now for reasons that pass by themselves.

Evidence is a sequential test over transient failures in a row, floored at zero so that a long healthy past does not
delay it. A failure of a permanent sort shows that the server answers: three bad URLs do not make an outage. One
success ends it. A server is down when two of its tools fail so: what one of them says may be its own matter. Where
repeats after the tool's error usually work, and no more of them failed in a row than chance would let, the tool is
unreliable and not down. A tool that asked to be left alone (Retry-After) is believed at once.
"""

from __future__ import annotations

from typing import Final

from ...model.pattern import MAX_FAILING, UsagePattern
from ...model.vocabulary import SERVER_WIDE, Cause, Level, State
from ...native.lessons import learned, learned_tool
from ..describe import ago, evidence_of, quoted, seconds
from ..detector import Finding
from ..half_life import TRANSIENT_HALF_LIFE
from ..pauses import wait_of
from ..repeats import passes
from ..sequential import OF_OUTAGE, UPPER, step
from ..view import Outcome, View

_CONFIRMED: Final = State.CONFIRMED
#: What the failures of fewer tools of a server than ``MAX_FAILING`` come to: not enough to take it to be down.
_ALONE: Final = 0.99 * UPPER


class Outage:
    """See the module."""

    code = "outage"
    about = "whether the tool or its server is failing at present"
    needs = ""
    features = (
        ("outage_tool", 2.0),  # the tool's test ratio over its boundary, faded, where it is beyond
        ("outage_server", 2.0),  # the same for its server
        ("asked_to_wait", 5.0),  # the tool or its server asked for a pause that is not over
    )

    def propose(self, view: View, x: list[float], at: int) -> None:
        """Whether an outage or a requested pause is on."""
        tool = view.tool_pattern
        until = 0.0
        if tool is not None:
            until = tool.retry_until
            if tool.state is _CONFIRMED:
                down = strength(tool, view.now)
                if down and not passes(view):
                    x[at] = down
        if view.server:
            server = view.server_pattern()
            if server is not None:
                until = max(until, server.retry_until)
                x[at + 1] = strength(server, view.now)
        if until > view.now:
            x[at + 2] = 1.0

    def explain(self, view: View) -> Finding | None:
        """Which of them is down, since when, with what."""
        wait = wait_of(view)
        for pattern, name, key in (
            (view.server_pattern(), f"the server {view.server}", view.id_of(Level.SERVER, b"")),
            (view.tool_pattern, view.call.tool, view.id_of(Level.TOOL, b"")),
        ):
            if pattern is None or not (strength(pattern, view.now) or pattern.retry_until > view.now):
                continue
            summary = f"{name} is failing: its last failure, {ago(view.now - pattern.last_time)}, was "
            summary += quoted(pattern.last_error)
            if wait:
                summary += f"; it asked for a pause of another {seconds(wait)}"
            return Finding(
                summary=summary,
                pattern_id=key,
                cause=pattern.cause,
                evidence=evidence_of(pattern, view.now),
                remedy=f"It may work again in {seconds(wait)}." if wait else "It may work again shortly.",
            )
        return None

    def learn(self, view: View, outcome: Outcome) -> None:
        """Move the tests of the tool and of its server."""
        if outcome.late:
            return
        _move(learned_tool(view, Level.TOOL, f"any call of {view.call.tool}"), outcome, outcome.transient)
        if view.server:
            wide = outcome.failed and outcome.cause in SERVER_WIDE
            server = learned(view, Level.SERVER, b"", f"any call of a tool of {view.server}")
            server.rate.add(outcome.failed, outcome.now, TRANSIENT_HALF_LIFE)
            down = wide or (outcome.transient and outcome.cause is Cause.RATE_LIMITED)
            _move(server, outcome, down)
            _hear(server, view.call.tool, down)


def _hear(server: UsagePattern, tool: str, down: bool) -> None:
    """Keep the test of a server short of its boundary while one tool alone says that it is down."""
    if not down:
        server.failing = []
    elif tool not in server.failing and len(server.failing) < MAX_FAILING:
        server.failing = [*server.failing, tool]
    if len(server.failing) < MAX_FAILING and server.state is not State.CONFIRMED:
        server.ratio = min(server.ratio, _ALONE)


def strength(pattern: UsagePattern, now: float) -> float:
    """The ratio over the boundary where an outage is on, faded with the time since the last failure; else 0."""
    if pattern.state is not _CONFIRMED:
        return 0.0
    faded = pattern.ratio / UPPER * 0.5 ** (max(0.0, now - pattern.last_time) / TRANSIENT_HALF_LIFE)
    return faded if faded >= 0.1 else 0.0


def _move(pattern: UsagePattern, outcome: Outcome, down: bool) -> None:
    if outcome.failed and down:
        pattern.ratio = max(0.0, step(OF_OUTAGE, pattern.ratio, failed=True))
        if outcome.retry_after > 0.0:
            pattern.retry_until = outcome.now + outcome.retry_after
    else:
        pattern.ratio = (
            max(0.0, step(OF_OUTAGE, pattern.ratio, failed=False)) if pattern.state is not State.CONFIRMED else 0.0
        )
        if not outcome.failed:
            pattern.retry_until = 0.0
