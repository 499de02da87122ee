"""The command `forewarn-mcp`. Imports neither gRPC nor the MCP SDK before it serves."""

from __future__ import annotations

import importlib.util
import sys
from typing import Annotated

import typer

from forewarn_mcp.settings import Changes, Settings

EXIT_OK = 0
EXIT_USAGE = 2
EXIT_INTERRUPTED = 130

app = typer.Typer(rich_markup_mode=None, add_completion=False, pretty_exceptions_enable=False)


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import PackageNotFoundError, version

        try:
            typer.echo(f"forewarn {version('forewarn')}")
        except PackageNotFoundError:
            typer.echo("forewarn (not installed)")
        raise typer.Exit


@app.command(
    epilog="An MCP host starts it and speaks with it on stdin and stdout; what it logs goes to stderr. "
    "Exit codes: 0 the host left, 2 usage or the extra `mcp` is not installed, 130 interrupted."
)
def serve(
    address: Annotated[
        str | None,
        typer.Option(
            metavar="ADDR", help="The daemon's door for runtimes: unix:PATH or HOST:PORT [$FOREWARN_ADDRESS]."
        ),
    ] = None,
    admin_address: Annotated[
        str | None,
        typer.Option(metavar="ADDR", help="The daemon's door for administrators [$FOREWARN_ADMIN_ADDRESS]."),
    ] = None,
    token: Annotated[
        str | None,
        typer.Option(metavar="TOKEN", help="The credential, if any [$FOREWARN_TOKEN, $FOREWARN_ADMIN_TOKEN]."),
    ] = None,
    timeout: Annotated[
        float, typer.Option(min=0.001, max=600, metavar="SECONDS", help="How long to wait for an answer.")
    ] = 10.0,
    changes: Annotated[
        Changes,
        typer.Option(
            help=(
                "Tools that decide suggestions or change patterns and policies: not offered (off), only after the "
                "host has asked its user (ask), or whenever they are called (allow)."
            )
        ),
    ] = Changes.ASK,
    actor: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Who is recorded as deciding; the host's name and version by default."),
    ] = None,
    version: Annotated[  # noqa: ARG001 (its callback does it)
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """Offer a Forewarn daemon's knowledge, workflows and suggestions as MCP tools, over stdio."""
    if importlib.util.find_spec("mcp") is None:
        print("forewarn-mcp: this needs the extra `mcp`: pip install 'forewarn[mcp]'", file=sys.stderr)
        raise typer.Exit(EXIT_USAGE)
    from forewarn_mcp.serving import run

    raise typer.Exit(run(Settings(address, admin_address, token, timeout, changes, actor)))


def main() -> int:
    """Serves until the host leaves, and gives the exit code."""
    try:
        app(prog_name="forewarn-mcp")
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else EXIT_OK
    except KeyboardInterrupt:  # before serving began; later the signal is handled there
        return EXIT_INTERRUPTED
    return EXIT_OK


if __name__ == "__main__":
    sys.exit(main())
