"""Copies of a running store: a backup elsewhere, and compaction in place.

A backup is a data folder: point a daemon at it to use it. It is complete once it has ``CURRENT``.

Compaction writes generation N+1 and makes it current; the steps are ordered so that a crash after any of them leaves a
good store: copy to ``.partial`` and sync; rename; replace ``CURRENT`` (from here on N+1 is the store); mark N
superseded for readers in other processes; delete N once the last reader in this one is gone. What a crash leaves
behind is deleted, and marked, at the next open. Readers go on in the generation that they are in.
"""

from __future__ import annotations

import logging
import os
from pathlib import Path

import lmdb

from sidecar.model.errors import CorruptStoreError, InvalidArgumentError, PreconditionError

from . import folder as files
from .environment import Environment, mark_superseded
from .faults import is_of_store, typed

log = logging.getLogger(__name__)


class FolderNotEmptyError(PreconditionError):
    """A backup goes into a new or an empty folder."""

    reason = "FOLDER_NOT_EMPTY"


def backup(environment: Environment, target: Path) -> int:
    """Write a consistent, compacted copy into a new or empty folder while the store is in use; its size in bytes.

    FolderNotEmptyError; InvalidArgumentError for a path that no folder can have; CorruptStoreError as by
    ``refuse_damaged``; StoreFullError where the disk is full, StoreUnavailableError where it cannot be written;
    the folder is then left without ``CURRENT`` and without a copy.
    Writers go on; the file cannot reuse pages meanwhile.
    """
    try:
        files.make_folder(target) if not target.exists() else None
        if any(target.iterdir()):
            raise FolderNotEmptyError(f"{target} is not empty", path=str(target))
        target.chmod(0o700)
    except (OSError, ValueError, RecursionError) as error:
        if is_of_store(error):
            raise typed(error) from error
        raise InvalidArgumentError("path", f"no folder can be made there: {error}"[:300]) from error
    refuse_damaged(environment)
    try:
        size = _copy(environment, target, 1)
        files.write_current(target, 1)
        files.sync_folder(target.parent)
    except OSError as error:
        raise typed(error) from error
    return size


def refuse_damaged(environment: Environment) -> None:
    """CorruptStoreError where a page is not sound: LMDB reads them all to copy them, and may not survive that.

    Takes a second for 20 MB, during which everything goes on; StoreUnavailableError where pages cannot be checked.
    """
    problems = environment.page_problems()
    if problems:
        raise CorruptStoreError(f"the store's file is damaged, nothing was copied: {problems[0]}; restore a backup")


def compact(environment: Environment) -> int:
    """Rewrite the store without its free pages; bytes saved. On the writer's thread, with no transaction open.

    Pages have to be sound (``refuse_damaged``). StoreFullError, StoreUnavailableError: nothing has changed then.
    """
    old = environment.current
    number = old.number + 1
    try:
        before = old.path.stat().st_size
        files.remove_generation(environment.folder, number)
        size = _copy(environment, environment.folder, number)
        successor = environment.open_generation(number)
        try:
            files.write_current(environment.folder, number)
        except BaseException:
            # CURRENT may name either by now, but both hold the same: forget the new one only if it is not named.
            if successor.env is not None and files.read_current(environment.folder) != number:
                successor.env.close()
                files.remove_generation(environment.folder, number)
                raise
            log.exception("compaction: the folder could not be synced")
    except OSError as error:
        raise typed(error) from error
    environment.swap(successor)
    try:
        mark_superseded(old, number)
    except lmdb.Error:
        log.warning("compaction: the old generation could not be marked; the next start does it", exc_info=True)
    environment.sweep()
    return before - size


def _copy(environment: Environment, folder: Path, number: int) -> int:
    """Copy what is committed to a complete, synced generation in a folder; its size in bytes."""
    target = folder / files.name_of(number)
    draft = target.with_name(f"{target.name}{files.PARTIAL}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    try:
        with environment.read() as reader:
            reader.copy_to(descriptor)
        files.sync_file(descriptor)
        size = os.fstat(descriptor).st_size
    except BaseException as error:
        draft.unlink(missing_ok=True)
        if isinstance(error, lmdb.Error):
            raise typed(error) from error
        raise
    finally:
        os.close(descriptor)
    draft.rename(target)
    files.sync_folder(folder)
    return size
