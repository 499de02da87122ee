"""`forewarn policy`: trying drafts. Nothing that these commands do is kept."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from forewarn_cli import options
from forewarn_cli.connection import policies
from forewarn_cli.faults import EXIT_INVALID, UsageFault

if TYPE_CHECKING:
    from forewarn.v1 import policy_pb2

_Drafts = Annotated[
    list[str] | None,
    typer.Option("--file", "-f", metavar="FILE", help="Ask these policies instead of those in force; repeatable."),
]


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
    from forewarn_cli.wording import counted

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
            ("not about this tool", counted(answer.skipped, "rule") if answer.skipped else ""),
        ]
    )
    screen.line()
    trace_view.show(screen, trace)
    if facts:
        screen.line()
        screen.line(answer.facts_json)


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
