"""`forewarn backup`, `verify` and `compact`: the store's upkeep. They take as long as they take."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from forewarn_cli import options
from forewarn_cli.commands import single
from forewarn_cli.connection import admin
from forewarn_cli.faults import EXIT_NEGATIVE

if TYPE_CHECKING:
    from forewarn.v1 import admin_pb2

backup_app = single()
verify_app = single()
compact_app = single()


@backup_app.command()
def backup(
    context: typer.Context,
    path: Annotated[Path, typer.Argument(metavar="PATH", help="A new or empty folder on the daemon's machine.")],
    json: options.Json = False,
) -> None:
    """Write a consistent copy of the store while the daemon runs. A daemon started on that folder runs on it."""
    from forewarn.v1 import admin_pb2
    from forewarn_cli.screen import Screen, show_json
    from forewarn_cli.wording import size

    with admin(context) as ask:
        request = admin_pb2.CreateBackupRequest(path=str(path.absolute()))
        answer: admin_pb2.CreateBackupResponse = ask("CreateBackup", request, patient=True)
    if json:
        show_json(answer)
    else:
        Screen().line(f"{answer.path}: {size(answer.bytes)}, up to commit {answer.store_sequence}")


@verify_app.command()
def verify(context: typer.Context, json: options.Json = False) -> None:
    """Check the store: pages, codecs, counters, references. Exits with 1 when something is wrong."""
    from forewarn.v1 import admin_pb2
    from forewarn_cli.screen import Screen, Styled, show_json

    with admin(context) as ask:
        answer: admin_pb2.VerifyStoreResponse = ask("VerifyStore", admin_pb2.VerifyStoreRequest(), patient=True)
    if json:
        show_json(answer)
    else:
        screen = Screen()
        screen.pairs((f"{table} entries", str(count)) for table, count in sorted(answer.entries.items()))
        for problem in answer.problems:
            screen.line(Styled(problem, "red"))
        screen.line(Styled("nothing is wrong", "green") if answer.ok else Styled("the store is damaged", "bold red"))
    if not answer.ok:
        raise typer.Exit(EXIT_NEGATIVE)


@compact_app.command()
def compact(context: typer.Context, json: options.Json = False) -> None:
    """Rewrite the store without free pages. Decisions go on; records wait."""
    from forewarn.v1 import admin_pb2
    from forewarn_cli.screen import Screen, show_json
    from forewarn_cli.wording import size

    with admin(context) as ask:
        answer: admin_pb2.CompactStoreResponse = ask("CompactStore", admin_pb2.CompactStoreRequest(), patient=True)
    if json:
        show_json(answer)
    else:
        Screen().line(f"{size(answer.bytes_before)} → {size(answer.bytes_after)}")
