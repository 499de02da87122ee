"""Guards: ask before a tool runs, tell afterwards, once. ``with client.guard(…)``, its ``async with``, and their loops.

Nothing that goes wrong with a record ever hides the tool's result or exception: it is counted and logged.
"""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol, TypeVar

from .arguments import dumps, to_json
from .attempt import GuardedCall
from .calls import Ending, GuardFields, new_call_id, record_request
from .errors import HealFailed, Prevented
from .heal import Failure, Heal
from .vocabulary import Outcome, Verdict

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import TracebackType

    from .records import Check, Decision, Recorded
    from .stats import Counts
    from .v1 import guard_pb2, model_pb2

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Spec:
    """A call to be guarded."""

    tool: str
    arguments: Mapping[str, object]
    said: GuardFields
    healed: bool = False
    """A remedy has run since the last attempt."""
    classify: bool = False
    """Wait for the record of a failure, whatever ``record`` says: its cause is wanted."""

    def attempt(self, number: int, *, healed: bool) -> Spec:
        """The same as a further attempt, with an id of its own."""
        said = self.said.copy()
        said["attempt"] = number
        if number > 1:
            if given := said.get("call_id"):
                said["call_id"] = f"{given}#{number}"
            said.pop("time", None)
        return replace(self, said=said, healed=healed, classify=True)


@dataclass(frozen=True, slots=True)
class Opened:
    """A call that was asked about and may be made."""

    call: GuardedCall
    message: model_pb2.Call
    sendable: bool
    """False when the arguments break a limit: there is nothing that the daemon would take."""


class _Counting(Protocol):
    @property
    def counts(self) -> Counts:
        """The counters."""

    def monotonic(self) -> float:
        """The clock that durations are measured with."""

    def waits(self, said: GuardFields) -> bool:
        """Whether the record is waited for."""


class Guarding(_Counting, Protocol):
    """What a guard needs of a client."""

    def guard_check(self, spec: Spec) -> tuple[Check, model_pb2.Call, bool]:
        """The decision, the call as it was asked about, and whether it can be sent at all."""

    def guard_record(self, request: guard_pb2.RecordCallRequest, *, wait: bool) -> Recorded:
        """Records; never raises because of the daemon."""

    def guard_approval(self, decision: Decision, patience: float) -> bool:
        """Whether a person agreed in time; never raises because of the daemon."""


class AsyncGuarding(_Counting, Protocol):
    """What an async guard needs of a client."""

    async def guard_check(self, spec: Spec) -> tuple[Check, model_pb2.Call, bool]:
        """As ``Guarding.guard_check``."""

    async def guard_record(self, request: guard_pb2.RecordCallRequest, *, wait: bool) -> Recorded:
        """As ``Guarding.guard_record``."""

    async def guard_approval(self, decision: Decision, patience: float) -> bool:
        """As ``Guarding.guard_approval``."""


class _Base:
    """What both guards do without waiting."""

    _client: _Counting

    def __init__(self, spec: Spec) -> None:
        said = spec.said.copy()
        said.setdefault("call_id", new_call_id())
        self._spec = replace(spec, said=said)
        self.call: GuardedCall | None = None
        """The call, once it may be made."""
        self._opened: Opened | None = None
        self._entered = False

    def _enter(self) -> None:
        if self._entered:
            raise RuntimeError("a guard guards one attempt: make another for the next")
        self._entered = True

    def _decide(self, check: Check, message: model_pb2.Call, sendable: bool) -> tuple[Opened, Prevented | None]:
        spec, decision = self._spec, check.decision
        arguments, prevented = spec.arguments, None
        if decision.verdict is Verdict.REWRITE:
            rewritten = decision.rewritten(spec.tool)
            if rewritten is not None and spec.said.get("rewrites", False):
                arguments = rewritten
                message.arguments_json = dumps(to_json(rewritten))  # the call as it will be made
            else:
                prevented = Prevented(spec.tool, decision, message.call_id)
        elif decision.blocks and not self._passes(decision):
            prevented = Prevented(spec.tool, decision, message.call_id)
        call = GuardedCall(
            spec.tool, arguments, message.call_id, spec.said.get("attempt", 0), check, self._client.monotonic
        )
        opened = self._opened = Opened(call, message, sendable)
        if prevented is not None:
            self._client.counts.add("prevented")
        return opened, prevented

    def _patience(self, decision: Decision) -> float:
        """Seconds to wait for a person; 0 where the decision needs none, or the call's own approval is enough."""
        if decision.verdict is not Verdict.REQUIRE_APPROVAL or not decision.approval_id or self._passes(decision):
            return 0.0
        return self._spec.said.get("approval_timeout", 0.0)

    def _passes(self, decision: Decision) -> bool:
        if decision.verdict is Verdict.REQUIRE_APPROVAL:
            return self._spec.said.get("approved", False)
        # What was learned speaks of the world before the remedy, so it does not stop the attempt right after it;
        # a policy does, and so does a daemon that does not answer in failure mode "closed".
        return self._spec.healed and decision.source == "daemon" and not decision.by_policy

    def _request(self, opened: Opened, ending: Ending) -> guard_pb2.RecordCallRequest:
        return record_request(opened.message, ending, opened.call.decision.decision_id)

    def _wait(self, ending: Ending) -> bool:
        if ending.outcome is Outcome.CANCELLED:
            return False  # who gave up does not wait for us either
        failed = ending.outcome in (Outcome.FAILURE, Outcome.TIMEOUT)
        return self._client.waits(self._spec.said) or (failed and self._spec.classify)


class Guard(_Base):
    """``with client.guard(tool, arguments) as call:`` the tool runs inside."""

    def __init__(self, client: Guarding, spec: Spec) -> None:
        super().__init__(spec)
        self._client: Guarding = client

    def __enter__(self) -> GuardedCall:
        self._enter()
        asked = self._client.guard_check(self._spec)
        patience = self._patience(asked[0].decision)
        if patience and self._client.guard_approval(asked[0].decision, patience):
            asked = self._client.guard_check(self._spec)
        opened, prevented = self._decide(*asked)
        if prevented is not None:
            self._record(opened, Ending(Outcome.PREVENTED))
            raise prevented
        self.call = opened.call
        return opened.call

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        assert self._opened is not None  # noqa: S101 - it was entered
        self._record(self._opened, self._opened.call.leave(error))

    def _record(self, opened: Opened, ending: Ending) -> None:
        if opened.sendable:
            request = self._request(opened, ending)
            opened.call.recorded = self._client.guard_record(request, wait=self._wait(ending))
        else:
            self._client.counts.add("records_refused")


class AsyncGuard(_Base):
    """``async with client.guard(tool, arguments) as call:`` the tool runs inside."""

    def __init__(self, client: AsyncGuarding, spec: Spec) -> None:
        super().__init__(spec)
        self._client: AsyncGuarding = client

    async def __aenter__(self) -> GuardedCall:
        self._enter()
        asked = await self._client.guard_check(self._spec)
        patience = self._patience(asked[0].decision)
        if patience and await self._client.guard_approval(asked[0].decision, patience):
            asked = await self._client.guard_check(self._spec)
        opened, prevented = self._decide(*asked)
        if prevented is not None:
            await self._record(opened, Ending(Outcome.PREVENTED))
            raise prevented
        self.call = opened.call
        return opened.call

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None
    ) -> None:
        assert self._opened is not None  # noqa: S101 - it was entered
        await self._record(self._opened, self._opened.call.leave(error))

    async def _record(self, opened: Opened, ending: Ending) -> None:
        if opened.sendable:
            request = self._request(opened, ending)
            opened.call.recorded = await self._client.guard_record(request, wait=self._wait(ending))
        else:
            self._client.counts.add("records_refused")


class _Healing:
    """The state of one call through its attempts; the waiting is done by the loops below."""

    def __init__(self, heal: Heal, spec: Spec, counts: Counts) -> None:
        self.heal = heal
        self.counts = counts
        self.started = heal.clock()
        self.spec = spec.attempt(1, healed=False)
        self._first = spec
        self._number = 1
        self.last: Exception | None = None
        self.seen = 0

    def begin(self) -> Spec:
        """The next attempt."""
        self.seen = self.heal.seen()
        return self.spec

    def left(self) -> float:
        return max(self.started + self.heal.total - self.heal.clock(), 0.0)

    def next(self, error: Exception) -> None:
        """There will be another attempt."""
        self.last = error
        self._number += 1
        self.spec = self._first.attempt(self._number, healed=self.heal.remedy is not None)
        self.counts.add("retries")

    def wanted(self, call: GuardedCall | None, error: Exception) -> tuple[Failure, float] | None:
        """What to heal and how long to wait afterwards; None: the error stands."""
        if call is None:
            return None  # it was never made
        failure = self.heal.failure(call, error)
        if failure is None:
            return None
        pause = self.heal.pause(call, self.started)
        return None if pause is None else (failure, pause)


def run(client: Guarding, spec: Spec, function: Callable[[GuardedCall], T], heal: Heal | None) -> T:
    """Runs the function under a guard, and heals."""
    if heal is None:
        with Guard(client, spec) as call:
            return _ended(call, _single(call, function(call)))
    if heal.is_async:
        raise TypeError("an async remedy needs an async function")
    state = _Healing(heal, spec, client.counts)
    while True:
        guard = Guard(client, state.begin())
        try:
            with guard as made:
                return _ended(made, _single(made, function(made)))
        except Prevented as prevented:
            if guard.call is None and state.last is not None:
                raise prevented from state.last
            raise
        except Exception as error:
            wanted = state.wanted(guard.call, error)
            if wanted is None:
                raise
            failure, pause = wanted
            try:
                if heal.cure(failure, state.seen, state.left()):
                    client.counts.add("heals")
            except HealFailed:
                client.counts.add("heals_failed")
                raise
            if not heal.in_time(pause, state.started):
                raise
            state.next(error)
        heal.sleep(pause)


async def run_async(
    client: AsyncGuarding, spec: Spec, function: Callable[[GuardedCall], Awaitable[T]], heal: Heal | None
) -> T:
    """As ``run``, for an async function."""
    if heal is None:
        async with AsyncGuard(client, spec) as call:
            return _ended(call, await function(call))
    state = _Healing(heal, spec, client.counts)
    while True:
        guard = AsyncGuard(client, state.begin())
        try:
            async with guard as made:
                return _ended(made, await function(made))
        except Prevented as prevented:
            if guard.call is None and state.last is not None:
                raise prevented from state.last
            raise
        except Exception as error:
            wanted = state.wanted(guard.call, error)
            if wanted is None:
                raise
            failure, pause = wanted
            try:
                if await heal.cure_async(failure, state.seen, state.left()):
                    client.counts.add("heals")
            except HealFailed:
                client.counts.add("heals_failed")
                raise
            if not heal.in_time(pause, state.started):
                raise
            state.next(error)
        await heal.async_sleep(pause)


def _ended(call: GuardedCall, result: T) -> T:
    call.succeed(result)  # what the function itself said of the call stands
    return result


def _single(call: GuardedCall, result: T) -> T:
    """The result of a function that ended with it; one that has only begun has no outcome yet."""
    if inspect.isawaitable(result) or inspect.isgenerator(result) or inspect.isasyncgen(result):
        if inspect.iscoroutine(result):
            result.close()
        call.unknown("returned before it ran")
        kind = type(result).__name__
        raise TypeError(
            f"{call.tool} returned a {kind}, which has not run yet: guard an async function, or its consumer"
        )
    return result
