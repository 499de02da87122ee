"""What LMDB's errors mean to whoever asked: no space, no store, a bad request or a damaged file."""

from __future__ import annotations

import errno
from typing import Final

import lmdb

from sidecar.model.errors import CorruptStoreError, ForewarnError, StoreFullError, StoreUnavailableError

#: No space left: on the device, in a quota, or beyond the size that this process may write.
_NO_SPACE: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
#: A page that is not what the pages above it promise.
DAMAGED: Final = (lmdb.CorruptedError, lmdb.PageNotFoundError)
#: A job's own mistake (a key too long, say); it leaves the transaction as it was.
_OWN: Final = (lmdb.BadValsizeError, lmdb.KeyExistsError, lmdb.InvalidParameterError)


def is_of_store(error: BaseException) -> bool:
    """Whether the store as a whole is concerned (space, disk), not only the job that met the error."""
    if isinstance(error, OSError):
        return error.errno in _NO_SPACE or error.errno == errno.EIO
    if type(error) is lmdb.Error and not error.code:
        return False  # misuse of the binding: a transaction kept beyond its job, say
    return isinstance(error, lmdb.Error) and not isinstance(error, (*_OWN, *DAMAGED))


def typed(error: BaseException) -> ForewarnError:
    """The error to give to a caller for one of LMDB's or the operating system's.

    A disk that fills up in the middle of a commit may be a StoreUnavailableError: LMDB calls a short write EIO.
    """
    if isinstance(error, ForewarnError):
        return error
    if isinstance(error, lmdb.MapFullError):
        return StoreFullError("the store has reached its size limit")
    code = error.errno if isinstance(error, OSError) else getattr(error, "code", 0)
    if code in _NO_SPACE:
        return StoreFullError(f"no space left to write the store: {error}")
    if isinstance(error, DAMAGED):
        return CorruptStoreError(f"the store's file is damaged: {error}")
    return StoreUnavailableError(f"the store cannot be used: {error}")


def damaged(error: BaseException, table: str) -> CorruptStoreError:
    """The error to give to whoever reads a table and meets one of ``DAMAGED``."""
    return CorruptStoreError(f"{table} cannot be read, the store's file is damaged: {error}", table=table)


class ForkedStoreError(StoreUnavailableError):
    """The store was opened before this process was forked off. Open it again in the child."""

    reason = "STORE_FORKED"
