"""What the screen asks of the daemon: each on a thread of its own, and what comes of it is told as a message."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass

from textual.message import Message

from forewarn.v1 import suggestion_pb2
from forewarn_cli import deciding, draft_file
from forewarn_cli.connection import Door
from forewarn_cli.faults import Fault
from forewarn_cli.review import cases
from forewarn_cli.review.dialogs import CaseShown


@dataclass(frozen=True)
class Doors:
    """The daemon, as far as the screen asks it."""

    inbox: Door
    runtimes: Door
    administrators: Door


@dataclass
class Shown(Message):
    """What there is to know about one."""

    answer: suggestion_pb2.GetSuggestionResponse


@dataclass
class Decided(Message):
    """A decision was made. ``verb`` is one of deciding.Verb, or "modify"."""

    verb: str
    suggestion: suggestion_pb2.Suggestion


@dataclass
class Failed(Message):
    """Something was asked in vain: a verb as of Decided, "show", or "unchanged" (a draft that was left as it is).

    ``text`` is what somebody had written for it.
    """

    verb: str
    suggestion_id: str
    fault: Fault
    text: str = ""


class Hands:
    """Decides and fetches. One decision of a suggestion at a time: ``False`` where the one before has no answer yet."""

    def __init__(self, doors: Doors, actor: str, tell: Callable[[Message], object]) -> None:
        self._doors = doors
        self._actor = actor
        self._tell = tell
        self._busy: set[str] = set()

    def decide(self, verb: deciding.Verb, key: str, *, reason: str = "", revision: int = 0) -> bool:
        """Approve, reject, dismiss or undo."""

        def work() -> Message:
            try:
                done = deciding.decide(
                    self._doors.inbox, verb, key, actor=self._actor, reason=reason, revision=revision
                )
            except Fault as fault:
                return Failed(verb, key, fault, reason)
            return Decided(verb, done.suggestion)

        return self._begin(key, work)

    def send_draft(self, one: suggestion_pb2.Suggestion, text: str) -> bool:
        """Approve with another draft."""

        def work() -> Message:
            try:
                done = deciding.modify(self._doors.inbox, one, text, actor=self._actor)
            except draft_file.Unchanged as fault:
                return Failed("unchanged", one.suggestion_id, fault)
            except Fault as fault:
                return Failed("modify", one.suggestion_id, fault, text)
            return Decided("modify", done.suggestion)

        return self._begin(one.suggestion_id, work)

    def fetch(self, key: str) -> None:
        """One suggestion with what it would change."""

        def work() -> Message:
            try:
                return Shown(deciding.get(self._doors.inbox, key))
            except Fault as fault:
                return Failed("show", key, fault)

        self._aside(work)

    def look(self, kind: str, key: str) -> None:
        """A workflow or a call."""
        doors = self._doors
        self._aside(lambda: CaseShown(key, cases.fetch(kind, key, doors.runtimes, doors.administrators)))

    def answered(self, key: str) -> None:
        """A decision has its answer."""
        self._busy.discard(key)

    def _begin(self, key: str, work: Callable[[], Message]) -> bool:
        if key in self._busy:
            return False
        self._busy.add(key)
        self._aside(work)
        return True

    def _aside(self, work: Callable[[], Message]) -> None:
        def run() -> None:
            try:
                message = work()
            except ValueError:  # gRPC's word for a channel that was closed: the screen is gone
                return
            self._tell(message)

        threading.Thread(target=run, name="forewarn-asks", daemon=True).start()
