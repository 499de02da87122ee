"""Files that are not whole. Each look is a process of its own: what is not refused in time may end it by a signal."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import lmdb
import pytest

from sidecar.model.errors import CorruptStoreError, StoreUnavailableError
from sidecar.store import Store, WriteTransaction, pages
from sidecar.store.pages import problems_at_rest, refuse_truncated
from sidecar.store.tables import META

Open = Callable[..., Store]
ROOT = Path(__file__).parents[2]
PAGE = 4096

READ = """
import sys
from pathlib import Path
from sidecar.model.errors import CorruptStoreError
from sidecar.store import Store
from sidecar.store.tables import META
try:
    with Store(Path(sys.argv[1])) as store, store.read() as reader:
        print(len([key for key, _ in reader.scan(META, b"n", b"o")]))
except CorruptStoreError as error:
    print("refused", error.message)
"""


def in_a_process(code: str, *arguments: object) -> str:
    """What a process prints, which must end by itself."""
    command = [sys.executable, "-c", code, *map(str, arguments)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, (done.returncode, done.stderr[-2000:])
    return done.stdout.strip()


def fill(folder: Path) -> Path:
    """A store with 300 rows of 2,000 bytes; its file."""
    with Store(folder, initial_bytes=8 << 20) as store:

        def job(transaction: WriteTransaction) -> None:
            for number in range(300):
                transaction.put(META, b"n%03d" % number, b"%03d" % number * 666)

        store.submit(job).result(5)
    return folder / "store-000001.mdb"


def overwrite(path: Path, seed: int) -> None:
    """Damage where 20 pages begin, beyond the first of META's."""
    lots = random.Random(seed)
    with path.open("r+b") as file:
        for _ in range(20):
            file.seek(lots.randrange(16, path.stat().st_size // PAGE) * PAGE + lots.randrange(16))
            file.write(lots.randbytes(64))


@pytest.mark.parametrize("share", [0.0, 0.01, 0.2, 0.5, 0.9, 0.999])
def test_a_file_that_was_cut_off_is_refused_by_name(folder: Path, share: float) -> None:
    path = fill(folder)
    whole = path.stat().st_size
    os.truncate(path, max(2 * PAGE, int(whole * share)))
    said = in_a_process(READ, folder)
    assert said.startswith("refused")
    assert str(path) in said
    assert "cut off" in said


def test_a_whole_file_is_not_refused(folder: Path) -> None:
    fill(folder)
    assert in_a_process(READ, folder) == "300"


def test_pages_that_are_free_may_be_missing(folder: Path) -> None:
    """A commit that took pages at the end and gave them back need not write them; the file is then made longer."""
    path = fill(folder)
    with Store(folder) as store:
        store.submit(lambda transaction: [transaction.delete(META, b"n%03d" % n) for n in range(300)]).result(5)
        for _ in range(10):  # what is in use moves to pages that were freed
            store.submit(lambda transaction: transaction.put(META, b"a", b"v")).result(5)
    whole = path.stat().st_size
    os.truncate(path, whole - PAGE)
    assert problems_at_rest(path) == [], "the last page is in use: this test must free it first"
    with lmdb.open(str(path), subdir=False, map_size=8 << 20, max_dbs=1) as env:
        refuse_truncated(env, path)
    assert path.stat().st_size == whole
    assert in_a_process(READ, folder) == "0"


def test_an_empty_file_is_no_store(open_store: Open, folder: Path) -> None:
    path = fill(folder)
    path.write_bytes(b"")
    with pytest.raises(CorruptStoreError, match=r"store-000001\.mdb is empty"):
        open_store()
    assert path.stat().st_size == 0, "nothing is put in the place of what was lost"


def test_a_first_start_that_was_cut_off_is_no_obstacle(open_store: Open, folder: Path) -> None:
    folder.mkdir()
    (folder / "store-000001.mdb").write_bytes(b"")
    open_store().submit(lambda transaction: transaction.put(META, b"a", b"v")).result(5)
    assert (folder / "CURRENT").read_text() == "store-000001.mdb\n"


def test_a_later_generation_that_is_empty_is_refused_unnamed_too(open_store: Open, folder: Path) -> None:
    folder.mkdir()
    (folder / "store-000002.mdb").write_bytes(b"")
    with pytest.raises(CorruptStoreError):
        open_store()


OPEN = """
import sys
from pathlib import Path
from sidecar.model.errors import CorruptStoreError
from sidecar.store import Store
from sidecar.store.tables import META
def refused(call):
    try:
        call()
        return "went on"
    except CorruptStoreError as error:
        return error.reason
folder = Path(sys.argv[1])
store = Store(folder, initial_bytes=8 << 20)
def scan():
    with store.read() as reader:
        return list(reader.scan(META, b"n150", b"o"))
def scan_raw():
    with store.read() as reader:
        return list(reader.scan_raw(META, b"n150"))
def get():
    with store.read() as reader:
        return reader.get(META, b"n150")
def get_raw():
    with store.read() as reader:
        return reader.get_raw(META, b"n150")
"""
READS = """
print("scan", refused(scan), "raw", refused(scan_raw), "get", refused(get), refused(get_raw))
print("job", refused(lambda: store.submit(lambda transaction: transaction.get(META, b"n150")).result(5)))
print("put", refused(lambda: store.submit(lambda transaction: transaction.put(META, b"n150", b"")).result(5)))
"""
CHECKS = """
problems = store.verify().problems
print("verify", bool(problems) and all(problem.startswith("page: ") for problem in problems))
print("compact", refused(lambda: store.compact().result(30)), "backup", refused(lambda: store.backup(folder / "copy")))
"""
LEFT = """
store.submit(lambda transaction: transaction.put(META, b"a", b"v")).result(5)
print("left", sorted(path.name for path in folder.iterdir() if path.is_file()), list((folder / "copy").iterdir()))
"""


def test_a_page_that_was_overwritten_is_told_by_all_who_meet_it(folder: Path) -> None:
    path = fill(folder)
    content = bytearray(path.read_bytes())
    for start in range(2 * PAGE, len(content), PAGE):
        if b"n150" in content[start : start + PAGE] and content[start + 10] & 2:  # a leaf: P_LEAF
            content[start : start + PAGE] = bytes(PAGE)
    path.write_bytes(content)
    assert in_a_process(OPEN + READS + CHECKS + LEFT, folder).splitlines() == [
        "scan CORRUPT_STORE raw CORRUPT_STORE get CORRUPT_STORE CORRUPT_STORE",
        "job CORRUPT_STORE",
        "put CORRUPT_STORE",
        "verify True",
        "compact CORRUPT_STORE backup CORRUPT_STORE",
        "left ['CURRENT', 'LOCK', 'store-000001.mdb', 'store-000001.mdb-lock'] []",
    ]


@pytest.mark.parametrize("seed", range(4))
def test_copies_and_checks_of_a_damaged_store_end_nobody(folder: Path, seed: int) -> None:
    path = fill(folder)
    overwrite(path, seed)
    assert in_a_process(OPEN + CHECKS, folder).splitlines() == [
        "verify True",
        "compact CORRUPT_STORE backup CORRUPT_STORE",
    ]


def test_pages_are_checked_while_others_write(open_store: Open) -> None:
    store = open_store(initial_bytes=1 << 20)
    done = threading.Event()

    def write() -> None:
        number = 0
        while not done.is_set():
            number += 1
            store.submit(lambda transaction, n=number: transaction.put(META, b"n%d" % (n % 50), b"x" * n)).result(5)  # type: ignore[misc]

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for _ in range(5):
            assert store.verify().problems == []
        assert isinstance(store.compact().result(10), int)
    finally:
        done.set()
        writer.join()


def test_a_check_ends_with_the_store(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = fill(folder)
    monkeypatch.setattr(pages, "_CHILD", "import time; time.sleep(60)")
    began = time.monotonic()
    with pytest.raises(StoreUnavailableError, match="closed"):
        pages.live_problems(path, lambda: True)
    assert time.monotonic() - began < 30


def test_a_file_that_ends_who_looks_is_damaged_and_a_key_on_the_terminal_is_not(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = fill(folder)
    monkeypatch.setattr(pages, "_CHILD", "import os; os.kill(os.getpid(), 11)")
    assert pages.live_problems(path, lambda: False) == ["page: the check was ended by signal 11"]
    monkeypatch.setattr(pages, "_CHILD", "import os; os.kill(os.getpid(), 2)")
    with pytest.raises(StoreUnavailableError, match="cannot be checked"):
        pages.live_problems(path, lambda: False)


def test_a_check_that_cannot_be_made_says_so(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = fill(folder)
    monkeypatch.setattr(pages, "_CHILD", "raise SystemExit('no lmdb here')")
    with pytest.raises(StoreUnavailableError, match="no lmdb here"):
        pages.live_problems(path, lambda: False)
