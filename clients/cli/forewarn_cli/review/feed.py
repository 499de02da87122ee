"""Follows the inbox as long as the screen is there: all suggestions once, then each change; anew after each loss."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from textual.message import Message

from forewarn.v1 import suggestion_pb2
from forewarn_cli.connection import Door
from forewarn_cli.faults import Fault
from forewarn_cli.paging import read

#: Suggestions that are read at first, the newest. Pending ones come all the same.
READ: Final = 1_000
#: Seconds between attempts to reach the daemon.
_PAUSES: Final = (0.5, 1.0, 2.0, 3.0)


@dataclass
class Listed(Message):
    """The daemon answers, and this is what there is."""

    suggestions: list[suggestion_pb2.Suggestion]
    cut: bool


@dataclass
class Changed(Message):
    """One is new or has changed."""

    suggestion: suggestion_pb2.Suggestion


@dataclass
class Lost(Message):
    """The daemon does not answer; it is tried again."""

    fault: str


class Feed:
    """A thread that ends with ``stop``, or when the channel is closed."""

    def __init__(self, ask: Door, tell: Callable[[Message], object]) -> None:
        self._ask = ask
        self._tell = tell
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="forewarn-feed", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """Tell nothing more."""
        self._stopped.set()

    def _run(self) -> None:
        failed = 0
        while not self._stopped.is_set():
            try:
                request = suggestion_pb2.ListSuggestionsRequest(any_state=True)
                listed = read(self._ask, "ListSuggestions", request, "suggestions", READ)
                failed = 0
                self._say(Listed(list(listed.suggestions), bool(listed.next_page_token)))
                for answer in self._ask.stream("WatchSuggestions", suggestion_pb2.WatchSuggestionsRequest()):
                    self._say(Changed(answer.suggestion))
                fault = "the daemon stopped"
            except Fault as error:
                fault = str(error)
            except ValueError:  # how gRPC says that the channel was closed: the screen is gone
                return
            self._say(Lost(fault))
            self._stopped.wait(_PAUSES[min(failed, len(_PAUSES) - 1)])
            failed += 1

    def _say(self, message: Message) -> None:
        if not self._stopped.is_set():
            self._tell(message)
