"""One guarded attempt: its decision before, its ending after. No I/O; the guards in ``guard.py`` ask and tell.

An attempt ends once. What the user says first (``succeed``, ``fail``, ``cancel``) stands; else the way the block is
left decides:

================================================================  ==========
left normally                                                     SUCCESS
``TimeoutError`` (``asyncio``'s and ``socket``'s are the same)    TIMEOUT
``CancelledError``, ``KeyboardInterrupt``, ``SystemExit`` and     CANCELLED
whatever else is no ``Exception``
``Prevented`` of a call inside                                    CANCELLED
any other exception                                               FAILURE
================================================================  ==========
"""

from __future__ import annotations

import concurrent.futures
import errno
import logging
import threading
from typing import TYPE_CHECKING, Any, Final

from .arguments import error_text, excerpt
from .calls import Ending
from .errors import Prevented
from .vocabulary import Outcome

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from .records import Check, ContextFact, Decision, Recorded

log = logging.getLogger("forewarn")


class GuardedCall:
    """A call that is being made. What ``with client.guard(…) as call`` gives."""

    def __init__(
        self,
        tool: str,
        arguments: Mapping[str, object],
        call_id: str,
        attempt: int,
        check: Check,
        clock: Callable[[], float],
    ) -> None:
        self.tool: Final = tool
        self.arguments: Final = arguments
        """The arguments to use: those that were given, or those of a REWRITE."""
        self.call_id: Final = call_id
        self.attempt: Final = attempt
        self.decision: Final[Decision] = check.decision
        self.facts: Final[tuple[ContextFact, ...]] = check.facts
        self.recorded: Recorded | None = None
        """What became of the record, once the block was left."""
        self._clock = clock
        self._started = clock()
        self._lock = threading.Lock()
        self._ending: Ending | None = None

    @property
    def ending(self) -> Ending | None:
        """How it ended; None while it runs."""
        return self._ending

    def succeed(self, result: object = None, *, cost: float = 0.0) -> None:
        """The tool did what it was asked to. Only the beginning of ``result`` is sent, and not kept."""
        self._end(Outcome.SUCCESS, result_excerpt=excerpt(result), cost=cost)

    def fail(
        self,
        error: BaseException | str = "",
        *,
        code: str = "",
        retry_after: float | None = None,
        cost: float = 0.0,
        timeout: bool = False,
    ) -> None:
        """The tool ended with an error, or (``timeout``) not in time. For tools that say so without raising.

        ``code`` is a code of the error such as "404"; an exception's own is found (``errno``, an HTTP status, …).
        ``retry_after`` is how many seconds the tool asked to be left alone.
        """
        if isinstance(error, BaseException):
            code = code or error_code(error)
            retry_after = retry_after_of(error) if retry_after is None else retry_after
            timeout = timeout or isinstance(error, TimeoutError)
        outcome = Outcome.TIMEOUT if timeout else Outcome.FAILURE
        self._end(outcome, error=error_text(error), error_code=code, retry_after=retry_after, cost=cost)

    def cancel(self, reason: str = "") -> None:
        """The caller gave up before the end: neither success nor failure."""
        self._end(Outcome.CANCELLED, error=error_text(reason))

    def unknown(self, reason: str = "") -> None:
        """The end cannot be seen: neither success nor failure."""
        self._end(Outcome.UNKNOWN, error=error_text(reason))

    def _end(self, outcome: Outcome, **said: Any) -> None:
        duration = max(self._clock() - self._started, 0.0)
        with self._lock:
            if self._ending is None:
                self._ending = Ending(outcome, duration=duration, **said)
                return
        log.debug("%s (%s) has ended already", self.tool, self.call_id)

    def leave(self, error: BaseException | None) -> Ending:
        """The block was left: gives the ending. For the guards."""
        if error is None:
            self._end(Outcome.SUCCESS)
        elif isinstance(error, Prevented):
            # Our own denial of a call inside is no evidence about this one.
            self._end(Outcome.CANCELLED, error=error_text(error), error_code="PREVENTED")
        elif isinstance(error, Exception) and not isinstance(error, concurrent.futures.CancelledError):
            self.fail(error)
        else:
            self._end(Outcome.CANCELLED, error=error_text(error))
        assert self._ending is not None  # noqa: S101 - each branch ended it
        return self._ending


def error_code(error: BaseException) -> str:
    """The code that an exception carries: an errno's name, an HTTP or gRPC status; empty when it has none."""
    number = getattr(error, "errno", None)
    if isinstance(error, OSError) and isinstance(number, int) and number in errno.errorcode:
        return errno.errorcode[number]
    for owner in (getattr(error, "response", None), error):
        for name in ("status_code", "status", "code"):
            found = _code(owner, name)
            if found:
                return found
    return ""


def _code(owner: object, name: str) -> str:
    try:
        value = getattr(owner, name, None)
        if callable(value):  # grpc.RpcError.code()
            value = value()
        value = getattr(value, "name", value)  # an enum of statuses
    except Exception:  # noqa: BLE001 - properties of foreign exceptions may raise anything
        return ""
    if isinstance(value, bool) or not isinstance(value, (int, str)):
        return ""
    return str(value)[:128]


def retry_after_of(error: BaseException) -> float | None:
    """How many seconds the tool asked to be left alone: a ``retry_after`` attribute, or the header in seconds."""
    value = getattr(error, "retry_after", None)
    if value is None:
        headers = getattr(getattr(error, "response", None), "headers", None) or getattr(error, "headers", None)
        get = getattr(headers, "get", None)
        value = get("Retry-After") if callable(get) else None
    try:
        seconds = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return None
    return seconds if 0 <= seconds < float("inf") else None
