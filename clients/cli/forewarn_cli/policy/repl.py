"""`forewarn policy repl`: try calls on policies, one line each."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from forewarn_cli.faults import Fault, UsageFault
from forewarn_cli.policy import lint, trace_view
from forewarn_cli.policy.files import policy_files
from forewarn_cli.screen import Screen, Styled

if TYPE_CHECKING:
    from forewarn.v1 import policy_pb2
    from forewarn_cli.connection import Door

HELP = """\
TOOL {"argument": 1}   ask about a call; also TOOL name=value …
context key=value …    where the calls happen (nothing: forget it)
role NAME …            the caller's roles
session ID             the session
time TIME              when the calls are made (RFC 3339; nothing: now)
all | short            show every rule, or only those that fired or failed
reload                 read the files again
quit"""


class Repl:
    """The state between lines."""

    def __init__(self, ask: Door, names: Sequence[str]) -> None:
        self._ask = ask
        self._names = names
        self._screen = Screen()
        self._files: list[policy_pb2.PolicyFile] = []
        self._context: list[str] = []
        self._roles: list[str] = []
        self._session = ""
        self._time = ""
        self._all = False

    def run(self) -> None:
        """Reads lines until there are no more."""
        self._reload()
        interactive = sys.stdin.isatty()
        if interactive:
            import readline  # noqa: F401 - gives input() editing and history

            from forewarn_cli.wording import counted

            print(f"{counted(len(self._files), 'file')}; a call or a command, `help` for both" if self._files else HELP)
        while True:
            try:
                line = input("policy> " if interactive else "").strip()
            except EOFError:
                return
            if line in ("quit", "exit"):
                return
            if line and not line.startswith("#"):
                try:
                    self._line(line)
                except Fault as fault:
                    self._screen.line(Styled(str(fault), "red"))

    def _line(self, line: str) -> None:
        word, _, rest = line.partition(" ")
        rest = rest.strip()
        if word == "help":
            print(HELP)
        elif word == "context":
            self._context = _words(rest)
        elif word == "role":
            self._roles = _words(rest)
        elif word == "session":
            self._session = rest
        elif word == "time":
            self._time = rest
        elif word in ("all", "short"):
            self._all = word == "all"
        elif word == "reload":
            self._reload()
        else:
            self._explain(word, rest)

    def _reload(self) -> None:
        self._files = policy_files(self._names)
        if self._files:
            lint.require_valid(self._ask, self._files)

    def _explain(self, tool: str, rest: str) -> None:
        from forewarn.v1 import policy_pb2
        from forewarn_cli.call_input import call
        from forewarn_cli.decision_view import verdict

        document, pairs = (rest, None) if rest.startswith("{") else (None, _words(rest))
        asked = call(
            tool, document, pairs, self._context, session=self._session, roles=self._roles, time=self._time
        )  # fmt: skip
        request = policy_pb2.ExplainCallRequest(call=asked, files=self._files)
        answer: policy_pb2.ExplainCallResponse = self._ask("ExplainCall", request)
        trace = answer.trace
        if not self._all:
            shown = [one for one in trace.rules if one.outcome in (1, 3)]
            del trace.rules[:]
            trace.rules.extend(shown)
        would_be = verdict(trace.would_be) if trace.would_be else "nothing"
        held = verdict(trace.verdict) if trace.verdict else "nothing"
        self._screen.line("if all were enforced: ", would_be, "; as they are: ", held)
        trace_view.show(self._screen, trace)


def _words(text: str) -> list[str]:
    try:
        return shlex.split(text)
    except ValueError as error:
        raise UsageFault(f"{text!r}: {error}") from None
