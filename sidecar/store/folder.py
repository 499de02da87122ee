"""The data folder: which file is the store, who may use it, and writing to it so that power loss leaves it whole.

``CURRENT`` names the generation in use; ``store-NNNNNN.mdb`` is a generation (with LMDB's lock file beside it);
``LOCK`` is held by the one daemon. Two promises make every crash harmless: a file named ``store-NNNNNN.mdb`` is always
complete (what is being made ends in ``.partial``), and ``CURRENT`` is replaced in one step. The folder is 0700, files
are 0600.

Planned: several daemons on one folder. LMDB's own lock already orders their writers; ``LOCK`` then becomes shared
(LOCK_SH), and only compaction takes it exclusively.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
from pathlib import Path
from typing import Final

from sidecar.model.errors import CorruptStoreError, PreconditionError

PARTIAL: Final = ".partial"
_NAME: Final = re.compile(r"store-(\d{6,})\.mdb")


class FolderLockedError(PreconditionError):
    """Another daemon uses the data folder; ``metadata["pid"]`` names it where it is known."""

    reason = "STORE_LOCKED"


def name_of(generation: int) -> str:
    """The file name of a generation (≥ 1)."""
    return f"store-{generation:06d}.mdb"


def sync_file(descriptor: int) -> None:
    """Force a file to the medium. On macOS fsync alone stops at the drive's cache."""
    if hasattr(fcntl, "F_FULLFSYNC"):
        with contextlib.suppress(OSError):  # not every file system has it
            fcntl.fcntl(descriptor, fcntl.F_FULLFSYNC)
            return
    os.fsync(descriptor)


def sync_folder(folder: Path) -> None:
    """Force a folder's entries (creations, renames) to the medium."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        sync_file(descriptor)
    finally:
        os.close(descriptor)


def make_folder(folder: Path) -> None:
    """Make the folder (and its parents) readable by nobody else; tighten one that exists."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder.chmod(0o700)


def generations(folder: Path) -> list[int]:
    """Numbers of the complete generations in the folder, ascending."""
    return sorted(int(found[1]) for path in folder.iterdir() if (found := _NAME.fullmatch(path.name)))


def read_current(folder: Path) -> int | None:
    """The generation in use; None in an empty folder. CorruptStoreError where it cannot be told or is missing.

    Without ``CURRENT`` the highest generation is the store: generations are complete, and a compaction that did not
    reach ``CURRENT`` was cleaned up before anything further was written.
    """
    try:
        text = (folder / "CURRENT").read_text("ascii", "replace").strip()
    except FileNotFoundError:
        return max(generations(folder), default=None)
    found = _NAME.fullmatch(text)
    if not found:
        raise CorruptStoreError(f"{folder / 'CURRENT'} names no generation: {text[:80]!r}")
    if not (folder / text).exists():
        raise CorruptStoreError(f"{folder / 'CURRENT'} names {text}, which is missing")
    return int(found[1])


def write_current(folder: Path, generation: int) -> None:
    """Make a generation the one in use: the old name or the new one survives a crash, never neither."""
    draft = folder / f"CURRENT{PARTIAL}"
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    try:
        os.write(descriptor, f"{name_of(generation)}\n".encode())
        sync_file(descriptor)
    finally:
        os.close(descriptor)
    draft.replace(folder / "CURRENT")
    sync_folder(folder)


def remove_generation(folder: Path, generation: int) -> None:
    """Delete a generation's files, if they are there."""
    (folder / name_of(generation)).unlink(missing_ok=True)
    (folder / f"{name_of(generation)}-lock").unlink(missing_ok=True)


def remove_partial(folder: Path) -> None:
    """Delete files that were being made when a process died."""
    for path in folder.glob(f"*{PARTIAL}*"):
        if path.is_file():
            path.unlink(missing_ok=True)


class FolderLock:
    """Holds ``LOCK`` until ``release``. FolderLockedError where another process (or this one) already does."""

    def __init__(self, folder: Path) -> None:
        self._descriptor = os.open(folder / "LOCK", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            pid = os.read(self._descriptor, 32).decode("ascii", "replace").strip()
            os.close(self._descriptor)
            raise FolderLockedError(
                f"{folder} is in use by process {pid or '(unknown)'}; one daemon per data folder", pid=pid
            ) from error
        self._owner = os.getpid()
        os.ftruncate(self._descriptor, 0)
        os.pwrite(self._descriptor, f"{os.getpid()}\n".encode(), 0)

    def release(self) -> None:
        """Let others in. In a forked child: give up the child's share, the parent keeps the lock."""
        descriptor, self._descriptor = self._descriptor, -1
        if descriptor >= 0:
            if self._owner == os.getpid():
                # By name, not by closing alone: a child that was forked a moment ago may still hold its share.
                fcntl.flock(descriptor, fcntl.LOCK_UN)
            os.close(descriptor)
