"""The client for asyncio: the same as ``forewarn.Client``, with ``await``."""

# ruff: noqa: ASYNC109 - a timeout here is the deadline that gRPC sends with the call, not a cancellation of ours

from __future__ import annotations

import asyncio
import functools
import inspect
from typing import TYPE_CHECKING, Any, Literal, ParamSpec, Self, TypeVar, Unpack

from . import address as addresses
from . import channel, errors, translate, workflow_translate
from .arguments import check_context
from .backlog import TRY_AGAIN, TaskBacklog
from .breaker import Breaker
from .calls import Bound, CallFields, GuardedFields, GuardFields, OnError, RecordMode, from_record
from .channel import Answered, Asked, AsyncLink, Rpc, Wire, status_error
from .core import BATCH, Core, Polling, Surface, decided
from .decorator import Context, bind_function
from .guard import AsyncGuard, Spec, run_async
from .records import Appealed, Approval, Check, Decision, Injection, Ranking, Recorded, Registration, Similar, Tool
from .v1 import guard_pb2, model_pb2, workflow_pb2
from .vocabulary import ApprovalState, Outcome
from .workflow_records import Recommendation, Workflow, WorkflowOutcome

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Coroutine, Iterable, Mapping, Sequence
    from types import TracebackType

    import grpc

    from .arguments import Encode
    from .attempt import GuardedCall
    from .heal import Heal
    from .records import CallRecord

P = ParamSpec("P")
T = TypeVar("T")


class AsyncSession(Surface):
    """As ``forewarn.client.Session``, with ``await``. Made by ``AsyncClient.session``."""

    def __init__(self, core: Core, bound: Bound, link: AsyncLink, backlog: TaskBacklog) -> None:
        super().__init__(core, bound)
        self._link = link
        self._backlog = backlog

    # Questions -----------------------------------------------------------------------------------------------------

    async def should_prevent(
        self,
        tool: str,
        arguments: Mapping[str, object] | None = None,
        *,
        timeout: float | None = None,
        **call: Unpack[CallFields],
    ) -> Decision:
        """Asks whether a call should be prevented.

        Answers within ``timeout`` seconds (the client's own: 0.2): with the daemon's decision, or, when there is none,
        as the failure mode says.

        Raises:
            EncodingError: an argument has no JSON form.
            DaemonError: no decision, in failure mode "raise".
        """
        try:
            request = guard_pb2.ShouldPreventRequest(call=self._call(tool, arguments, call))
            answer = await self._ask(channel.SHOULD_PREVENT, request, timeout)
            return decided(translate.decision(answer.decision))
        except (errors.DaemonError, errors.ArgumentsTooLargeError) as error:
            return self._core.fallback(error)

    async def check(
        self,
        tool: str,
        arguments: Mapping[str, object] | None = None,
        *,
        token_budget: int = 500,
        timeout: float | None = None,
        **call: Unpack[CallFields],
    ) -> Check:
        """Asks for a decision and for what is worth knowing before the call, within a token budget (0: none).

        Fails as ``should_prevent`` does, without facts.
        """
        try:
            request = guard_pb2.CheckRequest(call=self._call(tool, arguments, call), token_budget=token_budget)
            answer = translate.check(await self._ask(channel.CHECK, request, timeout))
            decided(answer.decision)
        except (errors.DaemonError, errors.ArgumentsTooLargeError) as error:
            return Check(self._core.fallback(error))
        return answer

    async def optimize(
        self,
        tool: str,
        arguments: Mapping[str, object] | None = None,
        *,
        candidates: Sequence[str] = (),
        latency_weight: float = 0.0,
        cost_weight: float = 0.0,
        explore: bool = False,
        limit: int = 0,
        timeout: float | None = None,
        **call: Unpack[CallFields],
    ) -> Ranking:
        """Asks what to use: other tools, or other arguments for the same tool, best first.

        Without ``candidates``: the tool, its registered alternatives, and what sessions used after it failed. The
        weights, in [0, 1], say how much latency and cost matter against success. Without a daemon the ranking is
        empty, unless the failure mode is "raise".
        """
        try:
            message = self._call(tool, arguments, call)
            request = self._optimize_request(message, candidates, latency_weight, cost_weight, explore, limit)
            return translate.ranking(await self._ask(channel.OPTIMIZE, request, timeout))
        except (errors.DaemonError, errors.ArgumentsTooLargeError) as error:
            self._core.fallen(error)
            return Ranking(source="fallback")

    async def inject_context(
        self,
        tools: Iterable[str],
        *,
        token_budget: int = 500,
        timeout: float | None = None,
        **call: Unpack[CallFields],
    ) -> Injection:
        """Asks what is worth knowing before using tools, as facts, within a token budget.

        Of the call's fields ``session_id`` and ``context`` count. Without a daemon there are no facts, unless the
        failure mode is "raise".
        """
        request = self._inject_request(tools, token_budget, call)
        try:
            return translate.injection(await self._ask(channel.INJECT_CONTEXT, request, timeout))
        except errors.DaemonError as error:
            self._core.fallen(error)
            return Injection(source="fallback")

    async def find_similar(
        self,
        tool: str,
        arguments: Mapping[str, object] | None = None,
        *,
        limit: int = 10,
        timeout: float | None = None,
        **call: Unpack[CallFields],
    ) -> Similar:
        """Asks for past calls and usage patterns like a call, and what would improve it.

        Without a daemon there are none, unless the failure mode is "raise".
        """
        try:
            request = guard_pb2.FindSimilarRequest(call=self._call(tool, arguments, call), limit=limit)
            return translate.similar(await self._ask(channel.FIND_SIMILAR, request, timeout))
        except (errors.DaemonError, errors.ArgumentsTooLargeError) as error:
            self._core.fallen(error)
            return Similar(source="fallback")

    # Records and commands ------------------------------------------------------------------------------------------

    async def record(
        self,
        tool: str,
        arguments: Mapping[str, object] | None,
        outcome: Outcome | Literal["success", "failure", "timeout", "prevented", "unknown", "cancelled"],
        *,
        error: BaseException | str = "",
        error_code: str = "",
        duration: float | None = None,
        cost: float = 0.0,
        result: object = None,
        retry_after: float | None = None,
        decision: Decision | str = "",
        record: RecordMode | None = None,
        timeout: float | None = None,
        **call: Unpack[CallFields],
    ) -> Recorded:
        """Records how a call went; waits until it is durable, or hands it to the background queue.

        Idempotent by ``call_id``. A record that cannot be delivered now goes to the background queue
        (``queued``); one that is refused has ``error`` set. In failure mode "raise" both raise instead.

        Raises:
            EncodingError: an argument has no JSON form, or breaks a limit.
            DaemonError: it is not stored, in failure mode "raise".
        """
        ending = {
            "error": error, "error_code": error_code, "duration": duration, "cost": cost, "result": result,
            "retry_after": retry_after,
        }  # fmt: skip
        request = self._record_request(tool, arguments, Outcome(outcome), decision, call, ending)
        if (record or self._core.record) == "background":
            return self._later(request)
        if self._core.on_error == "raise":
            return await self._record_now(request, timeout)
        return await self._record(request, timeout)

    async def record_many(self, records: Iterable[CallRecord], *, timeout: float | None = None) -> list[Recorded]:
        """Records finished calls, in streams of 256, and answers in their order.

        One that is refused has ``error`` set and does not hold up the others. ``timeout`` is for each stream; those
        that it cut off are handed to the background queue (``queued``), unless the failure mode is "raise".

        Raises:
            EncodingError: an argument has no JSON form, or breaks a limit. Earlier streams are stored.
            DaemonError: the daemon did not answer, in failure mode "raise".
        """
        answers: list[Recorded] = []
        batch: list[guard_pb2.RecordCallRequest] = []
        for record in records:
            batch.append(from_record(self._bound, record))
            if len(batch) == BATCH:
                answers += await self._record_batch(batch, timeout)
                batch = []
        return answers + (await self._record_batch(batch, timeout) if batch else [])

    async def register_tools(self, tools: Iterable[Tool], *, timeout: float | None = None) -> list[Registration]:
        """Tells what tools there are. Registering again replaces; all or nothing.

        Raises:
            DaemonError: they are not registered, whatever the failure mode.
        """
        request = self._register_request(tools)
        return translate.registrations(await self._ask(channel.REGISTER_TOOLS, request, self._record_timeout(timeout)))

    async def appeal(
        self, decision: Decision | str, reason: str = "", *, caller: str | None = None, timeout: float | None = None
    ) -> Appealed:
        """Says that a prevention was wrong. Counts as evidence; administrators see it.

        Raises:
            DaemonError: it is not kept, whatever the failure mode.
            ValueError: the decision was a fallback of the client.
        """
        request = self._appeal_request(decision, reason, caller)
        answer = await self._ask(channel.APPEAL, request, self._record_timeout(timeout))
        return Appealed(tuple(answer.usage_pattern_ids), answer.duplicate)

    async def wait_for_approval(self, decision: Decision | str, timeout: float | None = None) -> Approval:
        """Waits until a person agreed to a call, or refused it, or the approval expired; or for ``timeout`` seconds.

        Gives the approval as it stands then: PENDING where nobody decided in time. After APPROVED ask about the same
        call again, with the same session: that uses the approval, and the call may be made. Asks in growing pauses, to
        2 s; while no daemon answers it goes on asking. ``timeout=0`` asks once.

        Raises:
            DaemonError: the approval is not known, or no daemon answered the last question in time.
            ValueError: the decision waits for nobody.
        """
        request = self._approval_request(decision)
        polling = Polling(self._core.clock, timeout)
        while True:
            failed: errors.DaemonError | None = None
            try:
                answer = await self._ask(channel.GET_APPROVAL, request, polling.left(self._core.record_timeout))
                approval = translate.approval(answer.approval)
                if not approval.open:
                    return approval
            except (errors.UnavailableError, errors.DeadlineExceededError) as error:
                failed = error
            pause = polling.pause()
            if not pause:
                if failed is not None:
                    raise failed
                return approval
            await asyncio.sleep(pause)

    # Workflows -----------------------------------------------------------------------------------------------------

    async def recommend(
        self, intent: str, *, scope: str = "", limit: int = 0, caller: str | None = None, timeout: float | None = None
    ) -> Recommendation:
        """Asks for organisational patterns and policies for an intent, and begins a workflow.

        ``limit`` of each (0: 5). Without a daemon there are none and no workflow begins (``source`` is "fallback"),
        unless the failure mode is "raise".
        """
        caller = self._bound.caller if caller is None else caller
        request = workflow_translate.recommend_request(intent, scope, limit, caller, self._bound.session_id)
        try:
            answer = await self._ask(channel.RECOMMEND, request, self._record_timeout(timeout))
        except errors.DaemonError as error:
            self._core.fallen(error)
            return Recommendation(source="fallback")
        return workflow_translate.recommendation(answer)

    async def complete_workflow(
        self,
        workflow: Recommendation | str,
        outcome: WorkflowOutcome,
        *,
        used: Iterable[str] = (),
        generated_resources: Iterable[str] = (),
        detail: str = "",
        timeout: float | None = None,
    ) -> Workflow:
        """Says how a workflow ended: which patterns and policies it used (ids) and what kinds of resources it made.

        Raises:
            DaemonError: it is not kept, whatever the failure mode.
            ValueError: the workflow was a fallback of the client.
        """
        request = workflow_translate.complete_request(workflow, outcome, used, generated_resources, detail)
        answer = await self._ask(channel.COMPLETE_WORKFLOW, request, self._record_timeout(timeout))
        return workflow_translate.workflow(answer.workflow, duplicate=answer.duplicate)

    async def get_workflow(self, workflow_id: str, *, timeout: float | None = None) -> Workflow:
        """One workflow with its stages.

        Raises:
            DaemonError: there is no such workflow, or no answer, whatever the failure mode.
        """
        request = workflow_pb2.GetWorkflowRequest(workflow_id=workflow_id)
        answer = await self._ask(channel.GET_WORKFLOW, request, self._record_timeout(timeout))
        return workflow_translate.workflow(answer.workflow)

    async def watch_workflow(self, workflow_id: str, *, timeout: float = 60.0) -> AsyncIterator[Workflow]:
        """One workflow now and whenever a stage changes, until its last stage has a result.

        Raises:
            DaemonError: there is no such workflow, or it took longer than ``timeout`` seconds.
        """
        request = workflow_pb2.WatchWorkflowRequest(workflow_id=workflow_id)
        async for answer in self._link.stream(channel.WATCH_WORKFLOW, [request], timeout):
            yield workflow_translate.workflow(answer.workflow)

    # Guards --------------------------------------------------------------------------------------------------------

    def guard(
        self, tool: str, arguments: Mapping[str, object] | None = None, **said: Unpack[GuardFields]
    ) -> AsyncGuard:
        """``async with client.guard(tool, arguments) as call:`` checks on entry, records once on exit.

        Raises ``Prevented`` on entry when the call must not be made, and records that as prevented. Say
        ``call.succeed``, ``call.fail`` or ``call.cancel``, or let the way the block is left decide: see
        ``forewarn.attempt``.
        """
        return AsyncGuard(self, Spec(tool, arguments or {}, said))

    async def run(
        self,
        tool: str,
        function: Callable[[GuardedCall], Awaitable[T]],
        arguments: Mapping[str, object] | None = None,
        *,
        heal: Heal | None = None,
        **said: Unpack[GuardFields],
    ) -> T:
        """Runs ``function(call)`` under a guard, and heals. What it returns is the result.

        Raises:
            Prevented: the call must not be made.
            HealFailed: the remedy failed; the function's error is its cause.
        """
        return await run_async(self, Spec(tool, arguments or {}, said), function, heal)

    def guarded(
        self,
        tool: str | None = None,
        *,
        exclude: Collection[str] = (),
        context: Context | None = None,
        heal: Heal | None = None,
        **said: Unpack[GuardedFields],
    ) -> Callable[[Callable[P, Awaitable[T]]], Callable[P, Coroutine[Any, Any, T]]]:
        """A decorator: each call of the async function is guarded.

        The tool's name is the function's own if not given. The arguments are bound by signature, with defaults,
        without ``self``/``cls`` and what ``exclude`` names. ``context`` may be a function of these arguments.

        Raises:
            TypeError: the function is not async, or is an async generator function.
        """

        def decorate(function: Callable[P, Awaitable[T]]) -> Callable[P, Coroutine[Any, Any, T]]:
            bind = bind_function(function, tool, exclude, context, said, self._bound.encode)
            if not inspect.iscoroutinefunction(function):
                raise TypeError(f"{function!r} is not an async function: guard it with forewarn.Client")

            @functools.wraps(function)
            async def guarded(*args: P.args, **kwargs: P.kwargs) -> T:
                spec, call = bind(args, kwargs)
                return await run_async(self, spec, call, heal)

            return guarded

        return decorate

    # For the guards ------------------------------------------------------------------------------------------------

    async def guard_check(self, spec: Spec) -> tuple[Check, model_pb2.Call, bool]:
        """Decides a guarded call. For the guards."""
        call, broken = self._guarded_call(spec)
        if broken is not None:
            self._core.counts.add("questions")
            return Check(self._core.fallback(broken)), call, False
        try:
            answer = await self._ask(channel.CHECK, self._guard_question(spec, call), spec.said.get("timeout"))
            check = translate.check(answer)
            decided(check.decision)
        except errors.DaemonError as error:
            check = Check(self._core.fallback(error))
        return check, call, True

    async def guard_record(self, request: guard_pb2.RecordCallRequest, *, wait: bool) -> Recorded:
        """Records a guarded call; never raises because of the daemon. For the guards."""
        try:
            return await self._record(request, None) if wait else self._later(request)
        except errors.ForewarnError as error:
            self._core.record_failed(error, request.call.tool, request.call.call_id)
            return Recorded(request.call.call_id)

    async def guard_approval(self, decision: Decision, patience: float) -> bool:
        """Whether a person agreed in time; never raises because of the daemon. For the guards."""
        try:
            return (await self.wait_for_approval(decision, patience)).state is ApprovalState.APPROVED
        except errors.DaemonError:
            return False

    # The wire ------------------------------------------------------------------------------------------------------

    async def _ask(self, rpc: Rpc[Asked, Answered], request: Asked, timeout: float | None) -> Answered:
        self._core.counts.add("questions")
        if self._core.breaker.is_open:
            self._link.look()
        self._core.admit()
        try:
            answer = await self._link.unary(rpc, request, self._timeout(timeout))
        except errors.DaemonError as error:
            self._answered(error)
            raise
        except BaseException:
            self._core.breaker.abandoned()
            raise
        self._answered(None)
        return answer

    def _answered(self, error: errors.DaemonError | None) -> None:
        self._core.answered(error)

    async def _record_now(self, request: guard_pb2.RecordCallRequest, timeout: float | None) -> Recorded:
        try:
            answer = await self._link.unary(channel.RECORD_CALL, request, self._record_timeout(timeout))
        except errors.DaemonError as error:
            self._answered(error)
            raise
        self._answered(None)
        self._core.counts.add("records_stored")
        return translate.recorded(answer)

    async def _record(self, request: guard_pb2.RecordCallRequest, timeout: float | None) -> Recorded:
        if self._core.breaker.is_open:
            return self._later(request)  # the queue tries again, and closes the breaker when it gets through
        try:
            return await self._record_now(request, timeout)
        except TRY_AGAIN as error:
            return self._later(request, error)
        except errors.DaemonError as error:
            self._core.record_failed(error, request.call.tool, request.call.call_id)
            return Recorded(request.call.call_id, error=error)
        except BaseException:
            self._backlog.put(request)  # interrupted: whether it arrived is not known, and twice does no harm
            raise

    def _later(self, request: guard_pb2.RecordCallRequest, error: errors.DaemonError | None = None) -> Recorded:
        if self._backlog.put(request):
            return Recorded(request.call.call_id, queued=True, error=error)
        return Recorded(request.call.call_id, error=self._core.lost(error))

    async def _record_batch(self, batch: list[guard_pb2.RecordCallRequest], timeout: float | None) -> list[Recorded]:
        answers: list[Recorded] = []
        requests = (guard_pb2.RecordCallsRequest(record=record) for record in batch)
        try:
            async for answer in self._link.stream(channel.RECORD_CALLS, requests, self._record_timeout(timeout)):
                answers.append(self._one_of_many(batch[len(answers)], answer))
        except errors.DaemonError as error:
            self._answered(error)
            if self._core.on_error == "raise":
                raise
            answers += [self._cut_off(request, error) for request in batch[len(answers) :]]
            return answers
        self._answered(None)
        return answers

    def _one_of_many(self, request: guard_pb2.RecordCallRequest, answer: guard_pb2.RecordCallsResponse) -> Recorded:
        if answer.HasField("recorded"):
            self._core.counts.add("records_stored")
            return translate.recorded(answer.recorded)
        error = status_error(answer.error)
        self._core.record_failed(error, request.call.tool, request.call.call_id)
        return Recorded(request.call.call_id, error=error)

    def _cut_off(self, request: guard_pb2.RecordCallRequest, error: errors.DaemonError) -> Recorded:
        if isinstance(error, TRY_AGAIN):
            return self._later(request, error)
        self._core.record_failed(error, request.call.tool, request.call.call_id)
        return Recorded(request.call.call_id, error=error)


class AsyncClient(AsyncSession):
    """The client for asyncio. Makes one channel and reuses it, for one event loop at a time; survives a fork.

    Close it, best with ``async with``: at exit there is no event loop left that could send what waits.

    Args:
        address: ``unix:<path>`` or ``<host>:<port>``; else as ``forewarn.address`` looks it up.
        token: the bearer token; else ``FOREWARN_TOKEN``; ``""`` for none.
        on_error: what a decision is when the daemon gives none: "open" (ALLOW), "closed" (PREVENT) or "raise".
        timeout: the deadline of questions, in seconds.
        record_timeout: the deadline of records and commands, in seconds.
        record: whether guards wait for records, or leave them to the background queue.
        session_id, caller, caller_roles, server, context: filled in where a call does not say them.
        encode: turns argument values of further types into ones that ``forewarn.arguments`` knows.
        queue: how many records may wait in the background, at most 64 MiB of them.
        flush_timeout: how long ``close`` waits for the background queue, in seconds.
        credentials: for TLS; without, the connection is plain.
        breaker: the circuit breaker; see ``forewarn.breaker``.
    """

    def __init__(
        self,
        address: str | None = None,
        *,
        token: str | None = None,
        on_error: OnError = "open",
        timeout: float = 0.2,
        record_timeout: float = 2.0,
        record: RecordMode = "wait",
        session_id: str = "",
        caller: str = "",
        server: str = "",
        caller_roles: Sequence[str] = (),
        context: Mapping[str, str] | None = None,
        encode: Encode | None = None,
        queue: int = 10_000,
        flush_timeout: float = 2.0,
        credentials: grpc.ChannelCredentials | None = None,
        breaker: Breaker | None = None,
    ) -> None:
        wire = Wire(addresses.guard_address(address), addresses.token(token), credentials)
        core = Core(wire, on_error, timeout, record_timeout, record, breaker=breaker or Breaker())
        bound = Bound(session_id, caller, server, check_context(context or {}), encode, tuple(caller_roles))
        link = AsyncLink(wire, core.breaker)
        super().__init__(core, bound, link, TaskBacklog(self._send, core.counts, records=queue))
        self._flush_timeout = flush_timeout

    def session(
        self,
        session_id: str | None = None,
        *,
        context: Mapping[str, str] | None = None,
        caller: str | None = None,
        caller_roles: Sequence[str] | None = None,
        server: str | None = None,
    ) -> AsyncSession:
        """A client bound to a session; a new id where none is given. ``context`` is merged over the client's."""
        bound = self._bound.with_session(session_id, context, caller, server, caller_roles)
        return AsyncSession(self._core, bound, self._link, self._backlog)

    async def flush(self, timeout: float | None = None) -> bool:
        """Waits until no record waits in the background. True when none does."""
        return await self._backlog.flush(self._flush_timeout if timeout is None else timeout)

    async def close(self) -> None:
        """Sends what waits, within ``flush_timeout``, and closes the channel. Also done by ``async with``."""
        await self._backlog.close(self._flush_timeout)
        await self._link.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None
    ) -> None:
        await self.close()

    async def _send(self, request: guard_pb2.RecordCallRequest) -> None:
        await self._record_now(request, None)
