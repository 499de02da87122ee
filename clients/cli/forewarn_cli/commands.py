"""The commands by name, imported only when one is used, and the two kinds of group they hang in."""

from __future__ import annotations

import importlib
import os
import sys
from typing import TYPE_CHECKING, Any

import typer
from typer.core import TyperGroup

if TYPE_CHECKING:
    from typer._click import Command, Context, HelpFormatter

COMMANDS: dict[str, dict[str, tuple[str, str]]] = {
    "Before and after a call": {
        "check": ("checking", "Ask whether a call should be prevented."),
        "record": ("recording", "Tell how a call went."),
        "optimize": ("optimizing", "Rank what could be used instead."),
        "similar": ("similar", "Find past calls and patterns like a call."),
        "context": ("injecting", "Show what is worth knowing before using tools."),
        "appeal": ("appealing", "Say that a prevention was wrong."),
    },
    "What was decided and learned": {
        "decisions": ("decisions", "Past decisions: query, show, tail."),
        "calls": ("calls", "Recorded calls."),
        "patterns": ("patterns", "Usage patterns: list, show, suspend, resume, forget."),
        "rules": ("rules", "What prevents calls: written and learned."),
        "stats": ("stats", "What was counted, in all and per tool."),
        "events": ("events", "Resets, suspensions, mode changes."),
        "appeals": ("appeals", "Appeals against preventions."),
        "report": ("report.command", "How good decisions were; --html writes a page with charts."),
        "replay": ("replay.command", "Measure prevention on recorded calls."),
    },
    "Policies": {
        "policy": ("policy.command", "Rules that people write: lint, test, what-if, apply, explain."),
        "approvals": ("approvals", "Calls that wait for a person: list, approve, deny."),
    },
    "What to build": {
        "knowledge": ("knowledge", "Organisational patterns and policies: find, change, share, measure."),
        "workflow": ("workflow", "Workflows: recommend, complete, show, watch, list."),
        "suggestions": ("suggestions", "The inbox: list, show, approve, modify, reject, dismiss, undo, watch."),
        "review": ("review.command", "The inbox on a screen of its own."),
        "rollouts": ("rollouts", "A pattern or policy for a share of sessions: start, list, show, stop."),
    },
    "The daemon": {
        "status": ("status", "How the daemon is."),
        "mode": ("mode", "Show or set how far decisions reach."),
        "tools": ("tools", "Tools that are known; register them."),
        "export": ("sharing:export_app", "Write usage patterns as YAML."),
        "import": ("sharing:import_app", "Read usage patterns from YAML."),
        "backup": ("store:backup_app", "Copy the store while the daemon runs."),
        "verify": ("store:verify_app", "Check the store."),
        "compact": ("store:compact_app", "Rewrite the store without free pages."),
        "completion": ("completion", "Print a shell's completion script."),
    },
}
"""By section, then name: the module (and its Typer, `app` unless named) and the help in a line."""

_PLACES = {name: place for section in COMMANDS.values() for name, (place, _) in section.items()}


class LazyGroup(TyperGroup):
    """The root: lists the table above and imports a command's module when the command is meant."""

    def list_commands(self, ctx: Context) -> list[str]:  # noqa: ARG002 (Typer's signature)
        """Every name, in the order of the table."""
        return list(_PLACES)

    def get_command(self, ctx: Context, cmd_name: str) -> Command | None:  # noqa: ARG002 (Typer's signature)
        """The command, its module imported now; None for an unknown name."""
        if cmd_name not in self.commands and cmd_name in _PLACES:
            module, _, attribute = _PLACES[cmd_name].partition(":")
            app: typer.Typer = getattr(importlib.import_module(f"forewarn_cli.{module}"), attribute or "app")
            command = typer.main.get_command(app)
            command.name = cmd_name
            self.commands[cmd_name] = command
        return self.commands.get(cmd_name)

    def format_commands(self, ctx: Context, formatter: HelpFormatter) -> None:  # noqa: ARG002 (Typer's signature)
        """The table, by section; imports none of the modules."""
        for title, section in COMMANDS.items():
            with formatter.section(title):
                formatter.write_dl([(name, line) for name, (_, line) in section.items()])

    def parse_args(self, ctx: Context, args: list[str]) -> list[str]:
        """Answers `COMMAND --help` at once: parsing the global options first would import pydantic, for nothing."""
        words, asked = args[:-1], args[-1:]
        if words and asked == ["--help"]:
            command: Command | None = self
            place = ctx
            for word in words:
                command = command.get_command(place, word) if isinstance(command, TyperGroup) else None
                if command is None:
                    break
                place = type(ctx)(command, info_name=word, parent=place)
            else:
                typer.echo(place.get_help())
                raise typer.Exit
        return super().parse_args(ctx, args)

    def resolve_command(self, ctx: Context, args: list[str]) -> tuple[str | None, Command | None, list[str]]:
        """The command that is meant, or an error that names a near one."""
        if args and args[0] not in _PLACES:
            from difflib import get_close_matches

            near = get_close_matches(args[0], _PLACES)
            meant = f" Did you mean {near[0]!r}?" if near else " `forewarn --help` lists them."
            ctx.fail(f"No such command {args[0]!r}.{meant}")
        return super().resolve_command(ctx, args)

    def invoke(self, ctx: Context) -> Any:
        """Runs the command. A reader that has seen enough (`| head`) is not a failure."""
        try:
            answer = super().invoke(ctx)
            sys.stdout.flush()
        except BrokenPipeError:
            leave_stdout()
            raise typer.Exit(0) from None
        return answer


def leave_stdout() -> None:
    """What is left of our output, at the latest what Python flushes at the end, goes nowhere."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


class DefaultGroup(TyperGroup):
    """A group whose first command is meant when none is named: `forewarn decisions --tool sql`."""

    def parse_args(self, ctx: Context, args: list[str]) -> list[str]:
        """Puts the default in front of options that no command goes before (the defaults take options only)."""
        if not args or (args[0].startswith("-") and args[0] != "--help"):
            args = [next(iter(self.commands)), *args]
        return super().parse_args(ctx, args)


def single() -> typer.Typer:
    """A Typer for one command."""
    return typer.Typer(rich_markup_mode=None, add_completion=False)


def group(summary: str) -> typer.Typer:
    """A Typer for several commands, the first of them the default."""
    return typer.Typer(cls=DefaultGroup, help=summary, rich_markup_mode=None, add_completion=False)
