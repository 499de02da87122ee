"""What policies say of a call: every rule, and what it derived."""

from __future__ import annotations

from typing import TYPE_CHECKING

from forewarn_cli.screen import Cell, Screen, Styled
from forewarn_cli.wording import label

if TYPE_CHECKING:
    from forewarn.v1 import model_pb2

_STYLES = {"fired": "bold", "failed": "bold red", "missed": "dim", "skipped": "dim"}


def show(screen: Screen, trace: model_pb2.PolicyTrace) -> None:
    """The rules in the order of the trace, then what was derived."""
    screen.table(
        ["rule", "outcome", "says", "reach", ">priority", "why"],
        [[one.rule, *_row(one)] for one in trace.rules],
        none="no rule fired",
    )
    if trace.derived:
        screen.line()
        screen.table(
            ["derived", "value", "by", ">level"],
            [[one.name, one.value_json, one.rule, str(one.level)] for one in trace.derived],
        )


def _row(one: model_pb2.RuleTrace) -> list[Cell]:
    from forewarn.v1 import model_pb2
    from forewarn_cli.decision_view import verdict

    outcome = label(model_pb2.RuleOutcome, one.outcome)
    return [
        Styled(outcome, _STYLES.get(outcome, "")),
        verdict(one.verdict),
        label(model_pb2.Mode, one.reach),
        str(one.priority) if one.priority else "",
        why(one),
    ]


def why(one: model_pb2.RuleTrace) -> str:
    """Why it fired, failed or missed."""
    if one.error:
        return one.error
    if one.missed:
        found = f", found {', '.join(one.found)}" if one.found else ", nothing there"
        return f"not: {one.missed}{found}"
    return one.message + (" (set aside by a rule that allows)" if one.lifted else "")
