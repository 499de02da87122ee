"""Organisational patterns, policies and workflows in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from forewarn_cli.screen import Brief, Cell, Screen, Styled
from forewarn_cli.wording import counted, label, moment, percent

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from google.protobuf.timestamp_pb2 import Timestamp

    from forewarn.v1 import knowledge_pb2

COLUMNS = ["id", "kind", ">recommended", ">used", ">accepted", ">succeeded", "last used", "description"]
MATCH_COLUMNS = ["id", "kind", ">relevance", ">likely used", ">score", "description"]
WORKFLOW_COLUMNS = ["workflow", "began", "scope", "outcome", "best match", "used", "intent"]
_OUTCOMES = {"success": "green", "failure": "red", "abandoned": "yellow"}
_RESULTS = {"success": "green", "failed": "red", "pending": "yellow", "skipped": "dim"}


def row(entity: knowledge_pb2.OrganisationalEntity) -> list[Cell]:
    """One line of a table with COLUMNS."""
    metrics = entity.usage_metrics
    deleted = entity.HasField("deleted_at")
    return [
        Styled(entity.id, "dim strike") if deleted else entity.id,
        _kind(entity),
        str(metrics.times_recommended),
        str(metrics.times_used),
        percent(metrics.acceptance_rate.value, 0) if metrics.HasField("acceptance_rate") else "–",
        percent(metrics.success_rate.value, 0) if metrics.HasField("success_rate") else "–",
        moment(metrics.last_used)[:10],
        Brief(("(deleted) " if deleted else "") + entity.description, 100),
    ]


def match_row(match: knowledge_pb2.EntityMatch) -> list[Cell]:
    """One line of a table with MATCH_COLUMNS."""
    relevance = percent(match.relevance, 0)
    return [
        match.entity.id,
        _kind(match.entity),
        Styled(f"{relevance} weak", "dim") if match.weak else Styled(relevance, "green"),
        percent(match.probability_of_use, 0),
        f"{match.score:.2f}",
        Brief(match.entity.description, 100),
    ]


def show(screen: Screen, entity: knowledge_pb2.OrganisationalEntity) -> None:
    """Everything that people wrote of an entity, and where it stands."""
    screen.pairs(
        [
            (_kind(entity), Styled(entity.id, "bold")),
            ("description", entity.description),
            ("triggers", ", ".join(entity.triggers)),
            ("resources", ", ".join(entity.suggested_resources)),
            ("rationale", entity.rationale),
            ("policy document", entity.policy_document),
            ("revision", f"{entity.revision}, etag {entity.etag}"),
            ("created", _by(moment(entity.created_at), entity.created_by, entity.origin)),
            ("changed", _by(moment(entity.updated_at), entity.updated_by) if entity.revision > 1 else ""),
            ("deleted", Styled(moment(entity.deleted_at), "red")),
        ]
    )


def show_metrics(screen: Screen, answer: knowledge_pb2.GetUsageMetricsResponse) -> None:
    """How an entity was used: over all, by scope, and with what."""
    if not answer.HasField("pooled"):
        screen.line(Styled("never recommended, never used", "dim"))
        return
    metrics = answer.pooled
    screen.pairs(
        [
            ("recommended", _times(metrics.times_recommended, metrics.last_recommended)),
            ("used", _times(metrics.times_used, metrics.last_used)),
            ("accepted", _share(metrics.acceptance_rate) if metrics.HasField("acceptance_rate") else ""),
            ("succeeded", _share(metrics.success_rate) if metrics.HasField("success_rate") else ""),
            ("added", _counts(metrics.common_additions, metrics.times_resources_known)),
            (
                "weak matches",
                f"{metrics.times_matched_weakly}, used all the same {counted(metrics.times_used_weakly, 'time')}"
                if metrics.times_matched_weakly
                else "",
            ),
            ("left out", _counts(metrics.common_omissions, metrics.times_resources_known)),
            ("used with", "; ".join(f"{one.id} ({percent(one.share.value, 0)})" for one in answer.also_used[:8])),
        ]
    )
    if answer.scopes:
        screen.line()
        screen.table(
            ["scope", ">recommended", ">used", ">succeeded", "last used"],
            [
                [
                    one.scope,
                    str(one.metrics.times_recommended),
                    str(one.metrics.times_used),
                    _share(one.metrics.success_rate) if one.metrics.HasField("success_rate") else "–",
                    moment(one.metrics.last_used)[:10],
                ]
                for one in answer.scopes
            ],
        )


def workflow_row(workflow: knowledge_pb2.Workflow) -> list[Cell]:
    """One line of a table with WORKFLOW_COLUMNS."""
    best = max(workflow.recommended, key=lambda one: one.relevance, default=None)
    return [
        workflow.workflow_id,
        moment(workflow.started_at),
        workflow.scope,
        _outcome(workflow),
        f"{best.id} {percent(best.relevance, 0)}" if best is not None else "–",
        ", ".join(workflow.used),
        Brief(workflow.intent, 80),
    ]


def show_workflow(screen: Screen, workflow: knowledge_pb2.Workflow) -> None:
    """Everything about a workflow."""
    screen.pairs(
        [
            ("workflow", Styled(workflow.workflow_id, "bold")),
            ("intent", workflow.intent),
            ("scope", workflow.scope),
            ("caller", workflow.caller),
            ("began", moment(workflow.started_at)),
            ("completed", moment(workflow.completed_at)),
            ("outcome", _outcome(workflow)),
            ("detail", workflow.detail),
            ("recommended", ", ".join(f"{one.id} ({percent(one.relevance, 0)})" for one in workflow.recommended)),
            ("used", ", ".join(workflow.used)),
            ("generated", ", ".join(workflow.generated_resources)),
            ("added", ", ".join(workflow.additions)),
        ]
    )
    screen.line()
    screen.table(["stage", "result", "detail"], [_stage(stage) for stage in workflow.stages])
    for stage in workflow.stages:
        found = (*stage.suggestions.patterns, *stage.suggestions.policies)
        if found:
            screen.table(
                ["suggestion", "type", ">confidence", "reason"],
                [[one.suggestion_id, one.type, percent(one.confidence, 0), one.reason] for one in found],
            )


def also_used(screen: Screen, told: Sequence[tuple[str, Sequence[knowledge_pb2.CoUsage]]]) -> None:
    """Users who used one also used another."""
    for entity_id, found in told:
        if found:
            names = ", ".join(f"{one.id} ({one.times}×)" for one in found)
            screen.line(Styled(f"who used {entity_id} also used {names}", "dim"))


def _stage(stage: knowledge_pb2.WorkflowStage) -> list[Cell]:
    return [stage.stage, Styled(stage.result, _RESULTS.get(stage.result, "")), stage.detail]


def _kind(entity: knowledge_pb2.OrganisationalEntity) -> str:
    from forewarn.v1 import knowledge_pb2

    return label(knowledge_pb2.EntityKind, entity.kind)


def _outcome(workflow: knowledge_pb2.Workflow) -> Cell:
    from forewarn.v1 import knowledge_pb2

    outcome = label(knowledge_pb2.WorkflowOutcome, workflow.outcome) or "open"
    return Styled(outcome, _OUTCOMES.get(outcome, "dim"))


def _by(when: str, who: str, origin: str = "") -> str:
    return when + (f" by {who}" if who else "") + (f", {origin}" if origin and origin != "created" else "")


def _times(count: int, last: Timestamp) -> str:
    return f"{counted(count, 'time')}, last {moment(last) or 'never'}"


def _share(share: knowledge_pb2.Share) -> str:
    return f"{percent(share.value, 0)} of {share.out_of} ({share.low * 100:.0f}–{share.high * 100:.0f} %)"


def _counts(counts: Mapping[str, int], out_of: int) -> str:
    often = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))[:8]
    return ", ".join(f"{name} {count} of {out_of}" for name, count in often)
