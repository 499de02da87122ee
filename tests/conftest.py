"""Fixtures of all suites: real daemons."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from hypothesis import settings

from tests.server.running import RunningDaemon

# Machines are shared and noisy: a slow example is no failure.
settings.register_profile("forewarn", deadline=None, print_blob=True)
settings.load_profile("forewarn")

StartDaemon = Callable[..., RunningDaemon]


def _discard(running: RunningDaemon) -> None:
    print(f"the log of the daemon in {running.folder}:\n{running.log}")  # pytest shows it where the test failed
    running.discard()


@pytest.fixture
def start_daemon() -> Iterator[StartDaemon]:
    """Starts daemons with options of the test's choice; they end with the test."""
    started: list[RunningDaemon] = []

    def start(*options: str, **more: object) -> RunningDaemon:
        running = RunningDaemon(*options, **more)  # type: ignore[arg-type]
        started.append(running)
        return running.start()

    yield start
    for running in started:
        _discard(running)


@pytest.fixture
def daemon(start_daemon: StartDaemon) -> RunningDaemon:
    """A daemon of the test's own, in shadow, on an empty store."""
    return start_daemon()


@pytest.fixture(scope="session")
def shared_daemon() -> Iterator[RunningDaemon]:
    """One daemon for all tests of a process that do not mind each other's tools."""
    running = RunningDaemon().start()
    yield running
    _discard(running)
