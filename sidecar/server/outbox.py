"""Answers that are held back for a moment, to be sent together.

To decide a call and to send an answer are two programs, each larger than the processor's nearest caches: in turns, each
drives the other out, and each answer that is sent wakes somebody who then has one answer to read. So while more calls
lie there to be answered, answers wait for one another (docs/decisions/0055).
"""

from __future__ import annotations

import time
from typing import Final, Protocol

from .chain import Answer

#: Answers that are held back at most, and seconds that the first of them waits at most for the others.
MOST: Final = 16
LONGEST: Final = 0.002


class Sender(Protocol):
    """Whoever an answer is sent to."""

    def send(self, answer: Answer) -> None:
        """Send the answer. Raises nothing: others wait behind it."""


class Outbox:
    """Answers to be sent. Used by one thread."""

    __slots__ = ("_answers", "_since")

    def __init__(self) -> None:
        self._answers: list[tuple[Sender, Answer]] = []
        self._since = 0.0

    def __len__(self) -> int:
        return len(self._answers)

    def put(self, to: Sender, answer: Answer) -> None:
        """Hold an answer back until the next ``send``."""
        if not self._answers:
            self._since = time.monotonic()
        self._answers.append((to, answer))

    def is_due(self) -> bool:
        """Whether what is held back, and something is, is not to wait any longer, whatever else there is to do."""
        return len(self._answers) >= MOST or time.monotonic() - self._since > LONGEST

    def send(self) -> None:
        """Send everything, in the order in which it was put in."""
        answers, self._answers = self._answers, []
        for to, answer in answers:
            to.send(answer)
