"""Policies, their history, what would have been: as tables."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import TYPE_CHECKING

from forewarn_cli.screen import Brief, Cell, Screen, Styled
from forewarn_cli.wording import OUTCOME_STYLES, counted, label, moment

if TYPE_CHECKING:
    from forewarn.v1 import policy_pb2

_CHANGES = {"created": "green", "changed": "yellow", "deleted": "red", "unchanged": "dim"}


def reach(one: policy_pb2.Policy) -> str:
    """The mode, with the share of sessions where it is not all."""
    from forewarn.v1 import model_pb2

    word = label(model_pb2.Mode, one.mode)
    return f"{word} {one.enforce_percent:g} %" if word == "enforce" and one.enforce_percent < 100.0 else word


def listed(screen: Screen, answer: policy_pb2.ListPoliciesResponse) -> None:
    """The policies in force, and what is wrong with the folder."""
    screen.table(
        ["policy", "from", ">revision", "mode", "tools", ">rules", ">hits", "last hit", "description"],
        [
            [
                Styled(one.policy, "bold"),
                one.file or one.origin,
                str(one.revision or ""),
                reach(one),
                ", ".join(one.tools),
                str(one.rules),
                str(one.hits),
                moment(one.last_hit_time),
                one.description,
            ]
            for one in answer.policies
        ],
        none="no policies",
    )
    if answer.folder_faults:
        from forewarn_cli.policy import lint

        screen.line()
        screen.line(Styled("These are not in force; the last valid policies of the folder are:", "bold red"))
        lint.show(screen, answer.folder_faults)


def history(screen: Screen, revisions: Iterable[policy_pb2.Policy]) -> None:
    """The revisions, newest first; where any came of a suggestion, also where each comes from."""
    shown = list(revisions)
    suggested = any(of_suggestion(one) for one in shown)
    screen.table(
        [">revision", "time", "what", "mode", ">rules", "author", "reason", *(["from"] if suggested else [])],
        [
            [
                str(one.revision), moment(one.time), one.kind, reach(one), str(one.rules or ""), one.author, one.reason,
                *([one.origin] if suggested else []),
            ]
            for one in shown
        ],
        none="no revisions",
    )  # fmt: skip


def of_suggestion(one: policy_pb2.Policy) -> bool:
    """Whether approving a suggestion made it."""
    return one.origin.startswith("suggestion:")


def changes(screen: Screen, found: Iterable[policy_pb2.PolicyChange], policy_revision: str) -> None:
    """What changed, and the revision in force."""
    for one in found:
        number = f", revision {one.revision}" if one.revision else ""
        screen.line(Styled(one.policy, "bold"), ": ", Styled(one.change, _CHANGES.get(one.change, "")), number)
    screen.line(Styled(f"in force: revision {policy_revision}" if policy_revision else "no policies in force", "dim"))


def difference(screen: Screen, found: Iterable[policy_pb2.PolicyChange]) -> bool:
    """What would change, as a unified diff; whether anything would."""
    any_change = False
    for one in found:
        if one.change == "unchanged":
            continue
        any_change = True
        lines = difflib.unified_diff(
            one.before.splitlines(), one.after.splitlines(), f"{one.policy} (in force)", f"{one.policy} (given)",
            lineterm="",
        )  # fmt: skip
        for line in lines:
            style = {"+": "green", "-": "red", "@": "cyan"}.get(line[:1], "")
            screen.code(Styled(line, style))
    return any_change


def what_if(screen: Screen, answer: policy_pb2.WhatIfResponse) -> None:
    """What would have been, what became of those calls, and where that differs from today."""
    from forewarn.v1 import model_pb2
    from forewarn_cli.decision_view import verdict

    left = f", {answer.incomplete} left out (their arguments were not kept whole)" if answer.incomplete else ""
    screen.line(f"{counted(answer.calls, 'recorded call')}{left}")
    screen.line()
    today = {one.verdict: one.calls for one in answer.current}
    numbers = {one.verdict: one for one in answer.draft}
    rows: list[list[Cell]] = []
    for number in sorted({*today, *numbers}, reverse=True):
        one = numbers.get(number)
        word: Cell = verdict(number) if number else "nothing"
        rows.append(
            [word, str(today.get(number, 0)), *(
                [str(one.calls), str(one.failed), str(one.worked)] if one is not None else ["0", "", ""]
            )]
        )  # fmt: skip
    screen.table(["verdict", ">today", ">draft", ">of these failed", ">worked"], rows)
    if answer.rules:
        screen.line()
        screen.table(
            ["rule of the draft", "verdict", ">calls", ">failed", ">worked"],
            [
                [one.rule, verdict(one.verdict), str(one.calls), str(one.failed), str(one.worked)]
                for one in answer.rules
            ],
        )
    if not answer.examples:
        return
    screen.line()
    different = f"{counted(answer.different, 'call')} would be decided differently"
    screen.line(different if answer.different else "the same as today")
    screen.table(
        ["time", "tool", "arguments", "became", "today", "draft", "rule", "message"],
        [
            [
                moment(one.time),
                one.tool,
                Brief(one.arguments_json, 60),
                Styled(word := label(model_pb2.Outcome, one.outcome), OUTCOME_STYLES.get(word, "")),
                verdict(one.current) if one.current else "nothing",
                verdict(one.draft) if one.draft else "nothing",
                one.draft_rule or one.current_rule,
                one.message,
            ]
            for one in answer.examples
        ],
    )
