"""`forewarn review`: starts the screen."""

from __future__ import annotations

import os
import sys
from importlib.util import find_spec
from typing import Annotated

import typer

from forewarn_cli.commands import single
from forewarn_cli.connection import admin, inbox, workflows
from forewarn_cli.faults import UsageFault

app = single()


@app.command()
def review(
    context: typer.Context,
    actor: Annotated[str, typer.Option("--as", metavar="NAME", help="Who decides; your user name by default.")] = "",
) -> None:
    """Read and decide suggestions on a screen of their own. Press ? there for the keys."""
    if find_spec("textual") is None:
        raise UsageFault("`forewarn review` needs the extra `review`: pip install 'forewarn[review]'")
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise UsageFault("`forewarn review` needs a terminal; `forewarn suggestions` does the same without one")
    from forewarn_cli.review.app import Review
    from forewarn_cli.review.hands import Doors

    for name in ("COLUMNS", "LINES"):  # where a shell exports them they are believed, whatever size the window has
        os.environ.pop(name, None)
    with inbox(context) as suggestions, workflows(context) as runtimes, admin(context) as administrators:
        screen = Review(Doors(suggestions, runtimes, administrators), actor)
        screen.run()
    for path in screen.keep_drafts():
        print(f"a draft that you wrote and that was not taken is in {path}")
