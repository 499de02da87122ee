"""Serves one host on stdin and stdout until it leaves, or until a signal says so."""

from __future__ import annotations

import asyncio
import logging
import signal
import sys
from typing import Any, Final, cast

import anyio
from mcp.server.stdio import stdio_server

from forewarn_mcp.daemon import Daemon
from forewarn_mcp.server import make_server
from forewarn_mcp.settings import Settings
from forewarn_mcp.streams import Lines, claimed

_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def run(settings: Settings) -> int:
    """Serves. 0 where the host left, 130 where a signal came."""
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING, format="forewarn-mcp: %(levelname)s %(message)s")
    return asyncio.run(_serve(settings))


async def _serve(settings: Settings) -> int:
    loop = asyncio.get_running_loop()
    interrupted = False
    with claimed() as (reading, writing):
        task = asyncio.ensure_future(_speak(settings, reading, writing))

        def interrupt() -> None:
            nonlocal interrupted
            interrupted = True
            for number in _SIGNALS:  # a second one ends it at once
                loop.remove_signal_handler(number)
            task.cancel()

        for number in _SIGNALS:
            loop.add_signal_handler(number, interrupt)
        try:
            await task
        except asyncio.CancelledError:
            if not interrupted:
                raise
        finally:
            for number in _SIGNALS:
                loop.remove_signal_handler(number)
    return 130 if interrupted else 0


async def _speak(settings: Settings, reading: int, writing: Any) -> None:
    # The SDK iterates the one and writes to the other; it asks for no more than that.
    stdin = cast("anyio.AsyncFile[str]", Lines(reading))
    async with Daemon(settings) as daemon:
        server = make_server(daemon, settings)
        async with stdio_server(stdin, anyio.wrap_file(writing)) as (incoming, outgoing):
            try:
                await server.run(incoming, outgoing, server.create_initialization_options())
            except* BrokenPipeError:
                logging.getLogger(__name__).info("the host closed its end")
