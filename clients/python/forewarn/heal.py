"""Auto-heal: a remedy for failures of known causes, and tries again.

When a call fails with a cause that is named, the remedy runs once for all callers whose call failed before it ended
(threads and tasks alike); the others wait for it. Then the call is tried again, after an exponential pause with full
jitter ("Exponential Backoff And Jitter", AWS Architecture Blog, 2015) that honours ``retry_after``. Each attempt is
recorded as it went.
"""

from __future__ import annotations

import asyncio
import contextvars
import inspect
import random
import threading
import time
from collections.abc import Awaitable, Callable, Collection, Mapping
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeoutError
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from .errors import HealFailed
from .vocabulary import Cause, Outcome

if TYPE_CHECKING:
    from .attempt import GuardedCall
    from .records import Classification, Decision, RetryAdvice


@dataclass(frozen=True, slots=True)
class Failure:
    """An attempt that failed, as ``on`` and the remedy get to see it."""

    tool: str
    error: Exception
    cause: Cause
    """As the daemon classified it; where it did not or could not, by the exception's type (``Heal.causes``)."""
    attempt: int
    outcome: Outcome
    decision: Decision
    classification: Classification | None
    """None when the record did not come through."""
    retry: RetryAdvice | None = None
    """What the daemon knows of repeats after such an error; None when the record did not come through."""
    advised: bool = False
    """Only this advice speaks for another attempt, not ``Heal.on``: the remedy is not run."""


@dataclass(frozen=True, slots=True)
class Backoff:
    """Pauses between attempts: a random part of ``base * factor ** (n - 1)`` seconds, at most ``cap``."""

    base: float = 0.1
    factor: float = 2.0
    cap: float = 10.0

    def pause(self, attempt: int, draw: float, retry_after: float | None) -> float:
        """Seconds to wait after the given failed attempt (from 1), with ``draw`` in [0, 1)."""
        exponent = min(attempt - 1, 64)  # beyond, the cap holds anyway and the power would overflow
        return max(draw * min(self.cap, self.base * self.factor**exponent), retry_after or 0.0)


Remedy = Callable[[Failure], object]

_healing: contextvars.ContextVar[tuple[int, ...]] = contextvars.ContextVar("forewarn_healing", default=())


@dataclass(frozen=True, slots=True)
class _Ended:
    """The last remedy that ended: how many there were, and its error if it failed."""

    number: int = 0
    error: BaseException | None = None


@dataclass(eq=False)
class Heal:
    """How to heal. Share one ``Heal`` between the tools that one remedy heals: it runs once for all of them."""

    on: Collection[Cause] | Callable[[Failure], bool]
    """Which failures: by cause, or by asking."""
    remedy: Remedy | None = None
    """What to do about them; may be ``async``. None: only try again. Gives itself a time-out: it cannot be stopped."""
    attempts: int = 3
    """How many attempts in all, the first included."""
    advised: bool = False
    """Also try again, without the remedy, what the daemon says is worth it; and wait as long as it says."""
    backoff: Backoff = field(default_factory=Backoff)
    total: float = 60.0
    """Seconds from the first attempt after which no further attempt begins."""
    causes: Mapping[type[BaseException], Cause] = field(default_factory=dict)
    """Causes by type of exception, for failures that the daemon did not classify; the first that fits counts."""
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], object] = time.sleep
    async_sleep: Callable[[float], Awaitable[object]] = asyncio.sleep
    random: Callable[[], float] = random.random

    def __post_init__(self) -> None:
        if self.attempts < 1:
            raise ValueError("attempts must be at least 1")
        self._lock = threading.Lock()
        self._running: Future[None] | None = None
        self._ended = _Ended()

    @property
    def is_async(self) -> bool:
        """Whether the remedy is a coroutine function."""
        return inspect.iscoroutinefunction(self.remedy) or inspect.iscoroutinefunction(
            getattr(self.remedy, "__call__", None)  # noqa: B004 - an object with an async __call__
        )

    def seen(self) -> int:
        """How many remedies have ended; to be noted before an attempt."""
        return self._ended.number

    def failure(self, call: GuardedCall, error: Exception) -> Failure | None:
        """What is to be healed; None when this is not."""
        ending, recorded = call.ending, call.recorded
        if ending is None or ending.outcome not in (Outcome.FAILURE, Outcome.TIMEOUT) or id(self) in _healing.get():
            return None
        classification = recorded.classification if recorded else None
        cause = classification.cause if classification else Cause.UNSPECIFIED
        if cause in (Cause.UNSPECIFIED, Cause.OTHER):
            cause = next((c for kind, c in self.causes.items() if isinstance(error, kind)), cause)
        if cause is Cause.UNSPECIFIED and ending.outcome is Outcome.TIMEOUT:
            cause = Cause.TIMEOUT
        retry = recorded.retry if recorded else None
        failure = Failure(call.tool, error, cause, call.attempt, ending.outcome, call.decision, classification, retry)
        wanted = self.on(failure) if callable(self.on) else cause in self.on
        if wanted:
            return failure
        return replace(failure, advised=True) if self.advised and retry is not None and retry.worth_it else None

    def pause(self, call: GuardedCall, started: float) -> float | None:
        """Seconds to wait before the next attempt; None when there must be no other."""
        asked = [call.decision.retry_after, call.ending.retry_after if call.ending else None]
        if self.advised and call.recorded is not None and call.recorded.retry is not None:
            asked.append(call.recorded.retry.after)
        longest = max((seconds for seconds in asked if seconds is not None), default=None)
        pause = self.backoff.pause(call.attempt, self.random(), longest)
        if call.attempt >= self.attempts or self.clock() + pause > started + self.total:
            return None
        return pause

    def in_time(self, pause: float, started: float) -> bool:
        """Whether there is still time for the pause, after the remedy took its own."""
        return self.clock() + pause <= started + self.total

    def cure(self, failure: Failure, seen: int, limit: float) -> bool:
        """Has the remedy run, unless one ended since ``seen``; waits at most ``limit`` seconds for another's.

        True when this caller ran it.

        Raises:
            HealFailed: the remedy failed, or did not end in time.
        """
        mine, running = self._join(failure, seen)
        if running is None:
            return False
        if not mine:
            try:
                running.result(limit)
            except Exception as error:  # noqa: BLE001 - a remedy may raise anything
                raise self._failed(failure, error) from failure.error
            return False
        mark = _healing.set((*_healing.get(), id(self)))
        try:
            result = self.remedy(failure)  # type: ignore[misc]
            if inspect.isawaitable(result):
                raise TypeError("an async remedy needs an async function")
        except BaseException as error:
            self._settle(running, error)
            if not isinstance(error, Exception):
                raise
            raise self._failed(failure, error) from failure.error
        finally:
            _healing.reset(mark)
        self._settle(running, None)
        return True

    async def cure_async(self, failure: Failure, seen: int, limit: float) -> bool:
        """As ``cure``. A remedy that is not async runs in a thread, so that the event loop goes on."""
        mine, running = self._join(failure, seen)
        if running is None:
            return False
        if mine:
            # A task of its own: when this caller is cancelled, the others still get their remedy.
            task = asyncio.ensure_future(self._run(failure))
            task.add_done_callback(lambda done: self._settle(running, _error_of(done)))
        try:
            await asyncio.wait_for(asyncio.shield(asyncio.wrap_future(running)), limit)
        except Exception as error:  # noqa: BLE001 - as above
            raise self._failed(failure, error) from failure.error
        return mine

    async def _run(self, failure: Failure) -> None:
        _healing.set((*_healing.get(), id(self)))  # the task has a context of its own
        assert self.remedy is not None  # noqa: S101 - _join looked
        if self.is_async:
            result = self.remedy(failure)
        else:
            result = await asyncio.to_thread(self.remedy, failure)
        if inspect.isawaitable(result):
            await result

    def _join(self, failure: Failure, seen: int) -> tuple[bool, Future[None] | None]:
        """Whether this caller runs the remedy, and what to wait for; (False, None): it is done already."""
        with self._lock:
            if self.remedy is None or failure.advised:
                return False, None
            if self._ended.number > seen:
                if self._ended.error is not None:
                    raise self._failed(failure, self._ended.error) from failure.error
                return False, None
            if self._running is not None:
                return False, self._running
            self._running = Future()
            self._running.set_running_or_notify_cancel()  # one who waits cannot cancel it for the others
            return True, self._running

    def _settle(self, running: Future[None], error: BaseException | None) -> None:
        with self._lock:
            self._running = None
            self._ended = _Ended(self._ended.number + 1, error)
        if error is None:
            running.set_result(None)
        else:
            running.set_exception(error if isinstance(error, Exception) else RuntimeError(f"interrupted: {error!r}"))

    def _failed(self, failure: Failure, error: BaseException) -> HealFailed:
        if isinstance(error, (FutureTimeoutError, TimeoutError)) and not str(error):
            error = TimeoutError("it did not end in time")
        return HealFailed(failure.tool, error)


def _error_of(task: asyncio.Future[None]) -> BaseException | None:
    return asyncio.CancelledError("cancelled") if task.cancelled() else task.exception()
