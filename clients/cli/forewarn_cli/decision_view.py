"""A decision in words: the verdict, every reason with its weight and its evidence, what to do instead."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from forewarn_cli.screen import Cell, Screen, Styled
from forewarn_cli.wording import VERDICT_STYLES, evidence, interval, label, moment, percent, span

if TYPE_CHECKING:
    from forewarn.v1 import model_pb2

_INDENT = 7
"""The weight of a reason, to the left of what is said of it."""

_BAR = 20


def verdict(number: int) -> Cell:
    """A verdict in its colour."""
    from forewarn.v1 import model_pb2

    word = label(model_pb2.Verdict, number)
    return Styled(word, VERDICT_STYLES.get(word, ""))


def decided(decision: model_pb2.Decision) -> Cell:
    """The verdict, and why the call is let through though it was to be prevented."""
    from forewarn.v1 import model_pb2

    why = "holdout" if decision.holdout else "capped" if decision.capped else ""
    why = "probe" if decision.HasField("probe") else why
    word = label(model_pb2.Verdict, decision.verdict)
    return Styled(f"{word} ({why})" if why else word, VERDICT_STYLES.get(word, ""))


def show(screen: Screen, decision: model_pb2.Decision) -> None:
    """The whole decision."""
    from forewarn.v1 import model_pb2

    mode = label(model_pb2.Mode, decision.mode)
    would_be = verdict(decision.would_be)
    known = "" if decision.known else "; nothing is known of calls like this"
    likely = ", ".join(part for part in (percent(decision.p_fail), interval(decision.p_fail_interval)) if part)
    screen.pairs(
        [
            ("verdict", verdict(decision.verdict)),
            ("would be", would_be if decision.would_be != decision.verdict else ""),
            ("mode", mode),
            ("fails with", likely + known),
            ("remedy", decision.remedy),
            ("retry after", span(decision.retry_after) if decision.HasField("retry_after") else ""),
            ("rewritten", decision.rewritten_arguments_json),
            ("approval", decision.approval_id),
            ("probe", _probe(decision)),
            ("let through", _let_through(decision)),
            ("decision", decision.decision_id),
            ("made", moment(decision.time)),
            ("snapshot", _snapshot(decision)),
        ]
    )
    _reasons(screen, decision)
    if decision.HasField("policy"):
        from forewarn_cli.policy import trace_view

        screen.line()
        trace_view.show(screen, decision.policy)
    if decision.alternatives:
        screen.line()
        alternatives(screen, decision.alternatives)


def alternatives(screen: Screen, proposed: Iterable[model_pb2.Alternative]) -> None:
    """What could be done instead, best first."""
    rows: list[list[Cell]] = []
    for place, one in enumerate(proposed, 1):
        rows.append(
            [
                str(place),
                one.tool,
                one.arguments_json,
                percent(one.expected_success, 0) if one.success_interval.confidence else "",
                interval(one.success_interval),
                span(one.expected_latency) if one.HasField("expected_latency") else "",
                f"{one.expected_cost:g}" if one.expected_cost else "",
                f"{one.score:.2f}",
                one.rationale,
            ]
        )
    columns = [">#", "instead", "arguments", ">succeeds", "interval", ">takes", ">costs", ">score", "because"]
    used = [i for i in range(len(columns)) if any(row[i] for row in rows)]
    screen.table([columns[i] for i in used], [[row[i] for i in used] for row in rows])


def _reasons(screen: Screen, decision: model_pb2.Decision) -> None:
    from forewarn.v1 import model_pb2

    if not decision.reasons:
        return
    largest = max(abs(reason.contribution) for reason in decision.reasons)
    screen.line()
    for reason in decision.reasons:
        if reason.rule:
            policy = Styled(f"{'policy':>{_BAR + 1}} ", "magenta")
            screen.entry("", [policy, Styled(reason.rule, "bold"), f"  {reason.summary}"], indent=_INDENT)
            continue
        style = "red" if reason.contribution > 0 else "green"
        bar = screen.bar(reason.contribution, largest, _BAR)
        paragraphs: list[list[Cell]] = [
            [Styled(f"{bar:<{_BAR}} ", style), Styled(reason.code, "bold"), f"  {reason.summary}"]
        ]
        details = [
            evidence(reason.evidence) if reason.evidence.calls else "",
            label(model_pb2.Cause, reason.cause),
            f"pattern {reason.usage_pattern_id}" if reason.usage_pattern_id else "",
            f"last {moment(reason.evidence.last_time)}" if reason.evidence.HasField("last_time") else "",
        ]
        if told := screen.listed(details, ";", _INDENT):
            paragraphs.append([Styled(told, "dim")])
        if reason.evidence.call_ids:
            calls = "call " if len(reason.evidence.call_ids) == 1 else "calls "
            paragraphs.append([Styled(calls + screen.listed(reason.evidence.call_ids, ",", _INDENT + 6), "dim")])
        screen.entry(Styled(f"{reason.contribution:+6.2f} ", style), *paragraphs, indent=_INDENT)


def _probe(decision: model_pb2.Decision) -> str:
    if not decision.HasField("probe"):
        return ""
    return f"of pattern {decision.probe.usage_pattern_id}, until {moment(decision.probe.deadline)}"


def _let_through(decision: model_pb2.Decision) -> str:
    if decision.holdout:
        return "by lot, to see whether preventing it would be right (holdout)"
    if decision.capped:
        return "learning prevented too many of the tool's recent calls (blast cap)"
    return ""


def _snapshot(decision: model_pb2.Decision) -> str:
    taken = decision.snapshot
    if not decision.HasField("snapshot"):
        return ""
    policies = f", policies {taken.policy_revision}" if taken.policy_revision else ""
    return f"sequence {taken.store_sequence}, model {taken.evidence_model}{policies}"
