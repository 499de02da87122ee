"""Standard input and output as a host's two pipes: nothing else can read the one or write into the other.

The SDK reads stdin in a thread that a cancellation cannot end, so Ctrl-C would wait for the host's next line. Here a
daemon thread reads the descriptor itself, and nobody waits for it.
"""

from __future__ import annotations

import asyncio
import os
import sys
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from io import TextIOWrapper
from typing import Final

LINE_BYTES: Final = 8 << 20
"""The longest message that is read; what is longer is answered as one that cannot be understood."""
_CHUNK: Final = 1 << 16
_WAITING: Final = 16
_TOO_LONG: Final = "a message of more than 8 MiB"  # is no JSON: the SDK says so


class Lines:
    """The lines of a descriptor, read ahead by a few. To be iterated once, in the loop that made it."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._loop = asyncio.get_running_loop()
        self._lines: asyncio.Queue[str | None] = asyncio.Queue()
        self._room = threading.BoundedSemaphore(_WAITING)
        threading.Thread(target=self._read, name="forewarn-mcp-stdin", daemon=True).start()

    async def __aiter__(self) -> AsyncIterator[str]:
        """Each line, until the other side closes."""
        while (line := await self._lines.get()) is not None:
            self._room.release()
            yield line

    def _read(self) -> None:
        rest, skipping = b"", False
        while True:
            try:
                chunk = os.read(self._descriptor, _CHUNK)
            except OSError:
                chunk = b""
            if not chunk:
                break
            *whole, rest = (rest + chunk).split(b"\n")
            for line in whole:
                if not self._put(_TOO_LONG if skipping else line.decode("utf-8", "replace")):
                    return
                skipping = False
            if len(rest) > LINE_BYTES:
                rest, skipping = b"", True
        if rest and not skipping:
            self._put(rest.decode("utf-8", "replace"))
        self._tell(None)

    def _put(self, line: str) -> bool:
        if not line.strip():
            return True
        self._room.acquire()
        return self._tell(line)

    def _tell(self, line: str | None) -> bool:
        try:
            self._loop.call_soon_threadsafe(self._lines.put_nowait, line)
        except RuntimeError:  # the loop is closed: nobody listens any more
            return False
        return True


@contextmanager
def claimed() -> Iterator[tuple[int, TextIOWrapper]]:
    """The host's pipes, as a descriptor to read and a file to write.

    Meanwhile descriptor 0 reads nothing and descriptor 1 writes to stderr, so that whatever else prints cannot harm the
    protocol.
    """
    sys.stdout.flush()
    reading, writing = os.dup(0), os.dup(1)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    output = TextIOWrapper(os.fdopen(writing, "wb", closefd=False), encoding="utf-8", newline="\n")
    try:
        yield reading, output
    finally:
        sys.stdout.flush()
        os.dup2(writing, 1)
