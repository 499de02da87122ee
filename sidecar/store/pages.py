"""Does a generation's file hold all its pages, and is each sound? Asked before LMDB meets one that is not.

LMDB trusts its file: it maps it and follows what pages say. A page beyond the end of the file is a SIGBUS, one that was
overwritten may be a SIGSEGV or a wrong answer. No handler catches either. The checker that comes with the ``lmdb``
package reads the file's bytes and never hands them to LMDB; it looks at about 20 MB a second.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final

import lmdb
from lmdb import verify as checker

from sidecar.model.errors import CorruptStoreError, StoreUnavailableError

#: Signals by which a file ends who opens it. Others (a key on the terminal, too little memory) say nothing about it.
_CRASHES: Final = frozenset({signal.SIGSEGV, signal.SIGBUS, signal.SIGABRT, signal.SIGFPE, signal.SIGILL})
#: Seconds between looks whether a check is still wanted.
LOOK_SECONDS: Final = 0.2
#: What the child of ``live_problems`` runs. Its read transaction keeps others from reusing the pages that are looked
#: at: pages of the newest commit as of then, or of a later one.
_CHILD: Final = """
import sys, lmdb
from lmdb import verify
env = lmdb.open(sys.argv[1], subdir=False, readonly=True)
txn = env.begin()
try:
    problems = verify.verify(sys.argv[1], subdir=False)
except verify.VerifyError as error:
    problems = [str(error)]
print("checked", *(" ".join(problem.split()) for problem in problems), sep="\\n")
"""


def problems_at_rest(path: Path) -> list[str]:
    """What is wrong with the pages of a file that nobody writes; empty where all is well."""
    try:
        found: list[str] = checker.verify(str(path), subdir=False)  # type: ignore[no-untyped-call]
    except (checker.VerifyError, OSError) as error:
        found = [str(error)]
    return [f"page: {problem}" for problem in found]


def live_problems(path: Path, closed: Callable[[], bool]) -> list[str]:
    """As ``problems_at_rest``, of a file that may be written meanwhile. StoreUnavailableError where nobody can tell.

    A process of its own looks: decisions need this one's interpreter, its readers would keep the map from growing, and
    what a damaged file does to it harms nobody. It is ended once ``closed`` says so.
    """
    problems = _ask_child(path, closed)
    # Once more before it is said: it may have read the meta page in the middle of a commit.
    return _ask_child(path, closed) if problems else problems


def _ask_child(path: Path, closed: Callable[[], bool]) -> list[str]:
    command = [sys.executable, "-P", "-c", _CHILD, str(path)]
    try:
        child = subprocess.Popen(  # noqa: S603  # the command is ours, the path one argument of it
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            errors="replace",
        )  # fmt: skip
    except OSError as error:
        raise StoreUnavailableError(f"the store's pages cannot be checked: {error}") from error
    with child:
        while True:
            try:
                said, complaint = child.communicate(timeout=LOOK_SECONDS)
                break
            except subprocess.TimeoutExpired:
                if closed():
                    child.kill()
                    raise StoreUnavailableError("the store was closed while its pages were checked") from None
            except BaseException:
                child.kill()
                raise
    first, *problems = said.splitlines() or [""]
    if -child.returncode in _CRASHES:
        return [f"page: the check was ended by signal {-child.returncode}"]
    if child.returncode or first != "checked":
        last = (complaint.strip().splitlines() or [f"ended with {child.returncode}"])[-1]
        raise StoreUnavailableError(f"the store's pages cannot be checked: {last}"[:300])
    return [f"page: {problem}" for problem in problems]


def refuse_empty(path: Path) -> None:
    """CorruptStoreError for an empty file, of which LMDB would make a new store without a word. OSError."""
    if path.stat().st_size == 0:
        raise CorruptStoreError(f"{path} is empty, no store: restore a backup")


def refuse_truncated(env: lmdb.Environment, path: Path) -> None:
    """CorruptStoreError where pages that are in use lie beyond the end of the file. OSError.

    To be called before anything is read but the meta pages, which is all that opening does. A commit that took pages at
    the end and gave them back need not have written them: then the file is made as long as it says, so that it does
    not have to be looked at again.
    """
    needed = (env.info()["last_pgno"] + 1) * env.stat()["psize"]
    size = path.stat().st_size
    if size >= needed:
        return
    if problems_at_rest(path):
        raise CorruptStoreError(f"{path} is cut off: {size} of {needed} bytes are there; restore a backup")
    os.truncate(path, needed)
