"""What every RPC goes through, outermost first: errors to status, message rules, then the method itself.

The chain is specialised when the server is built: a method becomes one closure, so that a call pays for nothing that
does not apply to it. Authentication is not here: it is a gRPC interceptor, and listeners without a token have none.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from typing import Any, NamedTuple, TypeAlias, TypeVar, cast

import grpc
import protovalidate
import structlog
from google.protobuf.message import DecodeError, Message
from google.rpc import status_pb2

from ..model.errors import ForewarnError, InvalidArgumentError
from .errors import abort, broken_rule, field_path, internal_status, status_of, status_of_violations

Request = TypeVar("Request", bound=Message)
Response = TypeVar("Response")
A = TypeVar("A")
G = TypeVar("G")
B = TypeVar("B", bound=Callable[..., Any])

#: What a method that is answered inline says: the serialized response, or why there is none.
Answer: TypeAlias = bytes | status_pb2.Status


class Later(NamedTuple):
    """An answer that is not there yet; ``word`` makes it of the future when that is done, and does not raise."""

    future: Future[Any]
    word: Callable[[Future[Any]], Answer]


#: A method as ``inline.py`` calls it: from the serialized request. It does not raise.
InlineMethod: TypeAlias = Callable[[bytes], Answer | Later]

_validator = protovalidate.Validator()
_log = structlog.get_logger("forewarn.rpc")


#: As grpcio itself words it.
_UNREADABLE = status_pb2.Status(code=grpc.StatusCode.INTERNAL.value[0], message="Exception deserializing request!")


def broken_rules(message: Message) -> status_pb2.Status | None:
    """The status for the message rules that ``message`` breaks, or None."""
    violations = _validator.collect_violations(message)
    return status_of_violations(violations) if violations else None


def require_rules(message: Message) -> None:
    """Raise InvalidArgumentError for the first message rule that ``message`` breaks."""
    violations = _validator.collect_violations(message)
    if violations:
        raise InvalidArgumentError(field_path(violations[0]), broken_rule(violations[0]))


def unary(
    method: Callable[[Request, grpc.ServicerContext], Response],
    pool: ThreadPoolExecutor | None = None,
    plain: Callable[[Request], bool] | None = None,
) -> Callable[[Request, grpc.ServicerContext], Response]:
    """Wrap a method that takes one request and gives one response. ``pool``: its own threads.

    ``plain`` says of a request that it certainly keeps the message rules, faster than they can be checked.
    """
    name = method.__name__
    collect = _validator.collect_violations

    def handle(request: Request, context: grpc.ServicerContext) -> Response:
        try:
            violations = () if plain is not None and plain(request) else collect(request)
            if not violations:
                return method(request, context)
            status = status_of_violations(violations)
        except ForewarnError as error:
            status = status_of(error)
        except Exception:  # noqa: BLE001 - logged under an id, which the caller is told
            status = defect(name)
        return abort(context, status)

    return _on(pool, handle)


def inline(
    method: Callable[[Request], Message | Future[Any]],
    request_type: type[Request],
    plain: Callable[[Request], bool],
    word: Callable[[Any], Message] | None = None,
) -> InlineMethod:
    """Wrap a method that never waits, for ``inline.py``: the same rules and errors as ``unary``.

    Where it gives a future, ``word`` makes the response of that one's result.
    """
    name = method.__name__
    collect = _validator.collect_violations
    parse = request_type.FromString

    def serialized(future: Future[Any]) -> bytes:
        return cast("Callable[[Any], Message]", word)(future.result()).SerializeToString()

    def act(raw: bytes) -> Answer | Later:
        try:
            request = parse(raw)
        except DecodeError:
            return _UNREADABLE
        violations = () if plain(request) else collect(request)
        if violations:
            return status_of_violations(violations)
        found = method(request)
        return Later(found, later) if isinstance(found, Future) else found.SerializeToString()

    def handle(raw: bytes) -> Answer | Later:
        return _answer(name, act, raw)

    def later(future: Future[Any]) -> Answer:
        return _answer(name, serialized, future)

    return handle


def _answer(name: str, act: Callable[[G], A], given: G) -> A | status_pb2.Status:
    """What ``act`` says, or the status of what it raised."""
    try:
        return act(given)
    except ForewarnError as error:
        return status_of(error)
    except (Exception, CancelledError):  # noqa: BLE001 - logged under an id, which the caller is told
        return defect(name)


def response_stream(
    method: Callable[[Request, grpc.ServicerContext], Iterator[Response]], pool: ThreadPoolExecutor | None = None
) -> Callable[[Request, grpc.ServicerContext], Iterator[Response]]:
    """Wrap a method that takes one request and gives many responses."""
    name = method.__name__

    def handle(request: Request, context: grpc.ServicerContext) -> Iterator[Response]:
        status = broken_rules(request)
        if status is None:
            try:
                yield from method(request, context)
                return
            except ForewarnError as error:
                status = status_of(error)
            except Exception:  # noqa: BLE001 - logged under an id, which the caller is told
                status = defect(name)
        abort(context, status)

    return _on(pool, handle)


def request_stream(
    method: Callable[[Iterator[Request], grpc.ServicerContext], Response], pool: ThreadPoolExecutor | None = None
) -> Callable[[Iterator[Request], grpc.ServicerContext], Response]:
    """Wrap a method that takes many requests; each is checked as it comes."""
    name = method.__name__

    def handle(requests: Iterator[Request], context: grpc.ServicerContext) -> Response:
        try:
            return method(requests, context)
        except ForewarnError as error:
            status = status_of(error)
        except Exception:  # noqa: BLE001 - logged under an id, which the caller is told
            status = defect(name)
        return abort(context, status)

    return _on(pool, handle)


def exchange(
    method: Callable[[Iterator[Request], grpc.ServicerContext], Iterator[Response]],
    pool: ThreadPoolExecutor | None = None,
) -> Callable[[Iterator[Request], grpc.ServicerContext], Iterator[Response]]:
    """Wrap a method that takes and gives many; it checks each request itself, to answer each by itself."""
    name = method.__name__

    def handle(requests: Iterator[Request], context: grpc.ServicerContext) -> Iterator[Response]:
        try:
            yield from method(requests, context)
            return
        except ForewarnError as error:
            status = status_of(error)
        except Exception:  # noqa: BLE001 - logged under an id, which the caller is told
            status = defect(name)
        abort(context, status)

    return _on(pool, handle)


def defect(name: str) -> status_pb2.Status:
    """Log the exception at hand under an id, and give the status that names the id."""
    error_id = secrets.token_hex(6)
    _log.exception("rpc_failed", rpc=name, error_id=error_id)
    return internal_status(error_id)


def _on(pool: ThreadPoolExecutor | None, handle: B) -> B:
    # gRPC's synchronous server runs a behaviour on its own pool when it carries one. It calls that experimental;
    # tests/server/test_isolation.py fails should it stop working, because decisions would then wait for commits.
    if pool is not None:
        handle.experimental_thread_pool = pool  # type: ignore[attr-defined]
    return handle
