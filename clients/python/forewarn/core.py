"""What the sync and the async client share: settings, counts, the failure mode, and the requests."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final, cast

from . import errors, translate
from .arguments import error_text, excerpt
from .breaker import Breaker
from .calls import Bound, CallFields, Ending, GuardFields, OnError, RecordMode, record_request
from .records import Decision, Reason
from .stats import Counts, Stats
from .v1 import guard_pb2, model_pb2
from .vocabulary import Mode, Outcome, Verdict

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from .channel import Wire
    from .guard import Spec
    from .records import Tool

log = logging.getLogger("forewarn")

SAY_AGAIN: Final = 60.0
"""Seconds between two warnings of the same kind of fallback."""

FIRST_PAUSE: Final = 0.1
LONGEST_PAUSE: Final = 2.0
"""Seconds between two questions whether a person agreed."""

BATCH: Final = 256
"""Records that ``record_many`` sends in one stream."""


@dataclass
class Core:
    """One for a client and all its sessions."""

    wire: Wire
    on_error: OnError
    timeout: float
    record_timeout: float
    record: RecordMode
    clock: Callable[[], float] = time.monotonic
    wall: Callable[[], float] = time.time
    breaker: Breaker = field(default_factory=Breaker)
    counts: Counts = field(default_factory=Counts)
    _said: dict[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.on_error not in ("open", "closed", "raise"):
            raise ValueError('on_error must be "open", "closed" or "raise"')
        if self.record not in ("wait", "background"):
            raise ValueError('record must be "wait" or "background"')
        for name in ("timeout", "record_timeout"):
            if not 0 < getattr(self, name) < float("inf"):
                raise ValueError(f"{name} must be a positive number of seconds")

    @property
    def stats(self) -> Stats:
        """The counts now."""
        return self.counts.snapshot(self.breaker.opened)

    def admit(self) -> None:
        """Raises CircuitOpenError when the daemon is not to be asked."""
        if not self.breaker.admit():
            raise errors.CircuitOpenError("the daemon failed several times in a row and is not asked for a moment")

    def answered(self, error: errors.DaemonError | None) -> bool | None:
        """Tells the breaker how it went: True when that opened it, False when that closed it, else None."""
        silent = isinstance(error, (errors.UnavailableError, errors.DeadlineExceededError))
        # A daemon that gives a reason, such as a full disk, is there, and goes on to decide.
        if silent and error is not None and not error.reason:
            return True if self.breaker.failed() else None
        return False if self.breaker.succeeded() else None

    def fallen(self, error: errors.DaemonError | errors.ArgumentsTooLargeError) -> str:
        """Counts and logs a fallback, or raises in failure mode "raise". Gives the reason's name."""
        reason = error.status if isinstance(error, errors.DaemonError) else "arguments_too_large"
        if self.on_error == "raise":
            raise error
        self.counts.fallback(reason)
        now = self.clock()
        if now - self._said.get(reason, float("-inf")) >= SAY_AGAIN:
            self._said[reason] = now
            # A wrong token is never a passing trouble: someone has to look.
            level = logging.ERROR if isinstance(error, errors.UnauthenticatedError) else logging.WARNING
            log.log(level, "no answer from %s, failing %s: %s", self.wire.address, self.on_error, error)
        return reason

    def fallback(self, error: errors.DaemonError | errors.ArgumentsTooLargeError) -> Decision:
        """The client's own decision, as the failure mode says."""
        reason = self.fallen(error)
        verdict = Verdict.PREVENT if self.on_error == "closed" else Verdict.ALLOW
        return Decision(
            verdict=verdict,
            would_be=verdict,
            mode=Mode.ENFORCE if verdict is Verdict.PREVENT else Mode.UNSPECIFIED,
            reasons=(Reason("fallback", f"Forewarn did not decide ({error}); the failure mode is {self.on_error}"),),
            time=datetime.fromtimestamp(self.wall(), UTC),
            source="fallback",
            fallback_reason=reason,
        )

    def lost(self, error: errors.DaemonError | None) -> errors.DaemonError:
        """Why a record is lost that found no place in the queue; raises it in failure mode "raise"."""
        lost = errors.ExhaustedError("the queue of records that wait is full: this one is lost")
        lost.__cause__ = error
        if self.on_error == "raise":
            raise lost
        return lost

    def record_failed(self, error: BaseException, tool: str, call_id: str) -> None:
        """Counts and logs a record that was refused."""
        self.counts.add("records_refused")
        log.warning("the record of %s (%s) was refused: %s", tool, call_id, error)


def decided(decision: Decision) -> Decision:
    """The decision, if it says anything.

    Raises:
        DaemonError: the verdict is one that this client does not know.
    """
    if decision.verdict is Verdict.UNSPECIFIED:
        raise errors.DaemonError("the decision has no verdict that this client knows", code="unknown_verdict")
    return decision


class Polling:
    """When to ask again whether a person agreed, and when to stop: growing pauses, within a deadline."""

    def __init__(self, clock: Callable[[], float], timeout: float | None) -> None:
        self._clock = clock
        self._end = float("inf") if timeout is None else clock() + timeout
        self._pause = FIRST_PAUSE

    def left(self, longest: float) -> float:
        """Seconds that one question may take: at most ``longest``, and little when the time is up."""
        return max(0.01, min(longest, self._end - self._clock()))

    def pause(self) -> float:
        """Seconds to wait before the next question; 0 when the time is up."""
        left = self._end - self._clock()
        pause, self._pause = min(self._pause, left), min(self._pause * 1.5, LONGEST_PAUSE)
        return max(0.0, pause)


class Surface:
    """Requests of a client or session: everything before and after the wire."""

    def __init__(self, core: Core, bound: Bound) -> None:
        self._core = core
        self._bound = bound

    @property
    def stats(self) -> Stats:
        """What was counted since the client was made, its sessions included."""
        return self._core.stats

    @property
    def address(self) -> str:
        """The daemon's address."""
        return self._core.wire.address

    @property
    def session_id(self) -> str:
        """The session that calls belong to; empty where there is none."""
        return self._bound.session_id

    @property
    def counts(self) -> Counts:
        """The counters. For the guards."""
        return self._core.counts

    def monotonic(self) -> float:
        """The clock. For the guards."""
        return self._core.clock()

    def waits(self, said: GuardFields) -> bool:
        """Whether records are waited for. For the guards."""
        return said.get("record", self._core.record) == "wait"

    def _timeout(self, timeout: float | None) -> float:
        return self._core.timeout if timeout is None else timeout

    def _record_timeout(self, timeout: float | None) -> float:
        return self._core.record_timeout if timeout is None else timeout

    def _call(self, tool: str, arguments: Mapping[str, object] | None, said: CallFields) -> model_pb2.Call:
        if not tool:
            raise ValueError("tool must not be empty")
        return self._bound.call(tool, self._bound.encoded(arguments), said)

    def _guarded_call(self, spec: Spec) -> tuple[model_pb2.Call, errors.ArgumentsTooLargeError | None]:
        said = cast("CallFields", spec.said)
        if "time" not in said:
            said = CallFields(**said, time=self._core.wall())
        try:
            return self._call(spec.tool, spec.arguments, said), None
        except errors.ArgumentsTooLargeError as error:
            return self._bound.call(spec.tool, "", said), error

    def _guard_question(self, spec: Spec, call: model_pb2.Call) -> guard_pb2.CheckRequest:
        return guard_pb2.CheckRequest(call=call, token_budget=spec.said.get("token_budget", 0))

    def _record_request(
        self,
        tool: str,
        arguments: Mapping[str, object] | None,
        outcome: Outcome,
        decision: Decision | str,
        said: CallFields,
        ending: Mapping[str, object],
    ) -> guard_pb2.RecordCallRequest:
        decision_id = decision if isinstance(decision, str) else decision.decision_id
        error = cast("BaseException | str", ending["error"])
        whole = Ending(
            outcome=Outcome(outcome),
            error=error_text(error),
            error_code=cast("str", ending["error_code"]),
            duration=cast("float | None", ending["duration"]),
            cost=cast("float", ending["cost"]),
            result_excerpt=excerpt(ending["result"]),
            retry_after=cast("float | None", ending["retry_after"]),
        )
        call = self._call(tool, arguments, said)
        if not call.HasField("time"):
            call.time.CopyFrom(translate.timestamp(self._core.wall()))
        return record_request(call, whole, decision_id)

    def _optimize_request(
        self,
        call: model_pb2.Call,
        candidates: Sequence[str],
        latency_weight: float,
        cost_weight: float,
        explore: bool,
        limit: int,
    ) -> guard_pb2.OptimizeRequest:
        return guard_pb2.OptimizeRequest(
            call=call,
            candidates=list(candidates),
            latency_weight=latency_weight,
            cost_weight=cost_weight,
            explore=explore,
            limit=limit,
        )

    def _inject_request(
        self, tools: Iterable[str], token_budget: int, said: CallFields
    ) -> guard_pb2.InjectContextRequest:
        call = self._bound.call("", "", said)
        return guard_pb2.InjectContextRequest(
            tools=list(tools), token_budget=token_budget, session_id=call.session_id, context=call.context
        )

    def _register_request(self, tools: Iterable[Tool]) -> guard_pb2.RegisterToolsRequest:
        return guard_pb2.RegisterToolsRequest(tools=[translate.tool_descriptor(tool) for tool in tools])

    def _approval_request(self, decision: Decision | str) -> guard_pb2.GetApprovalRequest:
        approval_id = decision if isinstance(decision, str) else decision.approval_id
        if not approval_id:
            raise ValueError("the decision waits for nobody: it has no approval_id")
        return guard_pb2.GetApprovalRequest(approval_id=approval_id)

    def _appeal_request(self, decision: Decision | str, reason: str, caller: str | None) -> guard_pb2.AppealRequest:
        decision_id = decision if isinstance(decision, str) else decision.decision_id
        if not decision_id:
            raise ValueError("a decision that the client made as a fallback cannot be appealed")
        caller = self._bound.caller if caller is None else caller
        return guard_pb2.AppealRequest(decision_id=decision_id, reason=reason, caller=caller)
