"""A whole replay: every source in every order, with its daemon. Ends cleanly on Ctrl-C and SIGTERM."""

from __future__ import annotations

import secrets
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

from forewarn_cli.connection import Settings
from forewarn_cli.replay.player import Player, Result
from forewarn_cli.replay.private_daemon import private_daemon
from forewarn_cli.replay.schedule import STEP, schedule
from forewarn_cli.replay.skipped import Skipped
from forewarn_cli.replay.trace_files import TraceCall

PRIVATE_START = datetime(2026, 1, 1, tzinfo=UTC).timestamp()
"""Where a private replay's clock begins for calls without a time: always the same, so that results are."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What to replay how; a seed of None keeps the order of the file. `skipped` as for the `Player`."""

    settings: Settings
    private: bool
    enforced: bool
    seeds: Sequence[int | None]
    jobs: int
    skipped: Skipped | None
    daemon_arguments: tuple[str, ...]


def run(plan: Plan, sources: Mapping[str, Sequence[TraceCall]]) -> dict[str, list[Result]]:
    """The results of each source, one for each seed, in the order of the seeds."""
    stop = threading.Event()
    total = sum(map(len, sources.values())) * len(plan.seeds)
    with _progress(total) as advance, _ended_by_sigterm(), ThreadPoolExecutor(plan.jobs) as pool:
        futures = {
            (source, seed): pool.submit(_one, plan, source, calls, seed, advance, stop)
            for source, calls in sources.items()
            for seed in plan.seeds
        }
        try:
            _wait(list(futures.values()))
        finally:
            stop.set()
            pool.shutdown(cancel_futures=True)
    return {source: [futures[source, seed].result() for seed in plan.seeds] for source in sources}


def _one(
    plan: Plan,
    source: str,
    calls: Sequence[TraceCall],
    seed: int | None,
    advance: Callable[[], None],
    stop: threading.Event,
) -> Result:
    from forewarn import address as defaults

    with ExitStack() as stack:
        if plan.private:
            mode = "enforce" if plan.enforced else "shadow"
            address = stack.enter_context(private_daemon(mode, plan.daemon_arguments, stop.is_set))
            nonce, start, token = "", PRIVATE_START, None
        else:
            address, token = defaults.guard_address(plan.settings.address), defaults.token(plan.settings.token)
            nonce, start = secrets.token_hex(4), time.time() - (len(calls) + 1) * STEP
        player = Player(address, token, plan.enforced, nonce, plan.skipped, advance, stop.is_set)
        return player.play(source, schedule(calls, seed, start))


def _wait(futures: list[Future[Result]]) -> None:
    """Until all are done or one failed. In short naps: a Ctrl-C is not seen in a long one."""
    waiting = set(futures)
    while waiting:
        done, waiting = wait(waiting, timeout=0.2, return_when=FIRST_EXCEPTION)
        for future in done:
            future.result()


@contextmanager
def _ended_by_sigterm() -> Iterator[None]:
    """SIGTERM ends the replay as Ctrl-C does: daemons of our own are stopped and their stores removed."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def end(number: int, _frame: object) -> None:
        raise SystemExit(128 + number)

    before = signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


@contextmanager
def _progress(total: int) -> Iterator[Callable[[], None]]:
    """What to call after each call; a bar on stderr where that is a terminal."""
    if not sys.stderr.isatty():
        yield lambda: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeRemainingColumn

    done = 0
    with Progress(
        BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(), console=Console(stderr=True), transient=True
    ) as progress:
        task = progress.add_task("", total=total)

        def advance() -> None:
            nonlocal done
            done += 1
            if done % 50 == 0:
                progress.update(task, completed=done)

        yield advance
