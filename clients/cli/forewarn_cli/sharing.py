"""`forewarn export` and `forewarn import`: usage patterns as YAML."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from forewarn_cli import options
from forewarn_cli.commands import single
from forewarn_cli.connection import admin
from forewarn_cli.faults import UsageFault

if TYPE_CHECKING:
    from forewarn.v1 import admin_pb2

export_app = single()
import_app = single()

_CHUNK = 256 * 1024


@export_app.command()
def export(
    context: typer.Context,
    file: Annotated[str, typer.Argument(metavar="FILE", help="Where to write; stdout by default.")] = "-",
    tool: options.OfTool = "",
) -> None:
    """Write usage patterns as YAML, whole or not at all. What you wrote into FILE before (comments, order) stays."""
    from forewarn.v1 import admin_pb2

    with admin(context) as ask:
        chunks = ask.stream("ExportUsagePatterns", admin_pb2.ExportUsagePatternsRequest(tool=tool))
        if file == "-":
            for chunk in chunks:
                sys.stdout.buffer.write(chunk.chunk)
            return
        target = Path(file).resolve()
        part = target.with_name(f".{target.name}.part")
        try:
            with part.open("wb") as out:
                for chunk in chunks:
                    out.write(chunk.chunk)
            if target.exists():
                part.write_text(_merged(target, part), encoding="utf-8", newline="\n")
                part.chmod(target.stat().st_mode & 0o7777)
            part.replace(target)
        except OSError as error:
            raise UsageFault(f"cannot write {file}: {error.strerror}") from error
        finally:
            part.unlink(missing_ok=True)


def _merged(target: Path, part: Path) -> str:
    """What was exported, in the words of the file that stands there."""
    from forewarn_cli.patterns_merge import NotPatternsError, merge

    try:
        return merge(target.read_text(encoding="utf-8-sig"), part.read_text(encoding="utf-8"))
    except (NotPatternsError, UnicodeDecodeError) as error:
        why = error if isinstance(error, NotPatternsError) else "is not UTF-8"
        raise UsageFault(f"{target} exists and {why}; remove it, or write elsewhere") from None


@import_app.command("import")
def import_(
    context: typer.Context,
    file: Annotated[str, typer.Argument(metavar="FILE", help="What to read; - is stdin.")],
    json: options.Json = False,
) -> None:
    """Read usage patterns from YAML, as `forewarn export` writes it. All or nothing."""
    from forewarn_cli.screen import show_json

    try:
        document = sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
    except OSError as error:
        raise UsageFault(f"cannot read {file}: {error.strerror}") from error
    with admin(context) as ask:
        answer: admin_pb2.ImportUsagePatternsResponse = ask("ImportUsagePatterns", _pieces(document), patient=True)
    if json:
        show_json(answer)
    else:
        print(f"{answer.created} created, {answer.replaced} replaced")


def _pieces(document: bytes) -> Iterator[admin_pb2.ImportUsagePatternsRequest]:
    from forewarn.v1 import admin_pb2

    for start in range(0, len(document), _CHUNK):
        yield admin_pb2.ImportUsagePatternsRequest(chunk=document[start : start + _CHUNK])
