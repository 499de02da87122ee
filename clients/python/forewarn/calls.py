"""What is said of a call beside its tool and arguments, and how a session fills in what is not said."""

from __future__ import annotations

import time
import uuid
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal, TypedDict

from . import translate
from .arguments import Encode, check_context, cut, encode_arguments, error_text, excerpt
from .v1 import guard_pb2, model_pb2

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from .records import CallRecord
    from .vocabulary import Outcome

RecordMode = Literal["wait", "background"]
OnError = Literal["open", "closed", "raise"]


class WhoFields(TypedDict, total=False):
    """What calls have in common. A client or session made with the same field fills it in."""

    session_id: str
    """The run, conversation or task."""
    caller: str
    """Who makes the call."""
    server: str
    """What provides the tool."""
    tool_version: str
    caller_roles: Sequence[str]
    """The caller's roles, as far as the runtime vouches for them; policies read them."""


class CallFields(WhoFields, total=False):
    """What may be said of one call."""

    context: Mapping[str, str]
    """Where the call happens, as far as it can matter: "db", "cluster", "repo". Merged over the client's."""
    call_id: str
    """The runtime's own id of the attempt; made if not given."""
    attempt: int
    """Which attempt of the same call this is, from 1; 0: the daemon counts."""
    time: datetime | float
    """When the call is, or was, made; else now."""


class HowFields(TypedDict, total=False):
    """How a call is guarded."""

    record: RecordMode
    """Wait for the record to be durable, or send it in the background. The client's own is the default."""
    token_budget: int
    """How many tokens of context are wanted (``call.facts``); 0, the default: none."""
    approved: bool
    """A person approved this call: REQUIRE_APPROVAL lets it through. PREVENT does not."""
    approval_timeout: float
    """Seconds to wait for a person where a policy requires one (0, the default: none). Agreed to in time, the call goes
    on; else ``Prevented`` is raised."""
    rewrites: bool
    """The arguments that are used are ``call.arguments``, so that a decision may rewrite them. Without this a REWRITE
    raises ``Prevented``, which names the arguments to use. ``guarded`` functions get the rewritten ones."""
    timeout: float
    """The deadline of the check, in seconds."""


class GuardFields(CallFields, HowFields, total=False):
    """What may be said of a guarded call."""


class GuardedFields(WhoFields, HowFields, total=False):
    """What may be said of a guarded function."""


def new_call_id() -> str:
    """An id that no other attempt has."""
    return uuid.uuid4().hex


@dataclass(frozen=True, slots=True)
class Bound:
    """What a client or session fills in, and how it encodes."""

    session_id: str = ""
    caller: str = ""
    server: str = ""
    context: Mapping[str, str] = field(default_factory=dict)
    encode: Encode | None = None
    caller_roles: tuple[str, ...] = ()

    def with_session(
        self,
        session_id: str | None,
        context: Mapping[str, str] | None,
        caller: str | None,
        server: str | None,
        caller_roles: Sequence[str] | None,
    ) -> Bound:
        """The same with a session of its own; a new id where none is given."""
        return replace(
            self,
            session_id=new_call_id() if session_id is None else session_id,
            context={**self.context, **check_context(context or {})},
            caller=self.caller if caller is None else caller,
            server=self.server if server is None else server,
            caller_roles=self.caller_roles if caller_roles is None else tuple(caller_roles),
        )

    def call(self, tool: str, arguments_json: str, said: CallFields) -> model_pb2.Call:
        """The call as the daemon wants it."""
        return model_pb2.Call(
            tool=tool,
            arguments_json=arguments_json,
            context={**self.context, **check_context(said.get("context") or {})},
            session_id=said.get("session_id", self.session_id),
            caller=said.get("caller", self.caller),
            call_id=said.get("call_id", ""),
            server=said.get("server", self.server),
            tool_version=said.get("tool_version", ""),
            time=None if (time_ := said.get("time")) is None else translate.timestamp(time_),
            attempt=said.get("attempt", 0),
            caller_roles=said.get("caller_roles", self.caller_roles),
        )

    def encoded(self, arguments: Mapping[str, object] | None) -> str:
        """The arguments as JSON."""
        return encode_arguments(arguments, self.encode)


@dataclass(frozen=True, slots=True)
class Ending:
    """How an attempt ended."""

    outcome: Outcome
    error: str = ""
    error_code: str = ""
    duration: float | None = None
    cost: float = 0.0
    result_excerpt: str = ""
    retry_after: float | None = None


def record_request(call: model_pb2.Call, ending: Ending, decision_id: str) -> guard_pb2.RecordCallRequest:
    """The record of an attempt. Makes the call id and the time where they are missing: a record can be sent twice."""
    if not call.call_id:
        call.call_id = new_call_id()
    if not call.HasField("time"):
        call.time.CopyFrom(translate.timestamp(time.time()))
    result = translate.call_result(
        ending.outcome,
        error=ending.error,
        error_code=cut(ending.error_code, 128),
        duration_seconds=ending.duration,
        cost=ending.cost,
        result_excerpt=ending.result_excerpt,
        retry_after=ending.retry_after,
    )
    return guard_pb2.RecordCallRequest(call=call, result=result, decision_id=decision_id)


def from_record(bound: Bound, record: CallRecord) -> guard_pb2.RecordCallRequest:
    """A finished call as the daemon wants it."""
    said = CallFields(context=record.context, call_id=record.call_id, attempt=record.attempt)
    said["tool_version"] = record.tool_version
    said["session_id"] = record.session_id or bound.session_id
    said["caller"] = record.caller or bound.caller
    said["server"] = record.server or bound.server
    if record.time is not None:
        said["time"] = record.time
    ending = Ending(
        outcome=record.outcome,
        error=error_text(record.error),
        error_code=record.error_code,
        duration=record.duration,
        cost=record.cost,
        result_excerpt=excerpt(record.result),
        retry_after=record.retry_after,
    )
    return record_request(bound.call(record.tool, bound.encoded(record.arguments), said), ending, record.decision_id)
