"""RolloutService: a pattern or policy for a share of sessions, as administrators see it."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from math import exp
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, Final, cast

import grpc
from google.protobuf.duration_pb2 import Duration

from forewarn.v1 import rollout_pb2, rollout_pb2_grpc

from ..model.knowledge import EntityKind
from ..rollouts.comparing import Arm
from ..rollouts.records import Rollout, RolloutState, Side
from ..rollouts.rollouts import MAX_UNITS, WINDOW
from . import chain
from .answers import stamp
from .pages import page, position_of
from .requests import span_of, wait

if TYPE_CHECKING:
    from ..runtime import Rooms

_ENDINGS: Final = {
    "": rollout_pb2.ROLLOUT_ENDING_UNSPECIFIED,
    "promoted": rollout_pb2.ROLLOUT_ENDING_PROMOTED,
    "withdrawn": rollout_pb2.ROLLOUT_ENDING_WITHDRAWN,
    "changed": rollout_pb2.ROLLOUT_ENDING_CHANGED,
}
#: Evidence is told up to here: more decides no more.
_MOST_EVIDENCE: Final = 100.0
#: Seconds to wait until matching knows of a change. It is kept whether or not.
_INDEXED: Final = 2.0


class RolloutService:
    """The methods of ``forewarn.v1.RolloutService``, unwrapped; ``add_to`` puts them through the chain."""

    def __init__(self, rooms: Rooms) -> None:
        self._rooms = rooms
        # Starting and stopping compile policies, one after the other; looking need not wait for that.
        self._changes = ThreadPoolExecutor(1, thread_name_prefix="forewarn-rollout-change")
        self._looks = ThreadPoolExecutor(2, thread_name_prefix="forewarn-rollout")

    def add_to(self, server: grpc.Server) -> None:
        """Register every method with a server."""
        pools: dict[ThreadPoolExecutor, list[Callable[..., Any]]] = {
            self._changes: [self.StartRollout, self.StopRollout],
            self._looks: [self.GetRollout, self.ListRollouts],
        }
        wrapped = {one.__name__: chain.unary(one, pool) for pool, methods in pools.items() for one in methods}
        # Closures in place of methods: gRPC only asks the servicer for attributes of these names.
        servicer = cast("rollout_pb2_grpc.RolloutServiceServicer", SimpleNamespace(**wrapped))
        rollout_pb2_grpc.add_RolloutServiceServicer_to_server(servicer, server)

    def drain(self) -> None:
        """Nothing here outlives its calls."""

    def close(self) -> None:
        """Let the threads go."""
        for pool in (self._changes, self._looks):
            pool.shutdown(wait=False, cancel_futures=True)

    def StartRollout(
        self, request: rollout_pb2.StartRolloutRequest, _: grpc.ServicerContext
    ) -> rollout_pb2.StartRolloutResponse:
        """Begins a rollout."""
        rollouts, share = self._rooms.rollouts, request.share_percent / 100.0
        most = request.max_units or MAX_UNITS
        if request.WhichOneof("subject") == "pattern":
            begun = rollouts.start_pattern(
                request.pattern, share, max_units=most, actor=request.actor, reason=request.reason
            )
        else:
            window = span_of(request.window, "window") if request.HasField("window") else WINDOW
            begun = rollouts.start_policy(
                request.policy, share, max_units=most, window=window, actor=request.actor, reason=request.reason
            )
        return rollout_pb2.StartRolloutResponse(rollout=message_of(begun))

    def GetRollout(
        self, request: rollout_pb2.GetRolloutRequest, context: grpc.ServicerContext
    ) -> rollout_pb2.GetRolloutResponse:
        """One rollout."""
        rollouts, store = self._rooms.rollouts, self._rooms.store
        with store.read() as reader:
            rollouts.get(reader, request.rollout_id)  # what is not there changes nothing
        wait(rollouts.settle(), context)
        with store.read() as reader:
            found = rollouts.get(reader, request.rollout_id)
        return rollout_pb2.GetRolloutResponse(rollout=message_of(found))

    def ListRollouts(
        self, request: rollout_pb2.ListRolloutsRequest, context: grpc.ServicerContext
    ) -> rollout_pb2.ListRolloutsResponse:
        """Rollouts, newest first."""
        position = position_of(request.page_token) or None
        wait(self._rooms.rollouts.settle(), context)

        def keep(_: bytes, one: Rollout) -> rollout_pb2.Rollout | None:
            return message_of(one) if request.state in (0, int(one.state)) else None

        with self._rooms.store.read() as reader:
            rows = self._rooms.rollouts.newest(reader, position)
            found, token = page(rows, request.page_size, keep, reverse=True)
        return rollout_pb2.ListRolloutsResponse(rollouts=found, next_page_token=token)

    def StopRollout(
        self, request: rollout_pb2.StopRolloutRequest, _: grpc.ServicerContext
    ) -> rollout_pb2.StopRolloutResponse:
        """Ends a rollout."""
        ended = self._rooms.rollouts.stop(
            request.rollout_id,
            promote=request.ending == rollout_pb2.ROLLOUT_ENDING_PROMOTED,
            actor=request.actor,
            reason=request.reason,
        )
        if ended.kind is EntityKind.PATTERN:  # it may be deleted now
            index = self._rooms.knowledge_index
            index.wait(index.follow([(ended.kind, ended.subject)]), _INDEXED)
        return rollout_pb2.StopRolloutResponse(rollout=message_of(ended))


def message_of(value: Rollout) -> rollout_pb2.Rollout:
    """A rollout on the wire."""
    found, share, is_pattern = value.comparison, value.share, value.kind is EntityKind.PATTERN
    low, high = found.interval(share)
    return rollout_pb2.Rollout(
        rollout_id=value.rollout_id.hex(),
        pattern=value.subject if is_pattern else "",
        policy="" if is_pattern else value.subject,
        share_percent=round(share * 100.0, 6),
        state=_state(value.state),
        ending=_ENDINGS[value.ending],
        treatment=_arm(found.treatment, value.treatment),
        control=_arm(found.control, value.control),
        difference=found.difference,
        difference_low=low,
        difference_high=high,
        evidence=_evidence(found.evidence(share)),
        evidence_against=_evidence(found.evidence_against(share)),
        max_units=value.max_units,
        window=Duration(seconds=int(value.window)) if not is_pattern else None,
        started_at=stamp(value.started_time),
        started_by=value.started_by,
        reason=value.reason,
        decided_at=stamp(value.decided_time) if value.decided_time else None,
        stopped_at=stamp(value.stopped_time) if value.stopped_time else None,
        stopped_by=value.stopped_by,
        stop_reason=value.stop_reason,
        events=value.events,
    )


def _state(value: RolloutState) -> rollout_pb2.RolloutState.ValueType:
    return rollout_pb2.RolloutState.ValueType(int(value))


def _arm(arm: Arm, side: Side) -> rollout_pb2.RolloutArm:
    return rollout_pb2.RolloutArm(
        units=arm.units,
        outcome=arm.outcomes / arm.units if arm.units else 0.0,
        used=side.used,
        calls=side.calls,
        failed=side.failed,
    )


def _evidence(logarithm: float) -> float:
    return min(_MOST_EVIDENCE, exp(min(logarithm, 10.0)))
