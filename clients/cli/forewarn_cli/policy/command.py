"""`forewarn policy`: rules that people write."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

import typer

from forewarn_cli import options
from forewarn_cli.commands import group
from forewarn_cli.connection import knowledge, policies
from forewarn_cli.faults import EXIT_INVALID, EXIT_NEGATIVE, UsageFault

if TYPE_CHECKING:
    from forewarn.v1 import policy_pb2

app = group("Policies: rules that people write. `forewarn policy` alone lists those in force.")

_Drafts = Annotated[
    list[str] | None,
    typer.Option("--file", "-f", metavar="FILE", help="Ask these policies instead of those in force; repeatable."),
]
_ModeWord = Literal["off", "shadow", "warn", "enforce"]


@app.command("list")
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


@app.command("lint")
def lint_files(context: typer.Context, files: options.PolicyFiles, json: options.Json = False) -> None:
    """Check policies: every fault with its file, line, field and fix. Exits with 5 where there is one.

    The running daemon checks them and keeps nothing; without one, a daemon is started for it.
    """
    from forewarn_cli.policy import lint
    from forewarn_cli.policy.door import any_daemon
    from forewarn_cli.policy.files import policy_files
    from forewarn_cli.screen import Screen, show_json
    from forewarn_cli.wording import counted

    given = policy_files(files)
    with any_daemon(context) as ask:
        answer = lint.faults_of(ask, given)
    if json:
        show_json(answer)
    else:
        lint.show(Screen(), answer.faults)
        if not answer.faults:
            Screen().line(
                f"{counted(answer.policies, 'policy', 'policies')}, {counted(answer.rules, 'rule')}: no faults"
            )
        else:
            Screen(stderr=True).line(lint.summary(answer.faults))
    if answer.faults:
        raise typer.Exit(EXIT_INVALID)


@app.command("test")
def run_suites(
    context: typer.Context,
    paths: Annotated[list[str], typer.Argument(metavar="PATH...", help="Suites (*_test.yaml), or folders of them.")],
    junit: Annotated[str, typer.Option(metavar="FILE", help="Also write the results as JUnit XML.")] = "",
    min_coverage: Annotated[
        float, typer.Option(min=0, max=100, metavar="PERCENT", help="Fail where fewer rules fire in some test.")
    ] = 0.0,
    watch: Annotated[bool, typer.Option("--watch", help="Run again when a file changes, until Ctrl-C.")] = False,
    json: options.Json = False,
) -> None:
    """Run test suites. Exits with 1 where a test failed, with 5 where policies or suites do not compile.

    The running daemon runs them and keeps nothing; without one, a daemon is started for it.
    """
    from pathlib import Path

    from forewarn_cli.policy import testing
    from forewarn_cli.policy.door import any_daemon
    from forewarn_cli.screen import Screen, show_json

    if watch and json:
        raise UsageFault("--watch is for people: it does not go with --json")
    with any_daemon(context) as ask:
        while True:
            seen = testing.look(paths)
            results = testing.run(ask, paths)
            if junit:
                testing.write_junit(Path(junit), results)
            if json:
                show_json(results)
            else:
                testing.show(Screen(), results)
            if not watch:
                break
            Screen().line("waiting for a change …")
            Screen().flush()
            testing.wait_for_change(paths, seen)
    code = testing.exit_code(results, min_coverage)
    if code:
        raise typer.Exit(code)


@app.command()
def explain(
    context: typer.Context,
    tool: Annotated[str, typer.Argument(metavar="TOOL", help="The tool's name.")] = "",
    arguments: options.Arguments = None,
    arg: options.ArgumentPairs = None,
    context_pairs: options.ContextPairs = None,
    session: options.Session = "",
    caller: options.Caller = "",
    role: options.Roles = None,
    server: options.Server = "",
    time: options.Time = "",
    decision: Annotated[str, typer.Option(metavar="ID", help="The call of this decision, as it was kept.")] = "",
    file: _Drafts = None,
    facts: Annotated[bool, typer.Option("--facts", help="Also show every fact that rules can read.")] = False,
    json: options.Json = False,
) -> None:
    """Explain what policies say of a call: every rule that fired, failed, or missed and by which condition.

    Nothing is logged, and no approval is asked for.
    """
    from forewarn.v1 import policy_pb2
    from forewarn_cli.call_input import call
    from forewarn_cli.decision_view import verdict
    from forewarn_cli.policy import trace_view
    from forewarn_cli.policy.files import policy_files
    from forewarn_cli.screen import Screen, show_json

    if bool(tool) is bool(decision):
        raise UsageFault("say which call: TOOL [ARGS_JSON], or --decision ID")
    request = policy_pb2.ExplainCallRequest(decision_id=decision, files=policy_files(file or ()))
    if tool:
        asked = call(
            tool, arguments, arg, context_pairs,
            session=session, caller=caller, roles=role, server=server, time=time,
        )  # fmt: skip
        request.call.CopyFrom(asked)
    with policies(context) as ask:
        answer: policy_pb2.ExplainCallResponse = ask("ExplainCall", request)
    if json:
        show_json(answer)
        return
    screen, trace = Screen(), answer.trace
    screen.pairs(
        [
            ("verdict", verdict(trace.verdict) if trace.verdict else "nothing is said"),
            ("by", trace.rule),
            ("if all were enforced", verdict(trace.would_be) if trace.would_be else ""),
            ("by ", trace.would_be_rule if trace.would_be_rule != trace.rule else ""),
            ("not about this tool", f"{answer.skipped} rules" if answer.skipped else ""),
        ]
    )
    screen.line()
    trace_view.show(screen, trace)
    if facts:
        screen.line()
        screen.line(answer.facts_json)


@app.command("what-if")
def what_if(
    context: typer.Context,
    files: options.PolicyFiles,
    tool: options.OfTool = "",
    session: options.OfSession = "",
    limit: Annotated[int, typer.Option(min=1, max=100_000, help="How many of the newest recorded calls.")] = 10_000,
    examples: Annotated[int, typer.Option(min=1, max=200, help="How many calls to show.")] = 20,
    json: options.Json = False,
) -> None:
    """Show what a draft would have said of recorded calls, what became of them, and where that differs from today."""
    from forewarn.v1 import policy_pb2
    from forewarn_cli.policy import lint, views
    from forewarn_cli.policy.files import policy_files
    from forewarn_cli.screen import Screen, show_json

    given = policy_files(files)
    request = policy_pb2.WhatIfRequest(files=given, tool=tool, session_id=session, limit=limit, examples=examples)
    with policies(context) as ask:
        lint.require_valid(ask, given)
        answer: policy_pb2.WhatIfResponse = ask("WhatIf", request, patient=True)
    if json:
        show_json(answer)
    else:
        views.what_if(Screen(), answer)


@app.command()
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


@app.command()
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


@app.command()
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


@app.command()
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


@app.command()
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


@app.command("set-mode")
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


@app.command()
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


@app.command()
def repl(
    context: typer.Context,
    files: Annotated[
        list[str] | None, typer.Argument(metavar="[FILE]...", help="Policies to try; those in force, unless told.")
    ] = None,
) -> None:
    """Try calls on policies, one a line; `help` says how. Ends with Ctrl-D."""
    from forewarn_cli.policy.door import any_daemon
    from forewarn_cli.policy.repl import Repl

    with policies(context) if not files else any_daemon(context) as ask:
        Repl(ask, files or ()).run()


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
