"""`forewarn mode`: how far decisions reach."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING, Annotated

import typer

from forewarn_cli import options
from forewarn_cli.commands import single
from forewarn_cli.connection import Door, admin
from forewarn_cli.faults import UsageFault

if TYPE_CHECKING:
    from forewarn.v1 import admin_pb2

app = single()

MODES = ("off", "shadow", "warn", "enforce")
INHERIT = "inherit"


@app.command()
def mode(
    context: typer.Context,
    first: Annotated[str | None, typer.Argument(metavar="TOOL", help="One tool; without it, all tools.")] = None,
    second: Annotated[
        str | None, typer.Argument(metavar="off|shadow|warn|enforce|inherit", help="The mode to set.")
    ] = None,
    tool: Annotated[str, typer.Option("--tool", metavar="TOOL", help="A tool whose name is a mode's.")] = "",
    json: options.Json = False,
) -> None:
    """Show or set how far decisions reach, for all tools or for one; `inherit` ends a tool's own mode."""
    from forewarn.v1 import admin_pb2, model_pb2
    from forewarn_cli.screen import Screen, show_json
    from forewarn_cli.wording import label, value

    name, wanted = _meant(first, second, tool)
    with admin(context) as ask:
        if wanted is None:
            _show(ask, name, json)
            return
        number = value(model_pb2.Mode, None if wanted == INHERIT else wanted)
        answer: admin_pb2.SetModeResponse = ask("SetMode", admin_pb2.SetModeRequest(tool=name, mode=number))
    if json:
        show_json(answer)
        return
    before, now = label(model_pb2.Mode, answer.previous) or INHERIT, label(model_pb2.Mode, answer.mode) or INHERIT
    now += " (as all)" if name and wanted == INHERIT else ""
    Screen().line(f"{name or 'all tools'}: {before} → {now}")


def _meant(first: str | None, second: str | None, tool: str) -> tuple[str, str | None]:
    """The tool ("" for all) and the mode (None to show it)."""
    words = [word for word in (tool, first, second) if word]
    if len(words) > 2:
        raise UsageFault("too many words: forewarn mode [TOOL] [MODE]")
    if len(words) == 2:
        name, wanted = words
    elif words and not tool and words[0] in MODES:
        name, wanted = "", words[0]
    elif words == [INHERIT] and not tool:
        raise UsageFault(f"{INHERIT!r} is for one tool: forewarn mode TOOL {INHERIT}")
    else:
        return (words[0] if words else ""), None
    if wanted not in (*MODES, INHERIT):
        raise UsageFault(f"{wanted!r} is no mode: {', '.join(MODES)}, or {INHERIT} for a tool")
    return name, wanted


def _show(ask: Door, name: str, json: bool) -> None:
    from forewarn.v1 import admin_pb2, model_pb2
    from forewarn_cli.paging import read
    from forewarn_cli.screen import Screen, show_json
    from forewarn_cli.wording import label

    general: admin_pb2.GetStatusResponse = ask("GetStatus", admin_pb2.GetStatusRequest())
    known: admin_pb2.ListToolsResponse = read(ask, "ListTools", admin_pb2.ListToolsRequest(), "tools", 1_000_000)
    own = {one.descriptor.tool: label(model_pb2.Mode, one.mode) for one in known.tools if one.mode}
    everywhere = label(model_pb2.Mode, general.mode)
    if name:
        if name not in {one.descriptor.tool for one in known.tools}:
            meant = get_close_matches(name, (*MODES, INHERIT), 1)
            raise UsageFault(
                f"{name!r} is no mode, and no tool of that name is known" + (f"; {meant[0]}?" if meant else "")
            )
        own = {name: own.get(name, "")}
    if json:
        show_json({"mode": everywhere, "tools": {tool: word or INHERIT for tool, word in own.items()}})
        return
    for_all = [] if name else [("all tools", everywhere)]
    Screen().pairs([*for_all, *((tool, word or f"{everywhere} (as all)") for tool, word in own.items())])
