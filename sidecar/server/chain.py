"""What every RPC goes through, outermost first: errors to status, message rules, then the method itself.

The chain is specialised when the server is built: a method becomes one closure, so that a call pays for nothing that
does not apply to it. Authentication is not here: it is a gRPC interceptor, and listeners without a token have none.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Generic, NamedTuple, TypeAlias, TypeVar

import grpc
import protovalidate
import structlog
from google.protobuf.message import DecodeError, Message
from google.rpc import status_pb2

from ..model.errors import ForewarnError, InvalidArgumentError
from ..store.receipts import Receipt
from .errors import abort, internal_status, status_of, status_of_broken_rules
from .message_rules import explain

Request = TypeVar("Request", bound=Message)
Response = TypeVar("Response")
A = TypeVar("A")
R = TypeVar("R")
B = TypeVar("B", bound=Callable[..., Any])

#: What a method that is answered inline says: the serialized response, or why there is none.
Answer: TypeAlias = bytes | status_pb2.Status


#: Called with what became of a job.
Told: TypeAlias = Callable[[Receipt[Any]], None]


class InlineMethod(NamedTuple):
    """A method as ``inline.py`` calls it. Neither part raises.

    ``act`` answers a serialized request, or gives None: then its second argument is called when the answer is known,
    from any thread, perhaps before ``act`` returns. ``word`` makes the answer of what that is called with.
    """

    act: Callable[[bytes, Told], Answer | None]
    word: Callable[[Receipt[Any]], Answer]


_validator = protovalidate.Validator()
_log = structlog.get_logger("forewarn.rpc")


#: As grpcio itself words it.
_UNREADABLE = status_pb2.Status(code=grpc.StatusCode.INTERNAL.value[0], message="Exception deserializing request!")


def broken_rules(message: Message) -> status_pb2.Status | None:
    """The status for the message rules that ``message`` breaks, or None."""
    violations = _validator.collect_violations(message)
    return status_of_broken_rules(explain(message, violations)) if violations else None


def require_rules(message: Message) -> None:
    """Raise InvalidArgumentError for the first message rule that ``message`` breaks."""
    violations = _validator.collect_violations(message)
    if violations:
        first = explain(message, violations[:1])[0]
        raise InvalidArgumentError(first.field, first.text, **({"limit": first.limit} if first.limit else {}))


def unary(
    method: Callable[[Request, grpc.ServicerContext], Response],
    pool: ThreadPoolExecutor | None = None,
) -> Callable[[Request, grpc.ServicerContext], Response]:
    """Wrap a method that takes one request and gives one response. ``pool``: its own threads."""
    name = method.__name__
    collect = _validator.collect_violations

    def handle(request: Request, context: grpc.ServicerContext) -> Response:
        try:
            violations = collect(request)
            if not violations:
                return method(request, context)
            status = status_of_broken_rules(explain(request, violations))
        except ForewarnError as error:
            status = status_of(error)
        except Exception:  # noqa: BLE001 - logged under an id, which the caller is told
            status = defect(name)
        return abort(context, status)

    return _on(pool, handle)


class Asked(NamedTuple, Generic[A, Request]):
    """How a method that is answered inline gets what it is asked.

    ``plain`` reads it from the bytes of a message in its plain form, and says None of all others: of those ``said``
    reads it from the message, a ``kind``, when that keeps the message rules.
    """

    plain: Callable[[bytes], A | None]
    kind: type[Request]
    said: Callable[[Request], A]


def inline(name: str, asked: Asked[A, Request], answer: Callable[[A], bytes]) -> InlineMethod:
    """Wrap a method that never waits, for ``inline.py``: the same rules and errors as ``unary``.

    ``answer`` gives the serialized response.
    """
    return _inline(name, asked, lambda what, _told: answer(what), lambda _: b"")


def inline_later(
    name: str,
    asked: Asked[A, Request],
    method: Callable[[A, Callable[[Receipt[R]], None]], None],
    word: Callable[[R], bytes],
) -> InlineMethod:
    """Wrap a method that queues a job, for ``inline.py``; ``word`` serializes the response to the job's result."""
    return _inline(name, asked, method, lambda receipt: word(receipt.result()))


def _inline(
    name: str,
    asked: Asked[A, Request],
    method: Callable[[A, Told], bytes | None],
    word: Callable[[Receipt[Any]], bytes],
) -> InlineMethod:
    collect = _validator.collect_violations
    plain, kind, said = asked
    parse = kind.FromString

    def act(raw: bytes, told: Told) -> Answer | None:
        try:
            what = plain(raw)
            if what is None:
                try:
                    request = parse(raw)
                except DecodeError:
                    return _UNREADABLE
                violations = collect(request)
                if violations:
                    return status_of_broken_rules(explain(request, violations))
                what = said(request)
            return method(what, told)
        except ForewarnError as error:
            return status_of(error)
        except Exception:  # noqa: BLE001 - logged under an id, which the caller is told
            return defect(name)

    def later(receipt: Receipt[Any]) -> Answer:
        try:
            return word(receipt)
        except ForewarnError as error:
            return status_of(error)
        except Exception:  # noqa: BLE001 - logged under an id, which the caller is told
            return defect(name)

    return InlineMethod(act, later)


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
