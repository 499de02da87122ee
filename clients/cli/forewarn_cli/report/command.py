"""`forewarn report`: how good decisions were."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from forewarn_cli import options
from forewarn_cli.commands import single
from forewarn_cli.connection import admin, inbox
from forewarn_cli.faults import UsageFault

if TYPE_CHECKING:
    from forewarn.v1 import admin_pb2

app = single()


@app.command()
def report(
    context: typer.Context,
    learning: Annotated[
        bool, typer.Option("--learning", help="Report on suggestions instead: their success criteria, measured.")
    ] = False,
    html: Annotated[Path | None, typer.Option("--html", metavar="FILE", help="Write one HTML page.")] = None,
    show: Annotated[bool, typer.Option("--open", help="Open the page in a browser; with --html.")] = False,
    tool: options.OfTool = "",
    since: Annotated[str, typer.Option(metavar="TIME", help="Decisions made at or after this time.")] = "",
    until: Annotated[str, typer.Option(metavar="TIME", help="Decisions made before this time.")] = "",
    last: Annotated[str, typer.Option(metavar="DURATION", help="Decisions of the last 30m, 24h, 7d.")] = "",
    limit: Annotated[
        int, typer.Option(min=1, max=1_000_000, help="How many decisions to look at, the newest of the period.")
    ] = 100_000,
    json: options.Json = False,
) -> None:
    """Report how good decisions were: calibration, recall against false prevention, detectors, tools, patterns.

    Measured by the daemon from its own decisions and what became of their calls. With --learning: whether suggestions
    do what they are for.
    """
    from forewarn_cli.report import terminal
    from forewarn_cli.screen import show_json

    if show and html is None:
        raise UsageFault("--open shows the page that --html writes: give both")
    if json and html is not None:
        raise UsageFault("--json and --html: one at a time")
    if html is not None:
        from forewarn_cli.report import svg

        svg.require()
    if learning:
        if tool or since or until or last:
            raise UsageFault("--learning is about all there is: --tool, --since, --until and --last do not go with it")
        _learning(context, html, show=show, json=json)
        return
    request = _request(tool, since, until, last, limit)
    with admin(context) as ask:
        answer: admin_pb2.GetReportResponse = ask("GetReport", request, patient=True)
    if html is not None:
        from forewarn_cli.report import page

        _write(html, page.render(answer), show=show)
    elif json:
        show_json(answer)
    else:
        terminal.show(answer)


def _request(tool: str, since: str, until: str, last: str, limit: int) -> admin_pb2.GetReportRequest:
    from datetime import UTC, datetime

    from forewarn.v1 import admin_pb2
    from forewarn_cli.call_input import duration, timestamp

    request = admin_pb2.GetReportRequest(tool=tool, limit=limit)
    if since and last:
        raise UsageFault("--since and --last: one at a time")
    if since:
        request.start_time.CopyFrom(timestamp(since, "--since"))
    if last:
        try:
            request.start_time.FromDatetime(datetime.now(UTC) - duration(last, "--last").ToTimedelta())
        except (OverflowError, ValueError) as error:
            raise UsageFault(f"--last {last!r}: too long") from error
    if until:
        request.end_time.CopyFrom(timestamp(until, "--until"))
    return request


def _learning(context: typer.Context, html: Path | None, *, show: bool, json: bool) -> None:
    from forewarn.v1 import suggestion_pb2
    from forewarn_cli.report import learning_terminal
    from forewarn_cli.screen import show_json

    with inbox(context) as ask:
        answer: suggestion_pb2.GetLearningReportResponse = ask(
            "GetLearningReport", suggestion_pb2.GetLearningReportRequest(), patient=True
        )
    if html is not None:
        from forewarn_cli.report import learning_page

        _write(html, learning_page.render(answer), show=show)
    elif json:
        show_json(answer)
    else:
        learning_terminal.show(answer)


def _write(file: Path, text: str, *, show: bool) -> None:
    try:
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise UsageFault(f"cannot write {file}: {error.strerror or error}") from error
    print(f"wrote {file} ({len(text.encode()) / 1024:.0f} KiB)")
    if show:
        import webbrowser

        if not webbrowser.open(file.resolve().as_uri()):
            print("found no browser to open it with")
