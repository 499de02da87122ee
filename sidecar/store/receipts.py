"""What became of a job, for one who is told of it and does not wait."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Generic, TypeVar

log = logging.getLogger(__name__)
T = TypeVar("T")


class Receipt(Generic[T]):
    """What ``Future`` gives, without what waiting needs: a lock, a condition and a list of callbacks for each record.

    ``told`` is called once, with this, when the outcome is there: on the writer's thread after the commit, or on the
    thread that refuses the job. It must be quick. It cannot come too late to be called, since the job begins with it.
    """

    __slots__ = ("_error", "_result", "_told")

    def __init__(self, told: Callable[[Receipt[T]], None]) -> None:
        self._told: Callable[[Receipt[T]], None] | None = told
        self._result: T
        self._error: BaseException | None = None

    def running(self) -> bool:
        """Whether it can no longer be cancelled: it never can."""
        return True

    def set_running_or_notify_cancel(self) -> bool:
        """Begin. Nobody can have cancelled it."""
        return True

    def cancelled(self) -> bool:
        """Whether it was cancelled: it cannot be."""
        return False

    def done(self) -> bool:
        """Whether the outcome is there."""
        return self._told is None

    def result(self) -> T:
        """The job's result; raises its error. Once it is done."""
        if self._error is not None:
            raise self._error
        return self._result

    def exception(self) -> BaseException | None:
        """The job's error, if it has one. Once it is done."""
        return self._error

    def set_result(self, result: T) -> None:
        """The job's commit is on the disk."""
        self._result = result
        self._tell()

    def set_exception(self, error: BaseException) -> None:
        """The job, or the store, failed."""
        self._error = error
        self._tell()

    def _tell(self) -> None:
        told, self._told = self._told, None
        if told is None:
            raise RuntimeError("a job has one outcome")
        try:
            told(self)
        except Exception:
            log.exception("who was to be told of a job failed")  # the writer's thread goes on
