"""Rollouts for programs of administrators: start, look, list, stop. They talk to the admin listener.

    with forewarn.Rollouts() as rollouts:
        begun = rollouts.start(pattern="public-web-app", share_percent=20)
        ...
        if rollouts.get(begun.rollout_id).state == "treatment_better":
            rollouts.stop(begun.rollout_id, "promoted", actor="ann")

A failure is raised as a ``DaemonError``: there is nothing to fall back on.
"""

from __future__ import annotations

import os
from datetime import timedelta
from typing import TYPE_CHECKING, Final, Literal

from google.protobuf.duration_pb2 import Duration

from . import address as addresses
from .breaker import Breaker
from .channel import AsyncLink, Link, Rpc, Wire
from .rollout_records import Rollout, RolloutArm, RolloutEnding, RolloutState
from .translate import moment
from .v1 import rollout_pb2

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self

    import grpc

#: Starting and stopping compile policies.
_TIMEOUT: Final = 30.0
_PAGE: Final = 1_000

_START: Final = Rpc("StartRollout", rollout_pb2.StartRolloutRequest, rollout_pb2.StartRolloutResponse, "RolloutService")
_GET: Final = Rpc("GetRollout", rollout_pb2.GetRolloutRequest, rollout_pb2.GetRolloutResponse, "RolloutService")
_LIST: Final = Rpc("ListRollouts", rollout_pb2.ListRolloutsRequest, rollout_pb2.ListRolloutsResponse, "RolloutService")
_STOP: Final = Rpc("StopRollout", rollout_pb2.StopRolloutRequest, rollout_pb2.StopRolloutResponse, "RolloutService")

_STATES: Final[dict[int, RolloutState]] = {
    1: "running", 2: "treatment_better", 3: "control_better", 4: "no_decision", 5: "stopped",
}  # fmt: skip
_ENDINGS: Final[dict[int, RolloutEnding]] = {0: "", 1: "promoted", 2: "withdrawn", 3: "changed"}
_BY_ENDING: Final = {"promoted": rollout_pb2.ROLLOUT_ENDING_PROMOTED, "withdrawn": rollout_pb2.ROLLOUT_ENDING_WITHDRAWN}

Ending = Literal["promoted", "withdrawn"]


class Rollouts:
    """The sync client. Safe to share between threads.

    Args:
        address: the admin listener's, ``unix:<path>`` or ``<host>:<port>``; else as ``forewarn.address`` looks it up.
        token: the bearer token; else ``FOREWARN_ADMIN_TOKEN``, ``FOREWARN_TOKEN``; ``""`` for none.
        timeout: the deadline of each call, in seconds.
        credentials: for TLS; without, the connection is plain.
    """

    def __init__(
        self,
        address: str | None = None,
        *,
        token: str | None = None,
        timeout: float = _TIMEOUT,
        credentials: grpc.ChannelCredentials | None = None,
    ) -> None:
        self._link = Link(_wire(address, token, credentials), Breaker())
        self._timeout = timeout

    def start(
        self,
        *,
        pattern: str = "",
        policy: str = "",
        share_percent: float = 50.0,
        max_units: int = 0,
        window: timedelta | None = None,
        actor: str = "",
        reason: str = "",
    ) -> Rollout:
        """Begins a rollout of a pattern (its id) or of an applied policy (its name): exactly one of these.

        ``max_units`` sessions at most are compared (0: 5,000). ``window`` is how long a session is watched after a
        policy first spoke in it (1 hour).
        """
        request = _start_request(pattern, policy, share_percent, max_units, window, actor, reason)
        return _rollout(self._link.unary(_START, request, self._timeout).rollout)

    def get(self, rollout_id: str) -> Rollout:
        """One rollout as it stands."""
        request = rollout_pb2.GetRolloutRequest(rollout_id=rollout_id)
        return _rollout(self._link.unary(_GET, request, self._timeout).rollout)

    def list(self) -> list[Rollout]:
        """The rollouts that are kept, newest first: at most 50."""
        answer = self._link.unary(_LIST, rollout_pb2.ListRolloutsRequest(page_size=_PAGE), self._timeout)
        return [_rollout(one) for one in answer.rollouts]

    def stop(self, rollout_id: str, ending: Ending, *, actor: str = "", reason: str = "") -> Rollout:
        """Ends a rollout for all sessions ("promoted") or for none ("withdrawn")."""
        request = _stop_request(rollout_id, ending, actor, reason)
        return _rollout(self._link.unary(_STOP, request, self._timeout).rollout)

    def close(self) -> None:
        """Closes the channel. Also done by ``with``."""
        self._link.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self.close()


class AsyncRollouts:
    """The client for asyncio; arguments and methods are those of ``Rollouts``."""

    def __init__(
        self,
        address: str | None = None,
        *,
        token: str | None = None,
        timeout: float = _TIMEOUT,
        credentials: grpc.ChannelCredentials | None = None,
    ) -> None:
        self._link = AsyncLink(_wire(address, token, credentials), Breaker())
        self._timeout = timeout

    async def start(
        self,
        *,
        pattern: str = "",
        policy: str = "",
        share_percent: float = 50.0,
        max_units: int = 0,
        window: timedelta | None = None,
        actor: str = "",
        reason: str = "",
    ) -> Rollout:
        """See ``Rollouts.start``."""
        request = _start_request(pattern, policy, share_percent, max_units, window, actor, reason)
        return _rollout((await self._link.unary(_START, request, self._timeout)).rollout)

    async def get(self, rollout_id: str) -> Rollout:
        """See ``Rollouts.get``."""
        request = rollout_pb2.GetRolloutRequest(rollout_id=rollout_id)
        return _rollout((await self._link.unary(_GET, request, self._timeout)).rollout)

    async def list(self) -> list[Rollout]:
        """See ``Rollouts.list``."""
        answer = await self._link.unary(_LIST, rollout_pb2.ListRolloutsRequest(page_size=_PAGE), self._timeout)
        return [_rollout(one) for one in answer.rollouts]

    async def stop(self, rollout_id: str, ending: Ending, *, actor: str = "", reason: str = "") -> Rollout:
        """See ``Rollouts.stop``."""
        request = _stop_request(rollout_id, ending, actor, reason)
        return _rollout((await self._link.unary(_STOP, request, self._timeout)).rollout)

    async def close(self) -> None:
        """Closes the channel. Also done by ``async with``."""
        await self._link.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None
    ) -> None:
        await self.close()


def _wire(address: str | None, token: str | None, credentials: grpc.ChannelCredentials | None) -> Wire:
    said = os.environ.get("FOREWARN_ADMIN_TOKEN") if token is None else token
    return Wire(addresses.admin_address(address), addresses.token(said), credentials)


def _start_request(
    pattern: str, policy: str, share_percent: float, max_units: int, window: timedelta | None, actor: str, reason: str
) -> rollout_pb2.StartRolloutRequest:
    if bool(pattern) is bool(policy):
        raise ValueError("say exactly one of pattern and policy")
    request = rollout_pb2.StartRolloutRequest(
        share_percent=share_percent, max_units=max_units, actor=actor, reason=reason
    )
    if pattern:
        request.pattern = pattern
    else:
        request.policy = policy
    if window is not None:
        length = Duration()
        length.FromTimedelta(window)
        request.window.CopyFrom(length)
    return request


def _stop_request(rollout_id: str, ending: Ending, actor: str, reason: str) -> rollout_pb2.StopRolloutRequest:
    if ending not in _BY_ENDING:
        raise ValueError('ending must be "promoted" or "withdrawn"')
    return rollout_pb2.StopRolloutRequest(rollout_id=rollout_id, ending=_BY_ENDING[ending], actor=actor, reason=reason)


def _rollout(m: rollout_pb2.Rollout) -> Rollout:
    return Rollout(
        rollout_id=m.rollout_id,
        pattern=m.pattern,
        policy=m.policy,
        share_percent=m.share_percent,
        state=_STATES.get(m.state, "running"),
        ending=_ENDINGS.get(m.ending, ""),
        treatment=_arm(m.treatment),
        control=_arm(m.control),
        difference=m.difference,
        difference_low=m.difference_low,
        difference_high=m.difference_high,
        evidence=m.evidence,
        evidence_against=m.evidence_against,
        max_units=m.max_units,
        started_at=moment(m, "started_at"),
        started_by=m.started_by,
        reason=m.reason,
        decided_at=moment(m, "decided_at"),
        stopped_at=moment(m, "stopped_at"),
        stopped_by=m.stopped_by,
        stop_reason=m.stop_reason,
    )


def _arm(m: rollout_pb2.RolloutArm) -> RolloutArm:
    return RolloutArm(m.units, m.outcome, m.used, m.calls, m.failed)
