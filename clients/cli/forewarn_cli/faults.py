"""What can go wrong, each with the sentence that a person reads and the exit code that a script reads."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import grpc

EXIT_OK = 0
EXIT_NEGATIVE = 1
EXIT_USAGE = 2
EXIT_UNREACHABLE = 3
EXIT_REFUSED = 4
EXIT_INVALID = 5
EXIT_INTERRUPTED = 130


class Fault(Exception):  # noqa: N818 (the names say what happened, not that something did)
    """Ends the command with one clear message on stderr and `exit_code`."""

    exit_code = EXIT_NEGATIVE


class UsageFault(Fault):
    """The command line or a file it names cannot be understood."""

    exit_code = EXIT_USAGE


class Unreachable(Fault):
    """No daemon answered."""

    exit_code = EXIT_UNREACHABLE


class Refused(Fault):
    """The daemon answered with an error; ``reason`` is its code for programs, "" where it gave none."""

    exit_code = EXIT_REFUSED

    def __init__(self, text: str, reason: str = "") -> None:
        super().__init__(text)
        self.reason = reason


class Invalid(Fault):
    """Policies, or tests of them, cannot be used as they are written."""

    exit_code = EXIT_INVALID


def from_rpc_error(error: grpc.RpcError, address: str) -> Fault:
    """The fault that a failed call to `address` comes to."""
    import grpc

    failure: Any = error  # what a stub raises is an RpcError that is also a Call
    code: grpc.StatusCode = failure.code()
    text: str = failure.details() or ""
    details, reason = _details(failure)
    if code is grpc.StatusCode.UNAVAILABLE and not details:
        return Unreachable(
            f"no daemon answers at {address}. Start one with `make run` or `forewarn-sidecar`, "
            f"or say where it is with --address / --admin-address."
        )
    if code is grpc.StatusCode.DEADLINE_EXCEEDED:
        return Unreachable(f"the daemon at {address} did not answer in time; --timeout gives it longer.")
    if code is grpc.StatusCode.UNIMPLEMENTED and not details:
        return Refused(
            f"{address} does not offer this: it is an older daemon, or the other door "
            f"(runtimes are served at --address, administrators at --admin-address)."
        )
    if code is grpc.StatusCode.UNAUTHENTICATED:
        return Refused(
            f"unauthenticated: the token for {address} is missing or wrong. Give it in FOREWARN_TOKEN (administrators: "
            "FOREWARN_ADMIN_TOKEN) or with --token.",
            reason,
        )
    return Refused(
        "\n".join(
            [f"{code.name.lower().replace('_', ' ')}: {text}", *(f"  {line}" for line in details if line != text)]
        ),
        reason,
    )


def _details(failure: Any) -> tuple[list[str], str]:
    """The fields, limits and reasons in the google.rpc details of an error, one a line; and the reason by itself."""
    from google.protobuf.message import DecodeError
    from google.rpc import error_details_pb2, status_pb2

    status = status_pb2.Status()
    try:
        for key, value in failure.trailing_metadata() or ():
            if key == "grpc-status-details-bin":
                status.ParseFromString(value)
    except DecodeError:
        return [], ""
    lines: list[str] = []
    reason = ""
    for packed in status.details:
        bad_request = error_details_pb2.BadRequest()
        info = error_details_pb2.ErrorInfo()
        retry = error_details_pb2.RetryInfo()
        if packed.Unpack(bad_request):
            lines += [f"{v.field}: {v.description}" for v in bad_request.field_violations]
        elif packed.Unpack(info):
            told = "".join(f", {key}={value}" for key, value in sorted(info.metadata.items()))
            reason = info.reason
            lines.append(f"reason: {reason}{told}")
        elif packed.Unpack(retry):
            lines.append(f"try again in: {retry.retry_delay.ToTimedelta().total_seconds():g} s")
    return lines, reason
