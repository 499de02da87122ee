"""Plays one source to a daemon: ask, compare with what happened, tell it, next."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from forewarn_cli.connection import credentials, open_channel
from forewarn_cli.faults import Refused, from_rpc_error
from forewarn_cli.replay.detectors import Tally, detector
from forewarn_cli.replay.records import record_of
from forewarn_cli.replay.retries import Retries
from forewarn_cli.replay.scores import Predictions, percentile, ratio, score
from forewarn_cli.replay.skipped import Skipped
from forewarn_cli.replay.trace_files import BAD, HINT, JUDGED, TraceCall

Row = dict[str, float | int | str | None]

OF_THE_CALL = ("INVALID_ARGUMENT", "TOO_MANY_TOOLS")
"""Reasons of refusals that lie in the call."""

CALL_SECONDS = 60.0
"""How long one answer may take before the replay gives up."""


@dataclass(slots=True)
class Result:
    """What a replay of one source came to."""

    source: str
    predictions: Predictions = field(default_factory=Predictions)
    tally: Tally = field(default_factory=Tally)
    check_seconds: list[float] = field(default_factory=list)
    record_seconds: float = 0.0
    retries: Retries = field(default_factory=Retries)
    probes: int = 0

    def row(self) -> Row:
        """The figures, by the names that the documentation explains."""
        checks = sorted(self.check_seconds)
        p50, p99 = percentile(checks, 0.5), percentile(checks, 0.99)
        return {
            "source": self.source,
            **score(self.predictions),
            **self.retries.row(),
            "checks_per_second": ratio(len(checks), sum(checks)),
            "check_p50_us": None if p50 is None else p50 * 1e6,
            "check_p99_us": None if p99 is None else p99 * 1e6,
            "records_per_second": ratio(len(checks), self.record_seconds),
        }


@dataclass(frozen=True, slots=True)
class Player:
    """How calls are played. `skipped` counts calls that the daemon refuses; without it the first one ends all."""

    address: str
    token: str | None
    enforced: bool
    nonce: str
    skipped: Skipped | None
    advance: Callable[[], None]
    stopped: Callable[[], bool]

    def play(self, source: str, calls: Iterable[tuple[float, TraceCall]]) -> Result:
        """Every call in order: asked before, told after. Stops early when `stopped`."""
        import grpc

        from forewarn.v1 import guard_pb2, guard_pb2_grpc, model_pb2

        result = Result(source)
        predictions, tally, check_seconds = result.predictions, result.tally, result.check_seconds
        metadata = credentials(self.token)
        prevent, enforced, clock = model_pb2.VERDICT_PREVENT, self.enforced, time.perf_counter
        question = guard_pb2.ShouldPreventRequest()
        with open_channel(self.address) as channel:
            stub = guard_pb2_grpc.GuardServiceStub(channel)
            ask, tell = stub.ShouldPrevent, stub.RecordCall
            for event_time, call in calls:
                if self.stopped():
                    break
                record = record_of(call, event_time, self.nonce)
                question.call.CopyFrom(record.call)
                try:
                    before = clock()
                    decision = ask(question, timeout=CALL_SECONDS, metadata=metadata).decision
                    check_seconds.append(clock() - before)
                    prevented = (decision.verdict if enforced else decision.would_be) == prevent
                    record.decision_id = decision.decision_id
                    if enforced and prevented:
                        # The call was not made: all that can be told is that it was not.
                        record.ClearField("result")
                        record.result.outcome = model_pb2.OUTCOME_PREVENTED
                    before = clock()
                    told = tell(record, timeout=CALL_SECONDS, metadata=metadata)
                    result.record_seconds += clock() - before
                except grpc.RpcError as error:
                    fault = from_rpc_error(error, self.address)
                    if not isinstance(fault, Refused) or fault.reason == "UNAUTHENTICATED":
                        raise fault from error
                    # Others, such as a full store, are not the line's fault.
                    if self.skipped is None or fault.reason not in OF_THE_CALL:
                        hint = f" ({HINT})" if fault.reason in OF_THE_CALL else ""
                        raise Refused(f"{call.place}: {fault}{hint}") from error
                    self.skipped.add(source, call.place, str(fault).splitlines()[0])
                    continue
                result.probes += decision.HasField("probe")
                if call.outcome in JUDGED:
                    bad = call.outcome in BAD
                    if not (enforced and prevented):  # else it was not made, and nothing was said of a retry
                        result.retries.add(call, bad=bad, advised=told.retry_advice.worth_it)
                    predictions.add(decision.p_fail, prevented=prevented, known=decision.known, bad=bad)
                    if prevented:
                        tally.add(detector(decision.reasons), bad=bad)
                self.advance()
        return result
