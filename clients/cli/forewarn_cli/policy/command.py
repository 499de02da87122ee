"""`forewarn policy`: its commands, in the order in which `--help` lists them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from forewarn_cli.commands import group
from forewarn_cli.policy import drafts, in_force

_COMMANDS: Final[tuple[tuple[str, Callable[..., None]], ...]] = (
    ("list", in_force.list_policies),
    ("lint", drafts.lint_files),
    ("test", drafts.run_suites),
    ("explain", drafts.explain),
    ("what-if", drafts.what_if),
    ("diff", in_force.diff),
    ("apply", in_force.apply),
    ("get", in_force.get),
    ("history", in_force.history),
    ("rollback", in_force.rollback),
    ("set-mode", in_force.set_mode),
    ("delete", in_force.delete),
    ("repl", drafts.repl),
)

app = group("Policies: rules that people write. `forewarn policy` alone lists those in force.")
for _name, _function in _COMMANDS:
    app.command(_name)(_function)
