"""The one place where errors become gRPC status, with details that a program can read.

Every status carries ``google.rpc.ErrorInfo`` (domain ``forewarn``, a stable reason); INVALID_ARGUMENT also carries
``google.rpc.BadRequest`` with the field's path. docs/api.md lists the reasons.
"""

from __future__ import annotations

from typing import Final, NoReturn

import grpc
from google.protobuf import any_pb2
from google.rpc import error_details_pb2, status_pb2

from ..model.errors import ForewarnError, InvalidArgumentError
from ..policies.faults import PolicyError
from .message_rules import BrokenRule

DOMAIN: Final = "forewarn"

#: A status travels in trailing metadata, of which clients take 8 KiB, base64: so much of it is told.
_MESSAGE_CHARS: Final = 500
_VIOLATIONS: Final = 10
_PATH_CHARS: Final = 120
_METADATA_CHARS: Final = 260

_CODES: Final[dict[str, grpc.StatusCode]] = {
    "INVALID_ARGUMENT": grpc.StatusCode.INVALID_ARGUMENT,
    "POLICY_INVALID": grpc.StatusCode.INVALID_ARGUMENT,
    "NOT_FOUND": grpc.StatusCode.NOT_FOUND,
    "ALREADY_EXISTS": grpc.StatusCode.ALREADY_EXISTS,
    "ETAG_MISMATCH": grpc.StatusCode.ABORTED,
    "WORKFLOW_COMPLETED": grpc.StatusCode.FAILED_PRECONDITION,
    "KNOWLEDGE_FULL": grpc.StatusCode.RESOURCE_EXHAUSTED,
    "FAILED_PRECONDITION": grpc.StatusCode.FAILED_PRECONDITION,
    "QUEUE_FULL": grpc.StatusCode.RESOURCE_EXHAUSTED,
    "TOO_MANY_TOOLS": grpc.StatusCode.RESOURCE_EXHAUSTED,
    "TOO_MANY_STREAMS": grpc.StatusCode.RESOURCE_EXHAUSTED,
    "STORE_FULL": grpc.StatusCode.RESOURCE_EXHAUSTED,
    "STORE_UNAVAILABLE": grpc.StatusCode.UNAVAILABLE,
    "DEADLINE_EXCEEDED": grpc.StatusCode.DEADLINE_EXCEEDED,
    "UNAUTHENTICATED": grpc.StatusCode.UNAUTHENTICATED,
    "SCHEMA_VERSION": grpc.StatusCode.FAILED_PRECONDITION,
    "CORRUPT_STORE": grpc.StatusCode.DATA_LOSS,
    "INTERNAL": grpc.StatusCode.INTERNAL,
}


class TooManyStreamsError(ForewarnError):
    """As many streams of this kind are open as may be."""

    reason = "TOO_MANY_STREAMS"


class DeadlineError(ForewarnError):
    """The caller's deadline passed before the answer was there. What was sent may still take effect."""

    reason = "DEADLINE_EXCEEDED"


class UnauthenticatedError(ForewarnError):
    """The listener's token is missing or wrong."""

    reason = "UNAUTHENTICATED"


def status_of(error: ForewarnError) -> status_pb2.Status:
    """The wire form of an error."""
    if isinstance(error, PolicyError):
        return _status_of_policies(error)
    details = [_info(error.reason, error.metadata)]
    if isinstance(error, InvalidArgumentError):
        details.append(_bad_request([(error.field, error.description)]))
    return _status(_code(error), error.message, details)


def _status_of_policies(error: PolicyError) -> status_pb2.Status:
    """Each fault is a violation whose field names file, line and field."""
    found = [
        (
            ":".join(part for part in (fault.file, str(fault.line or ""), fault.field) if part) or "policy",
            f"{fault.message}; {fault.fix}" if fault.fix else fault.message,
        )
        for fault in error.faults
    ]
    more = f" (and {len(found) - 3} more)" if len(found) > 3 else ""
    message = "\n".join(str(fault) for fault in error.faults[:3]) + more
    details = [_info(error.reason, {"faults": str(len(found))}), _bad_request(found)]
    return _status(_code(error), message, details)


def status_of_broken_rules(broken: list[BrokenRule]) -> status_pb2.Status:
    """The wire form of broken message rules; each violation names its field. The metadata tell of the first."""
    message = "; ".join(f"{one.field}: {one.text}" for one in broken[:5])
    metadata = {"field": broken[0].field}
    if broken[0].limit:
        metadata["limit"] = broken[0].limit
    return _status(
        grpc.StatusCode.INVALID_ARGUMENT,
        message,
        [_info("INVALID_ARGUMENT", metadata), _bad_request([(one.field, one.text) for one in broken])],
    )


def internal_status(error_id: str) -> status_pb2.Status:
    """The wire form of a defect. It tells nothing of the inside; the log has the rest under ``error_id``."""
    text = f"internal error; the daemon's log has it under error_id {error_id}"
    return _status(grpc.StatusCode.INTERNAL, text, [_info("INTERNAL", {"error_id": error_id})])


def abort(context: grpc.ServicerContext, status: status_pb2.Status) -> NoReturn:
    """End the RPC with a status. Raises, as gRPC wants it."""
    context.abort_with_status(RichStatus(status))
    raise AssertionError("unreachable: abort_with_status raises")


class RichStatus(grpc.Status):
    """A ``google.rpc.Status`` as gRPC sends it: code, text, and the whole in the trailing metadata."""

    def __init__(self, status: status_pb2.Status) -> None:
        self.code = _BY_NUMBER[status.code]
        self.details = status.message
        self.trailing_metadata = (("grpc-status-details-bin", status.SerializeToString()),)


_BY_NUMBER: Final = {code.value[0]: code for code in grpc.StatusCode}


def _code(error: ForewarnError) -> grpc.StatusCode:
    """The code of an error's reason, or of the nearest class above it that has one."""
    for kind in type(error).__mro__:
        code = _CODES.get(getattr(kind, "reason", ""))
        if code is not None:
            return code
    return grpc.StatusCode.INTERNAL


def _status(code: grpc.StatusCode, message: str, details: list[any_pb2.Any]) -> status_pb2.Status:
    number: int = code.value[0]
    return status_pb2.Status(code=number, message=message[:_MESSAGE_CHARS], details=details)


def _info(reason: str, metadata: dict[str, str]) -> any_pb2.Any:
    packed = any_pb2.Any()
    cut = {key: value[:_METADATA_CHARS] for key, value in metadata.items()}
    packed.Pack(error_details_pb2.ErrorInfo(reason=reason, domain=DOMAIN, metadata=cut))
    return packed


def _bad_request(violations: list[tuple[str, str]]) -> any_pb2.Any:
    packed = any_pb2.Any()
    packed.Pack(
        error_details_pb2.BadRequest(
            field_violations=[
                error_details_pb2.BadRequest.FieldViolation(field=field[:_PATH_CHARS], description=text[:_PATH_CHARS])
                for field, text in violations[:_VIOLATIONS]
            ]
        )
    )
    return packed
