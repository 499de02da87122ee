"""The entry point: global options, and exit codes that scripts can rely on."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from forewarn_cli.commands import LazyGroup, leave_stdout
from forewarn_cli.connection import Settings
from forewarn_cli.faults import EXIT_INTERRUPTED, EXIT_OK, EXIT_USAGE, Fault

COMPLETE = "_FOREWARN_COMPLETE"
"""Set by the completion scripts when a shell asks what could come next."""

app = typer.Typer(
    cls=LazyGroup,
    rich_markup_mode=None,
    add_completion=False,
    no_args_is_help=True,
    epilog="Exit codes: 0 ok, 1 a negative answer, 2 usage, 3 no daemon, 4 refused by the daemon, 5 policies that do "
    "not compile, 130 interrupted.",
)


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import PackageNotFoundError, version

        try:
            typer.echo(f"forewarn {version('forewarn')}")
        except PackageNotFoundError:
            typer.echo("forewarn (not installed)")
        raise typer.Exit


@app.callback()
def root(
    context: typer.Context,
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
        float | None, typer.Option(min=0.001, max=1e6, metavar="SECONDS", help="How long to wait for an answer (10).")
    ] = None,
    version: Annotated[  # noqa: ARG001 (its callback does it)
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """Ask the Forewarn daemon what will fail, tell it what did, and see what it learned."""
    context.obj = Settings(address, admin_address, token, timeout)


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command and gives its exit code; prints a fault as one message, never a traceback."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:  # closed by whoever started us: nobody wants to hear of it
            setattr(sys, name, Path(os.devnull).open("w", encoding="utf-8"))  # noqa: SIM115 (as long as we run)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # what a terminal or file cannot encode is escaped, not fatal
            stream.reconfigure(errors="backslashreplace")
    if COMPLETE in os.environ:
        from typer._completion_classes import completion_init

        completion_init()
    try:
        app(args=None if arguments is None else list(arguments), prog_name="forewarn", complete_var=COMPLETE)
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else EXIT_OK
    except Fault as fault:
        from forewarn_cli.wording import clean

        print(clean(f"forewarn: {fault}"), file=sys.stderr)
        return fault.exit_code
    except UnicodeEncodeError as error:  # bytes on the command line that are not text; protobuf cannot hold them
        print(f"forewarn: {error.object!r} is not valid text", file=sys.stderr)
        return EXIT_USAGE
    except BrokenPipeError:
        leave_stdout()
    except OSError as error:  # the disk that stdout goes to is full, or the terminal is gone
        leave_stdout()
        print(f"forewarn: cannot write: {error.strerror or error}", file=sys.stderr)
        return EXIT_USAGE
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED
    return EXIT_OK


if __name__ == "__main__":
    sys.exit(main())
