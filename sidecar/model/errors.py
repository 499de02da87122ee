"""Errors that a caller can act on: a stable code, a sentence, and the field and limit where there are any.

Rooms raise these; ``sidecar/server/errors.py`` is the one place that maps them to gRPC status.
"""

from __future__ import annotations

from typing import ClassVar


class ForewarnError(Exception):
    """Something that the caller asked for cannot be done. Nothing was changed.

    ``reason`` is stable and in upper snake case; ``metadata`` holds what a program may want to read (strings only).
    """

    reason: ClassVar[str] = "INTERNAL"

    def __init__(self, message: str, /, **metadata: str) -> None:
        super().__init__(message)
        self.message = message
        self.metadata = metadata


class InvalidArgumentError(ForewarnError):
    """A field's value cannot be used. ``field`` is its path in the request, in dotted form."""

    reason = "INVALID_ARGUMENT"

    def __init__(self, field: str, message: str, /, **metadata: str) -> None:
        super().__init__(f"{field}: {message}", field=field, **metadata)
        self.field = field
        self.description = message


class NotFoundError(ForewarnError):
    """What the request names does not exist."""

    reason = "NOT_FOUND"


class PreconditionError(ForewarnError):
    """The system is not in a state that allows the request."""

    reason = "FAILED_PRECONDITION"


class QueueFullError(ForewarnError):
    """More waits for a commit than may wait. Try again after a pause."""

    reason = "QUEUE_FULL"


class StoreFullError(ForewarnError):
    """The store has reached its size limit or its disk is full."""

    reason = "STORE_FULL"


class StoreUnavailableError(ForewarnError):
    """The store cannot be written. Decisions go on from what was learned."""

    reason = "STORE_UNAVAILABLE"


class SchemaVersionError(ForewarnError):
    """The store was written by a newer Forewarn, or by one too old to migrate."""

    reason = "SCHEMA_VERSION"


class CorruptStoreError(ForewarnError):
    """A record of the store cannot be read. Names the table and the key."""

    reason = "CORRUPT_STORE"


class TooManyToolsError(ForewarnError):
    """As many tools are known as may be; calls of others are decided, but not learned from."""

    reason = "TOO_MANY_TOOLS"
