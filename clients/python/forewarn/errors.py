"""Errors that a caller can act on.

``ForewarnError`` is above them all. ``Prevented`` is a decision, not a fault; ``EncodingError`` is about the arguments;
a ``DaemonError`` says that the daemon did not, or would not, answer.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .records import Decision


class ForewarnError(Exception):
    """Anything that this package raises on purpose. Can be pickled, so that it comes back from a worker process."""

    def __reduce__(self) -> tuple[object, ...]:
        return _rebuilt, (type(self), self.args, self.__dict__)


class Prevented(ForewarnError):  # noqa: N818 - the field's word: the call was prevented
    """The decision says that the call must not be made as it stands. Was recorded as prevented."""

    def __init__(self, tool: str, decision: Decision, call_id: str = "") -> None:
        self.tool = tool
        self.decision = decision
        self.call_id = call_id
        super().__init__(explain(tool, decision))


class HealFailed(ForewarnError):  # noqa: N818 - reads as what happened
    """The remedy failed. ``__cause__`` is the tool's error, ``remedy_error`` the remedy's."""

    def __init__(self, tool: str, remedy_error: BaseException) -> None:
        self.tool = tool
        self.remedy_error = remedy_error
        super().__init__(f"the remedy for {tool} failed: {type(remedy_error).__name__}: {remedy_error}")


class ClosedError(ForewarnError):
    """The client was closed."""


class EncodingError(ForewarnError, ValueError):
    """A value has no JSON form. ``path`` names it, such as ``arguments.filters[2].when``."""

    def __init__(self, path: str, problem: str) -> None:
        self.path = path
        self.problem = problem
        super().__init__(f"{path}: {problem}")


class ArgumentsTooLargeError(EncodingError):
    """The arguments break a limit of the daemon: 1 MiB, 64 deep, 10,000 keys."""

    def __init__(self, path: str, what: str, limit: int) -> None:
        self.limit = limit
        super().__init__(path, f"{what}; the limit is {limit:,}")


class DaemonError(ForewarnError):
    """The daemon did not, or would not, answer.

    ``code`` is the gRPC status code's name in lower case, ``reason`` the daemon's stable reason in upper snake case
    (empty when it gave none), ``metadata`` what it said beside it, ``violations`` the fields that it refused.
    """

    code: ClassVar[str] = ""

    def __init__(
        self,
        message: str,
        *,
        code: str = "",
        reason: str = "",
        metadata: Mapping[str, str] | None = None,
        violations: tuple[tuple[str, str], ...] = (),
    ) -> None:
        self.message = message
        self.status = code or self.code
        self.reason = reason
        self.metadata = dict(metadata or {})
        self.violations = violations
        fields = "; ".join(f"{name}: {problem}" for name, problem in violations)
        super().__init__(f"{self.status}: {message}" + (f" ({fields})" if fields else ""))


class UnavailableError(DaemonError):
    """Nobody listens at the address, or the connection broke before the answer."""

    code = "unavailable"


class CircuitOpenError(UnavailableError):
    """The daemon failed several times in a row, so it was not asked; see ``Breaker``."""

    code = "circuit_open"


class ForkedError(UnavailableError):
    """The process was forked with gRPC's fork support off: gRPC cannot be used in the child."""

    code = "forked"


class DeadlineExceededError(DaemonError):
    """No answer in time."""

    code = "deadline_exceeded"


class UnauthenticatedError(DaemonError):
    """The token is missing, wrong, or not good for this."""

    code = "unauthenticated"


class RefusedError(DaemonError):
    """The request breaks a rule of the API. ``violations`` names the fields."""

    code = "invalid_argument"


class ExhaustedError(DaemonError):
    """The daemon has reached a limit of its own: more waits for a commit than may wait, or the store is full."""

    code = "resource_exhausted"


def _rebuilt(kind: type[ForewarnError], args: tuple[object, ...], state: dict[str, object]) -> ForewarnError:
    error = kind.__new__(kind, *args)
    error.__dict__.update(state)
    return error


def explain(tool: str, decision: Decision) -> str:
    """A decision in words: the verdict, why, what would make the call pass, what to do instead."""
    lines = [f"{tool}: {decision.verdict.value.replace('_', ' ')}"]
    if decision.reasons:
        lines[0] += " because " + "; ".join(reason.summary or reason.code for reason in decision.reasons[:3])
    if decision.remedy:
        lines.append(f"would pass if: {decision.remedy}")
    if decision.retry_after is not None:
        lines.append(f"try again after {decision.retry_after:g} s")
    for other in decision.alternatives[:3]:
        what = other.tool
        if other.arguments is not None:
            what += " " + _short(json.dumps(dict(other.arguments), ensure_ascii=False))
        chance = f" ({other.expected_success:.0%} expected to succeed)" if other.expected_success else ""
        lines.append(f"instead: {what}{chance}" + (f", {other.rationale}" if other.rationale else ""))
    if decision.decision_id:
        lines.append(f"decision {decision.decision_id}")
    return "\n".join(lines)


def _short(text: str, limit: int = 500) -> str:
    return text if len(text) <= limit else text[: limit - 1] + "…"
