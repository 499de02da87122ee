"""Rollouts in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from forewarn_cli.screen import Cell, Screen, Styled
from forewarn_cli.wording import counted, label, moment, percent, span

if TYPE_CHECKING:
    from forewarn.v1 import rollout_pb2

COLUMNS = ["id", "of", ">share", "state", ">treatment", ">control", "difference", "started"]
_STYLES = {"running": "yellow", "treatment better": "green", "control better": "red", "stopped": "dim"}
#: What decides, as in ``comparing.py``.
_DECIDES = 40


def row(one: rollout_pb2.Rollout) -> list[Cell]:
    """One line of a table with COLUMNS."""
    return [
        one.rollout_id, _subject(one), f"{one.share_percent:g} %", _state(one), _arm(one.treatment), _arm(one.control),
        _difference(one), moment(one.started_at),
    ]  # fmt: skip


def show(screen: Screen, one: rollout_pb2.Rollout) -> None:
    """Everything about one, and the commands to go on with."""
    goal = "workflows that succeeded" if one.pattern else "a session's calls that did not fail"
    done = " by ".join(part for part in (moment(one.stopped_at), one.stopped_by) if part)
    screen.pairs(
        [
            ("rollout", one.rollout_id),
            ("of", Styled(_subject(one), "bold")),
            ("share", f"{one.share_percent:g} % of sessions"),
            ("state", _state(one)),
            ("compared by", goal),
            ("treatment", _arm(one.treatment) + _aside(one, one.treatment)),
            ("control", _arm(one.control) + _aside(one, one.control)),
            ("difference", _difference(one)),
            ("evidence", f"{one.evidence:.2g} for, {one.evidence_against:.2g} against; {_DECIDES} decides"),
            ("at most", counted(one.max_units, "session")),
            ("watched for", span(one.window) if one.policy else ""),
            ("started", " by ".join(part for part in (moment(one.started_at), one.started_by) if part)),
            ("why", one.reason),
            ("decided", moment(one.decided_at)),
            ("stopped", done),
            ("stopped because", one.stop_reason),
            ("policy", "somebody changed it meanwhile; it stays as they made it" if _changed(one) else ""),
        ]
    )
    if not one.HasField("stopped_at"):
        screen.line()
        screen.line(Styled(f"forewarn rollouts stop {one.rollout_id} --promote, or --withdraw", "dim"))


def _subject(one: rollout_pb2.Rollout) -> str:
    return f"pattern {one.pattern}" if one.pattern else f"policy {one.policy}"


def _state(one: rollout_pb2.Rollout) -> Cell:
    from forewarn.v1 import rollout_pb2

    word = label(rollout_pb2.RolloutState, one.state)
    ending = label(rollout_pb2.RolloutEnding, one.ending)
    return Styled(f"{word}: {ending}" if ending else word, _STYLES.get(word, ""))


def _changed(one: rollout_pb2.Rollout) -> bool:
    from forewarn.v1 import rollout_pb2

    return one.ending == rollout_pb2.ROLLOUT_ENDING_CHANGED


def _arm(arm: rollout_pb2.RolloutArm) -> str:
    return f"{percent(arm.outcome)} of {arm.units}" if arm.units else "none yet"


def _aside(one: rollout_pb2.Rollout, arm: rollout_pb2.RolloutArm) -> str:
    if not arm.units:
        return ""
    if one.pattern:
        return f", used by {arm.used}"
    sessions = "session" if arm.units == 1 else "sessions"
    return f" {sessions}, {arm.failed} of {counted(arm.calls, 'call')} failed"


def _difference(one: rollout_pb2.Rollout) -> str:
    if not one.treatment.units + one.control.units:
        return ""
    return (
        f"{one.difference * 100:+.1f} % ({one.difference_low * 100:+.0f} to {one.difference_high * 100:+.0f} %,"
        " 95 % at all times)"
    )
