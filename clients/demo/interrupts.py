"""Ctrl-C, SIGTERM and SIGHUP: one of them ends the demo, once. Those that follow do not cut the cleaning up short."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Interrupts:
    """Turns the first signal into a KeyboardInterrupt."""

    def __init__(self) -> None:
        self._held = False
        self._asked = False

    def asked(self) -> bool:
        """Whether a signal came."""
        return self._asked

    @contextmanager
    def handled(self) -> Iterator[None]:
        """While inside, signals come here."""
        before = {number: signal.signal(number, self._handle) for number in _SIGNALS}
        try:
            yield
        finally:
            for number, handler in before.items():
                # Who was interrupted is about to exit: a second Ctrl-C then changes nothing, not even the exit code.
                signal.signal(number, signal.SIG_IGN if self._asked else handler)

    def hold(self) -> None:
        """From now on a signal only sets ``asked``: what is being started would be lost by an exception in between."""
        self._held = True

    def release(self) -> None:
        """From now on a signal raises again; at once, if one came in the meantime."""
        self._held = False
        if self._asked:
            raise KeyboardInterrupt

    def _handle(self, _number: int, _frame: object) -> None:
        first, self._asked = not self._asked, True
        if first and not self._held:
            raise KeyboardInterrupt
