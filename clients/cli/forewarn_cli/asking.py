"""Asks before something that cannot be undone, and knows who is there to ask."""

import sys

import typer

from forewarn_cli.faults import UsageFault


def confirm(question: str, yes: bool) -> None:
    """Goes on after --yes or a person's yes; where nobody can be asked, --yes is required."""
    if yes:
        return
    if not sys.stdin.isatty():
        raise UsageFault(f"{question} Nobody is here to ask: give --yes.")
    typer.confirm(question, abort=True, err=True)


def me() -> str:
    """Who is at the keyboard, as the system knows them; empty where it does not."""
    import getpass

    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):
        return ""
