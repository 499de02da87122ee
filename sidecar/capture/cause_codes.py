"""Error codes and what they say: HTTP, gRPC, errno, JSON-RPC, SQLSTATE, shells, common exception classes.

Codes are compared without case and marks: ``DEADLINE_EXCEEDED``, ``DeadlineExceeded`` and ``deadline-exceeded`` are
one.
"""

from __future__ import annotations

import re
from typing import Final

from ..model.vocabulary import Cause

HTTP: Final = {
    400: Cause.INVALID_ARGUMENT, 401: Cause.PERMISSION, 402: Cause.PERMISSION, 403: Cause.PERMISSION,
    404: Cause.NOT_FOUND, 405: Cause.UNIMPLEMENTED, 406: Cause.INVALID_ARGUMENT, 407: Cause.PERMISSION,
    408: Cause.TIMEOUT, 409: Cause.CONFLICT, 410: Cause.NOT_FOUND, 411: Cause.INVALID_ARGUMENT,
    412: Cause.PRECONDITION, 413: Cause.RESOURCE_EXHAUSTED, 414: Cause.INVALID_ARGUMENT, 415: Cause.INVALID_ARGUMENT,
    416: Cause.INVALID_ARGUMENT, 417: Cause.INVALID_ARGUMENT, 422: Cause.INVALID_ARGUMENT, 423: Cause.CONFLICT,
    424: Cause.PRECONDITION, 425: Cause.UNAVAILABLE, 426: Cause.PRECONDITION, 428: Cause.PRECONDITION,
    429: Cause.RATE_LIMITED, 431: Cause.INVALID_ARGUMENT, 440: Cause.PERMISSION, 451: Cause.PERMISSION,
    500: Cause.INTERNAL, 501: Cause.UNIMPLEMENTED, 502: Cause.UNAVAILABLE, 503: Cause.UNAVAILABLE,
    504: Cause.TIMEOUT, 505: Cause.UNIMPLEMENTED, 507: Cause.RESOURCE_EXHAUSTED, 508: Cause.INTERNAL,
    509: Cause.RATE_LIMITED, 511: Cause.PERMISSION, 520: Cause.UNAVAILABLE, 521: Cause.UNAVAILABLE,
    522: Cause.TIMEOUT, 523: Cause.UNAVAILABLE, 524: Cause.TIMEOUT, 529: Cause.UNAVAILABLE, 530: Cause.UNAVAILABLE,
}  # fmt: skip

#: Exit codes of shells that say why: ``timeout``'s, not executable, not found, killed (mostly for memory), crashed.
EXIT: Final = {
    124: Cause.TIMEOUT, 126: Cause.PERMISSION, 127: Cause.NOT_FOUND, 137: Cause.RESOURCE_EXHAUSTED,
    134: Cause.INTERNAL, 139: Cause.INTERNAL,
}  # fmt: skip

#: JSON-RPC 2.0, and what MCP's kits add.
RPC: Final = {
    -32700: Cause.INVALID_ARGUMENT, -32600: Cause.INVALID_ARGUMENT, -32601: Cause.UNIMPLEMENTED,
    -32602: Cause.INVALID_ARGUMENT, -32603: Cause.INTERNAL, -32000: Cause.UNAVAILABLE, -32001: Cause.TIMEOUT,
    -32002: Cause.NOT_FOUND,
}  # fmt: skip

_SQLSTATE: Final = {
    "08": Cause.UNAVAILABLE, "0A": Cause.UNIMPLEMENTED, "22": Cause.INVALID_ARGUMENT, "23": Cause.INVALID_ARGUMENT,
    "23505": Cause.CONFLICT, "23503": Cause.PRECONDITION, "25": Cause.PRECONDITION, "28": Cause.PERMISSION,
    "3D": Cause.NOT_FOUND, "3F": Cause.NOT_FOUND, "40": Cause.CONFLICT, "42": Cause.INVALID_ARGUMENT,
    "42501": Cause.PERMISSION, "42P01": Cause.NOT_FOUND, "42703": Cause.NOT_FOUND, "42883": Cause.NOT_FOUND,
    "42704": Cause.NOT_FOUND, "42P07": Cause.CONFLICT, "42701": Cause.CONFLICT, "42710": Cause.CONFLICT,
    "42S02": Cause.NOT_FOUND, "42S22": Cause.NOT_FOUND, "42S01": Cause.CONFLICT, "53": Cause.RESOURCE_EXHAUSTED,
    "54": Cause.RESOURCE_EXHAUSTED, "55": Cause.PRECONDITION, "55P03": Cause.CONFLICT, "57014": Cause.TIMEOUT,
    "57P": Cause.UNAVAILABLE, "58": Cause.INTERNAL, "HYT": Cause.TIMEOUT, "XX": Cause.INTERNAL,
}  # fmt: skip

_NAMES: Final[dict[str, Cause]] = {
    name: cause
    for cause, names in {
        Cause.INVALID_ARGUMENT: "invalidargument outofrange einval e2big enametoolong edom erange eilseq badrequest"
        " validationerror validationexception valueerror typeerror syntaxerror illegalargumentexception parseerror"
        " jsondecodeerror numberformatexception zoderror schemaerror invalidparams invalidrequest invalidrequesterror"
        " unprocessableentity missingparameter invalidparameter argumenterror keyerror indexerror",
        Cause.NOT_FOUND: "notfound enoent esrch enxio enodev nosuchkey nosuchbucket resourcenotfound filenotfounderror"
        " filenotfoundexception nosuchelementexception modulenotfounderror importerror classnotfoundexception"
        " nosuchentity notfounderror resourcenotfoundexception doesnotexist commandnotfound unknowntool",
        Cause.PERMISSION: "permissiondenied unauthenticated eacces eperm erofs accessdenied accessdeniedexception"
        " unauthorized forbidden permissionerror authenticationerror authorizationerror expiredtoken invalidcredentials"
        " authenticationfailed securityexception invalidapikey permissionerr",
        Cause.PRECONDITION: "failedprecondition enotempty eisdir enotdir enotconn preconditionfailed"
        " illegalstateexception invalidstateerror isadirectoryerror notadirectoryerror staleelementreferenceexception",
        Cause.CONFLICT: "alreadyexists aborted eexist eaddrinuse ebusy etxtbsy edeadlk conflict alreadyexistsexception"
        " fileexistserror integrityerror conditionalcheckfailedexception resourceconflict duplicate duplicatekey",
        Cause.RATE_LIMITED: "ratelimited ratelimit ratelimiterror ratelimitexceeded throttling throttled"
        " throttlingexception toomanyrequests toomanyrequestsexception requestlimitexceeded slowdown",
        Cause.UNAVAILABLE: "unavailable econnrefused econnreset econnaborted epipe ehostunreach enetunreach ehostdown"
        " enetdown enotfound eaiagain serviceunavailable connectionerror connectionrefusederror connectionreseterror"
        " brokenpipeerror connectexception unknownhostexception overloadederror badgateway",
        Cause.TIMEOUT: "deadlineexceeded etimedout etime esockettimedout timeout timeouterror timeoutexception"
        " timeoutexpired gatewaytimeout requesttimeout readtimeout connecttimeout sockettimeoutexception econntimeout",
        Cause.INTERNAL: "internal dataloss internalerror internalservererror internalfailure nullpointerexception"
        " segfault sigsegv sigabrt attributeerror nameerror eio runtimeerror",
        Cause.RESOURCE_EXHAUSTED: "resourceexhausted enospc enomem emfile enfile efbig edquot quotaexceeded memoryerror"
        " outofmemoryerror outofmemory limitexceeded limitexceededexception payloadtoolarge diskfull oomkilled sigkill",
        Cause.UNIMPLEMENTED: "unimplemented enosys enotsup eopnotsupp notimplemented notimplementederror"
        " unsupportedoperationexception methodnotallowed methodnotfound notsupported unsupportedoperation",
    }.items()
    for name in names.split()
}

_DIGITS: Final = re.compile(r"-?\d{1,6}$")
_STATE: Final = re.compile(r"[0-9A-Z]{5}")
_MARKS: Final = re.compile(r"[^a-z0-9]")


def cause_of_code(code: str) -> tuple[Cause, float] | None:
    """The cause that a code names and how sure that is, or None for a code that is not known."""
    code = code.strip()[:128]
    if not code:
        return None
    if named := _NAMES.get(_MARKS.sub("", code.rsplit(".", 1)[-1].lower())):
        return named, 0.96
    if _STATE.fullmatch(code) and (found := _state(code)):
        return found, 0.93
    if digits := _DIGITS.search(code):
        number = int(digits[0])
        if number < -30_000:
            return (RPC[number], 0.9) if number in RPC else None
        # "HTTP_404", "exit_code_124", "status: 503": the last number counts, as long as nothing else is meant.
        number = abs(number)
        if number in HTTP:
            return HTTP[number], 0.95
        return (EXIT[number], 0.85) if number in EXIT else None
    return None


def _state(code: str) -> Cause | None:
    return _SQLSTATE.get(code) or _SQLSTATE.get(code[:3]) or _SQLSTATE.get(code[:2])
