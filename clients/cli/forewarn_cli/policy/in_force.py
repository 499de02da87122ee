"""`forewarn policy`: the policies in force, and how they are changed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

import typer

from forewarn_cli import options
from forewarn_cli.connection import knowledge, policies
from forewarn_cli.faults import EXIT_NEGATIVE, UsageFault

if TYPE_CHECKING:
    from forewarn.v1 import policy_pb2

_ModeWord = Literal["off", "shadow", "warn", "enforce"]


def list_policies(
    context: typer.Context,
    tool: options.OfTool = "",
    limit: options.Limit = 50,
    page_token: options.PageToken = "",
    json: options.Json = False,
) -> None:
    """List the policies in force: those of the daemon's folder and those that were applied."""
    from forewarn.v1 import policy_pb2
    from forewarn_cli.paging import read
    from forewarn_cli.policy import views
    from forewarn_cli.screen import Screen, show_json

    request = policy_pb2.ListPoliciesRequest(tool=tool, page_token=page_token)
    with policies(context) as ask:
        answer: policy_pb2.ListPoliciesResponse = read(ask, "ListPolicies", request, "policies", limit)
    if json:
        show_json(answer)
    else:
        views.listed(Screen(), answer)


def diff(context: typer.Context, files: options.PolicyFiles, json: options.Json = False) -> None:
    """Compare policies with those in force, in their plain form. Exits with 1 where they differ."""
    from forewarn.v1 import policy_pb2
    from forewarn_cli.policy import lint, views
    from forewarn_cli.policy.files import policy_files
    from forewarn_cli.screen import Screen, show_json

    given = policy_files(files)
    with policies(context) as ask:
        lint.require_valid(ask, given)
        request = policy_pb2.ApplyPoliciesRequest(files=given, dry_run=True)
        answer: policy_pb2.ApplyPoliciesResponse = ask("ApplyPolicies", request, patient=True)
    if json:
        show_json(answer)
    else:
        views.difference(Screen(), answer.changes)
    if any(one.change != "unchanged" for one in answer.changes):
        raise typer.Exit(EXIT_NEGATIVE)


def apply(
    context: typer.Context,
    files: Annotated[
        list[str] | None,
        typer.Argument(metavar="[FILE]...", help="Policies in YAML: files, or folders of them; - reads stdin."),
    ] = None,
    from_knowledge: Annotated[
        list[str] | None,
        typer.Option(metavar="ID", help="Apply the document of this organisational policy; repeatable."),
    ] = None,
    author: options.Author = "",
    reason: options.Reason = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would change, and change nothing.")] = False,
    json: options.Json = False,
) -> None:
    """Keep policies in the daemon, each as a new revision. All or nothing; in force at once."""
    from forewarn.v1 import policy_pb2
    from forewarn_cli.asking import me
    from forewarn_cli.policy import lint, views
    from forewarn_cli.policy.files import documents_of, policy_files
    from forewarn_cli.screen import Screen, show_json

    if not files and not from_knowledge:
        raise UsageFault("say which policies: FILE..., or --from-knowledge ID")
    given = policy_files(files) if files else []
    if from_knowledge:
        with knowledge(context) as ask:
            given = [*given, *documents_of(ask, from_knowledge)]
        reason = reason or ", ".join(one.name for one in given if one.name.startswith("knowledge:"))
    request = policy_pb2.ApplyPoliciesRequest(files=given, author=author or me(), reason=reason, dry_run=dry_run)
    with policies(context) as ask:
        lint.require_valid(ask, given)
        answer: policy_pb2.ApplyPoliciesResponse = ask("ApplyPolicies", request, patient=True)
    if json:
        show_json(answer)
    else:
        views.changes(Screen(), answer.changes, answer.policy_revision)


def get(
    context: typer.Context,
    name: options.PolicyName,
    revision: Annotated[int, typer.Option(min=0, help="As it was at this revision; as it is, unless told.")] = 0,
    json: options.Json = False,
) -> None:
    """Print a policy as YAML; of one that came of a suggestion, a comment says so."""
    from forewarn.v1 import policy_pb2
    from forewarn_cli.policy import views
    from forewarn_cli.screen import show_json
    from forewarn_cli.wording import clean

    with policies(context) as ask:
        request = policy_pb2.GetPolicyRequest(policy=name, revision=revision)
        answer: policy_pb2.GetPolicyResponse = ask("GetPolicy", request)
    if json:
        show_json(answer)
    elif not answer.policy.text:
        raise UsageFault(f"at revision {revision} {name} was deleted")
    else:
        if views.of_suggestion(answer.policy):
            print(f"# origin: {clean(answer.policy.origin)}")
        print(clean(answer.policy.text), end="")


def history(
    context: typer.Context,
    name: options.PolicyName,
    limit: options.Limit = 50,
    page_token: options.PageToken = "",
    json: options.Json = False,
) -> None:
    """List the revisions of a policy, newest first."""
    from forewarn.v1 import policy_pb2
    from forewarn_cli.paging import read
    from forewarn_cli.policy import views
    from forewarn_cli.screen import Screen, show_json

    request = policy_pb2.GetHistoryRequest(policy=name, page_token=page_token)
    with policies(context) as ask:
        answer: policy_pb2.GetHistoryResponse = read(ask, "GetHistory", request, "revisions", limit)
    if json:
        show_json(answer)
    else:
        views.history(Screen(), answer.revisions)


def rollback(
    context: typer.Context,
    name: options.PolicyName,
    revision: Annotated[int, typer.Argument(min=0, help="The revision to go back to; the last but one.")] = 0,
    author: options.Author = "",
    reason: options.Reason = "",
    json: options.Json = False,
) -> None:
    """Make a policy say again what it said at an older revision."""
    from forewarn.v1 import policy_pb2
    from forewarn_cli.asking import me

    with policies(context) as ask:
        request = policy_pb2.RollbackPolicyRequest(policy=name, revision=revision, author=author or me(), reason=reason)
        answer: policy_pb2.RollbackPolicyResponse = ask("RollbackPolicy", request, patient=True)
    _show_change(answer, json)


def set_mode(
    context: typer.Context,
    name: options.PolicyName,
    mode: Annotated[_ModeWord, typer.Argument(metavar="off|shadow|warn|enforce", help="How far it reaches.")],
    percent: Annotated[
        float | None, typer.Option(min=0, max=100, help="Enforce it in this share of sessions; as it was, unless told.")
    ] = None,
    author: options.Author = "",
    reason: options.Reason = "",
    json: options.Json = False,
) -> None:
    """Set how far a policy reaches, as a new revision."""
    from forewarn.v1 import model_pb2, policy_pb2
    from forewarn_cli.asking import me
    from forewarn_cli.wording import value

    request = policy_pb2.SetPolicyModeRequest(
        policy=name, mode=value(model_pb2.Mode, mode), author=author or me(), reason=reason
    )
    if percent is not None:
        request.enforce_percent = percent
    with policies(context) as ask:
        answer: policy_pb2.SetPolicyModeResponse = ask("SetPolicyMode", request, patient=True)
    _show_change(answer, json)


def delete(
    context: typer.Context,
    name: options.PolicyName,
    author: options.Author = "",
    reason: options.Reason = "",
    yes: options.Yes = False,
    json: options.Json = False,
) -> None:
    """Remove a policy. Its history stays: `rollback` brings it back."""
    from forewarn.v1 import policy_pb2
    from forewarn_cli.asking import confirm, me

    confirm(f"Its rules are not in force any more. Remove {name}?", yes)
    with policies(context) as ask:
        request = policy_pb2.DeletePolicyRequest(policy=name, author=author or me(), reason=reason)
        answer: policy_pb2.DeletePolicyResponse = ask("DeletePolicy", request, patient=True)
    _show_change(answer, json)


def _show_change(
    answer: policy_pb2.RollbackPolicyResponse | policy_pb2.SetPolicyModeResponse | policy_pb2.DeletePolicyResponse,
    json: bool,
) -> None:
    from forewarn_cli.policy import views
    from forewarn_cli.screen import Screen, show_json

    if json:
        show_json(answer)
    else:
        views.changes(Screen(), [answer.change], answer.policy_revision)
