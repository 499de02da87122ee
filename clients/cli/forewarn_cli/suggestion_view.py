"""Suggestions in words."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING, Any

from forewarn_cli.screen import Brief, Cell, Screen, Styled
from forewarn_cli.wording import counted, label, moment, one_line, percent

if TYPE_CHECKING:
    from forewarn.v1 import knowledge_pb2, suggestion_pb2

COLUMNS = ["id", "type", ">confidence", "state", "draft", "why"]
_STYLES = {
    "pending": "yellow", "approved": "green", "modified": "green", "rejected": "red", "reverted": "red",
    "dismissed": "dim", "expired": "dim", "superseded": "dim",
}  # fmt: skip
DIFF_STYLES = {"+": "green", "-": "red"}
_SHOWN = 10


def row(one: suggestion_pb2.Suggestion) -> list[Cell]:
    """One line of a table with COLUMNS."""
    return [
        one.suggestion_id,
        type_word(one.type),
        percent(one.confidence, 0),
        state(one.state),
        drafted(one),
        Brief(one.reason, 160),
    ]


def line(one: suggestion_pb2.Suggestion) -> list[Cell]:
    """One line of what is followed."""
    return [
        Styled(f"{moment(one.updated_at)}  {one.suggestion_id}  ", "dim"),
        state(one.state),
        f"  {type_word(one.type)}  {percent(one.confidence, 0)}  {one_line(one.reason, 160)}  ",
        Styled(drafted(one), "dim"),
    ]


def show(screen: Screen, answer: suggestion_pb2.GetSuggestionResponse) -> None:
    """Everything about one: what, why, on which evidence, and the change as a diff."""
    screen.pairs([*facts(answer.suggestion), *evidence(answer.suggestion), *fate(answer.suggestion)])
    screen.line()
    for text in diff(answer.suggestion, answer.target if answer.HasField("target") else None):
        style = DIFF_STYLES.get(text[:1], "")
        screen.line(Styled(text, style) if style else text)


def facts(one: suggestion_pb2.Suggestion) -> list[tuple[str, Cell]]:
    """What is suggested, and why; names and values, of which some are empty."""
    from forewarn.v1 import suggestion_pb2

    return [
        ("suggestion", one.suggestion_id),
        ("suggests", Styled(type_word(one.type), "bold")),
        ("state", state(one.state)),
        ("why", one.reason),
        ("confidence", percent(one.confidence, 0)),
        ("ground", label(suggestion_pb2.SuggestionGround, one.ground)),
        ("draft by", drafted(one)),
    ]


def evidence(one: suggestion_pb2.Suggestion) -> list[tuple[str, Cell]]:
    """What speaks for it."""
    found, share = one.evidence, one.evidence.frequency
    both = f"lift {found.lift:.1f}, leverage {found.leverage:.3f}, p {found.p_value:.2g}" if found.lift else ""
    return [
        ("cases", f"{found.cases} of {share.out_of}: {percent(share.value, 0)}, {_interval(share)}"),
        ("holds with", percent(found.strength)),
        ("together", both),
        ("sessions", str(found.sessions) if found.sessions else ""),
        ("workflows", _some(found.workflow_ids)),
        ("calls", _some(found.call_ids)),
        ("usage patterns", _some(found.usage_pattern_ids)),
        ("about", _some(found.entity_ids)),
        ("intents", "; ".join(one_line(intent, 120) for intent in found.intents)),
        ("changes", ", ".join(one.changes) if list(one.changes) != ["*"] else ""),
    ]


def fate(one: suggestion_pb2.Suggestion) -> list[tuple[str, Cell]]:
    """What became of it."""
    return [
        ("made", moment(one.created_at)),
        ("decided", " ".join(part for part in (moment(one.decided_at), one.decided_by) if part)),
        ("because", one.decision_reason),
        ("applied to", one.applied_id),
        ("policy", one.applied_policy),
        ("superseded by", one.superseded_by),
    ]


def what_if(screen: Screen, answer: suggestion_pb2.WhatIfSuggestionResponse) -> None:
    """What the rules of a suggested policy would have prevented, and whether that would have been right."""
    left = f", {answer.incomplete} left out (their arguments were not kept whole)" if answer.incomplete else ""
    screen.line()
    calls = counted(answer.calls, "recorded call")
    screen.line(Styled("What if it had been enforced", "bold"), f": {calls} looked at{left}")
    other = answer.stopped - answer.failed - answer.worked
    rest = f", {other} neither" if other else ""
    screen.pairs(
        [
            ("would have stopped", str(answer.stopped)),
            ("of these failed (right)", str(answer.failed) if answer.stopped else ""),
            ("of these worked (wrong)", f"{answer.worked}{rest}" if answer.stopped else ""),
        ]
    )
    if answer.examples:
        screen.table(
            ["call", "tool", "arguments", "became"],
            [[one.call_id, one.tool, Brief(one.arguments_json, 60), _outcome(one.outcome)] for one in answer.examples],
        )


def _outcome(number: int) -> str:
    from forewarn.v1 import model_pb2

    return label(model_pb2.Outcome, number)


def diff(one: suggestion_pb2.Suggestion, target: knowledge_pb2.OrganisationalEntity | None) -> list[str]:
    """What would change, a line for each: what goes with "-", what comes with "+", what stays with " "."""
    from forewarn.v1 import suggestion_pb2

    after = _lines(one.draft)
    if one.type == suggestion_pb2.SUGGESTION_TYPE_DEPRECATE_PATTERN:
        return [f"-{text}" for text in after]
    if target is None:
        return [f"+{text}" for text in after]
    before = _lines(target)
    found: list[str] = []
    for kind, low, high, first, last in difflib.SequenceMatcher(None, before, after).get_opcodes():
        if kind == "equal":
            found += [f" {text}" for text in before[low:high]]
        else:
            found += [f"-{text}" for text in before[low:high]] + [f"+{text}" for text in after[first:last]]
    return found


def decided(screen: Screen, answer: Any) -> None:
    """What was done."""
    one = answer.suggestion
    screen.pairs([("suggestion", one.suggestion_id), ("is", state(one.state))])
    if "entity" in answer.DESCRIPTOR.fields_by_name and answer.HasField("entity"):
        entity = answer.entity
        gone = f", deleted {moment(entity.deleted_at)}" if entity.HasField("deleted_at") else ""
        screen.pairs([("changed", f"{entity.id}, revision {entity.revision}{gone}")])
        if entity.policy_document and not gone:
            name = one.applied_policy
            promote = f"starts in shadow; promote with `forewarn policy set-mode {name} enforce`"
            screen.pairs([("policy", f"{name}: {promote}" if name else "not applied")])


def history(screen: Screen, answer: suggestion_pb2.ListSuggestionHistoryResponse) -> None:
    """What became of them."""
    rate = answer.acceptance_rate
    if answer.HasField("acceptance_rate"):
        screen.pairs([("accepted", f"{percent(rate.value, 0)} of {rate.out_of} decided, {_interval(rate)}")])
    names = "generated approved modified rejected dismissed expired superseded reverted".split()
    counted = [one for one in answer.totals if one.generated]
    screen.table(
        ["type", *(f">{name}" for name in names)],
        [[type_word(one.type), *(str(getattr(one, name)) for name in names)] for one in counted],
        none="nothing was suggested yet",
    )
    if answer.adoption:
        screen.table(
            ["made of suggestion", "id", ">recommended", ">used"],
            [
                [one.suggestion_id, one.entity_id, str(one.times_recommended), str(one.times_used)]
                for one in answer.adoption
            ],
        )
    screen.table(
        ["time", "suggestion", "type", "state", ">confidence", "who", "why"],
        [
            [
                moment(one.time), one.suggestion_id, type_word(one.type), state(one.state), percent(one.confidence, 0),
                one.actor, Brief(one.reason, 120),
            ]
            for one in answer.entries
        ],
        none="nobody decided anything yet",
    )  # fmt: skip


def _lines(value: suggestion_pb2.SuggestionDraft | knowledge_pb2.OrganisationalEntity) -> list[str]:
    lines = [f"description: {value.description}"]
    lines += [f"trigger: {text}" for text in value.triggers]
    lines += [f"resource: {text}" for text in value.suggested_resources]
    lines += [f"rationale: {text}" for text in value.rationale.splitlines()]
    return lines + [f"policy: {text}" for text in value.policy_document.splitlines()]


def _interval(share: knowledge_pb2.Share) -> str:
    return f"{share.low * 100:.0f}–{share.high * 100:.0f} % (95 %)"


def type_word(number: int) -> str:
    """As in "create pattern"."""
    from forewarn.v1 import suggestion_pb2

    return label(suggestion_pb2.SuggestionType, number)


def state(number: int) -> Styled:
    """As in "pending", in its colour."""
    from forewarn.v1 import suggestion_pb2

    word = label(suggestion_pb2.SuggestionState, number)
    return Styled(word, _STYLES.get(word, ""))


def drafted(one: suggestion_pb2.Suggestion) -> str:
    """Who wrote the draft, and what came of asking a model."""
    from forewarn.v1 import suggestion_pb2

    if one.drafting == suggestion_pb2.SUGGESTION_DRAFTING_WAITING:
        return f"{one.drafted_by}; a model is being asked" + (
            f" ({one.drafting_detail})" if one.drafting_detail else ""
        )
    if one.drafting == suggestion_pb2.SUGGESTION_DRAFTING_FAILED:
        return f"{one.drafted_by}; no model's draft: {one.drafting_detail}"
    return one.drafted_by


def _some(names: Any) -> str:
    shown = list(names)
    return ", ".join(shown[:_SHOWN]) + (f" and {len(shown) - _SHOWN} more" if len(shown) > _SHOWN else "")
