"""`forewarn replay`: how well prevention would have worked on recorded calls."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from forewarn_cli import options
from forewarn_cli.commands import single
from forewarn_cli.faults import UsageFault

app = single()

RESULT_KEYS = "exit_code,status_code,duration_ms"


@app.command()
def replay(
    context: typer.Context,
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Traces: .jsonl or .jsonl.gz.")],
    private: Annotated[
        bool, typer.Option("--private", help="A daemon of its own for each source: cold start, nothing kept.")
    ] = False,
    enforced: Annotated[
        bool, typer.Option("--enforced", help="Prevented calls teach nothing (mode enforce); with --private.")
    ] = False,
    order: Annotated[int | None, typer.Option(metavar="SEED", help="Shuffle the runs with this seed.")] = None,
    orders: Annotated[
        int, typer.Option(min=1, metavar="N", help="The mean of N shuffled orders, from SEED (1) on; with --private.")
    ] = 1,
    by: Annotated[Literal["detector"] | None, typer.Option(help="Also who prevented what.")] = None,
    limit: Annotated[int, typer.Option(min=0, metavar="N", help="Only the first N calls of each source.")] = 0,
    jobs: Annotated[int, typer.Option(min=1, metavar="N", help="How many sources at once; blurs the timings.")] = 1,
    result_key: Annotated[
        str, typer.Option(metavar="KEYS", help="Context keys known only after a call, never sent; comma-separated.")
    ] = RESULT_KEYS,
    skip_bad: Annotated[
        bool, typer.Option("--skip-bad", help="Leave out lines that cannot be used, and say which.")
    ] = False,
    daemon_arg: Annotated[
        list[str] | None, typer.Option(metavar="ARG", help="Given to the private daemon; may be repeated.")
    ] = None,
    yes: options.Yes = False,
    json: options.Json = False,
) -> None:
    """Replay recorded calls and measure prevention.

    Asks before each call whether it should be prevented, compares with how it ended, then tells the daemon. Without
    --private the running daemon learns from it.
    """
    from forewarn_cli.asking import confirm
    from forewarn_cli.replay import report, session, trace_files
    from forewarn_cli.wording import counted

    if not private:
        for flag, given in (("--enforced", enforced), ("--orders", orders > 1), ("--daemon-arg", daemon_arg)):
            if given:
                raise UsageFault(f"{flag} needs --private: it would teach or change the running daemon")
    keys = {key.strip() for key in result_key.split(",")}
    traces = trace_files.read(files, keys, limit=limit, skip_bad=skip_bad)
    if not traces.sources:
        raise UsageFault("\n".join(["there is no call in these files that can be replayed", *traces.skipped.told()]))
    if not private:
        calls = sum(map(len, traces.sources.values()))
        confirm(
            f"This teaches the running daemon {counted(calls, 'call')}; --private keeps them out of it. Go on?", yes
        )
    seeds = [order] if orders == 1 else [(1 if order is None else order) + step for step in range(orders)]
    plan = session.Plan(
        context.obj, private, enforced, seeds, jobs, traces.skipped if skip_bad else None, tuple(daemon_arg or ())
    )
    results = session.run(plan, traces.sources)
    if json:
        report.show_json(results, traces.skipped, by_detector=by is not None)
    else:
        report.show_tables(results, by_detector=by is not None)
    report.show_notes(results, traces.skipped)
