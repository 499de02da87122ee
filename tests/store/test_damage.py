"""Files that are not whole. Each look is a process of its own: what is not refused in time may end it by a signal."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import lmdb
import pytest

from sidecar.model.errors import CorruptStoreError
from sidecar.store import Store, WriteTransaction
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
    """Damage 20 places beyond the meta pages."""
    lots = random.Random(seed)
    with path.open("r+b") as file:
        size = path.stat().st_size
        for _ in range(20):
            file.seek(lots.randrange(2 * PAGE, size - 64))
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


def test_a_later_generation_that_is_empty_is_refused_even_where_nothing_names_it(open_store: Open, folder: Path) -> None:
    folder.mkdir()
    (folder / "store-000002.mdb").write_bytes(b"")
    with pytest.raises(CorruptStoreError):
        open_store()
