"""Messages that are answered together.

To read a message, to decide on it and to send the answer are three programs, each larger than the processor's nearest
caches: in turns, each drives the others out, and each answer that is sent wakes somebody who then has one answer to
read. So while more messages lie there to be read, they are read first; then all are decided on, one after the other,
and then all answers are sent (docs/decisions/0055).
"""

from __future__ import annotations

import time
from typing import Final, Protocol

from .chain import Answer

#: Messages that are answered together at most; and seconds that the first of them waits at most for others to be read,
#: and that an answer waits at most for others to be known, but for one of them.
MOST: Final = 16
LONGEST: Final = 0.002


class Asking(Protocol):
    """A call whose message has been read. Neither part raises: others wait behind it."""

    def act(self, message: bytes) -> Answer | None:
        """The answer; None where it is sent later, or never."""

    def send(self, answer: Answer) -> None:
        """Send the answer."""


class Inbox:
    """Messages to be answered. Used by one thread."""

    __slots__ = ("_messages", "_since")

    def __init__(self) -> None:
        self._messages: list[tuple[Asking, bytes]] = []
        self._since = 0.0

    def __len__(self) -> int:
        return len(self._messages)

    def put(self, call: Asking, message: bytes) -> None:
        """Keep a message until the next ``answer``."""
        if not self._messages:
            self._since = time.monotonic()
        self._messages.append((call, message))

    def is_due(self) -> bool:
        """Whether the messages, there are some, are not to wait any longer, whatever else there is to do."""
        return len(self._messages) >= MOST or time.monotonic() - self._since > LONGEST

    def answer(self) -> None:
        """Answer all messages, in the order in which they came."""
        messages, self._messages = self._messages, []
        ready: list[tuple[Asking, Answer]] = []
        since = time.monotonic()
        for call, message in messages:
            answer = call.act(message)
            if answer is not None:
                ready.append((call, answer))
            if time.monotonic() - since > LONGEST:
                _send(ready)
                ready, since = [], time.monotonic()
        _send(ready)


def _send(ready: list[tuple[Asking, Answer]]) -> None:
    for call, answer in ready:
        call.send(answer)
