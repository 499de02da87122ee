"""Usage patterns in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from forewarn_cli.screen import Brief, Cell, Screen, Styled
from forewarn_cli.wording import STATE_STYLES, counted, evidence, interval, label, moment, percent

if TYPE_CHECKING:
    from forewarn.v1 import model_pb2

COLUMNS = ["id", "tool", "level", "scope", "state", ">fails", ">calls", "cause", "covers"]


def row(pattern: model_pb2.UsagePattern) -> list[Cell]:
    """One line of a table with COLUMNS."""
    from forewarn.v1 import model_pb2

    return [
        pattern.usage_pattern_id,
        pattern.tool or pattern.server,
        label(model_pb2.UsagePatternLevel, pattern.level),
        pattern.scope,
        _state(pattern),
        percent(pattern.failure_probability, 0),
        str(pattern.evidence.calls),
        label(model_pb2.Cause, pattern.cause),
        Brief(pattern.description, 120),
    ]


def show(screen: Screen, pattern: model_pb2.UsagePattern) -> None:
    """Everything about one."""
    from forewarn.v1 import model_pb2

    judged = pattern.prevented_right + pattern.prevented_wrong
    prevented = counted(pattern.prevented, "time")
    if judged:
        prevented += f"; of {judged} let through, {pattern.prevented_right} failed, {pattern.prevented_wrong} succeeded"
    wrong = pattern.wrong_share_interval
    screen.pairs(
        [
            ("pattern", pattern.usage_pattern_id),
            ("covers", pattern.description),
            ("tool", pattern.tool),
            ("server", pattern.server),
            ("level", label(model_pb2.UsagePatternLevel, pattern.level)),
            ("scope", pattern.scope),
            ("state", _state(pattern)),
            ("suspended because", pattern.suspended_reason),
            ("fails with", percent(pattern.failure_probability)),
            ("evidence", evidence(pattern.evidence)),
            ("latest calls", ", ".join(pattern.evidence.call_ids)),
            ("test", f"log-likelihood ratio {pattern.log_likelihood_ratio:+.2f}"),
            ("cause", label(model_pb2.Cause, pattern.cause)),
            ("last error", pattern.last_error),
            ("first seen", moment(pattern.first_time)),
            ("last seen", moment(pattern.last_time)),
            ("next probe", moment(pattern.probe_due_time)),
            ("prevented", prevented),
            ("wrong in", f"{percent(pattern.wrong_share)}, {interval(wrong)}" if wrong.confidence else ""),
            ("appeals", str(pattern.appeals) if pattern.appeals else ""),
        ]
    )


def _state(pattern: model_pb2.UsagePattern) -> Cell:
    from forewarn.v1 import model_pb2

    state = label(model_pb2.UsagePatternState, pattern.state)
    return Styled(state, STATE_STYLES.get(state, ""))
