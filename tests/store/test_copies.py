"""Backups, compaction, schema versions, and crashes in the middle of them."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from sidecar.model.errors import CorruptStoreError, SchemaVersionError
from sidecar.store import FolderNotEmptyError, Migration, Schema, Store, WriteTransaction, folder, verify_pages
from sidecar.store.tables import META

Open = Callable[..., Store]


def put(key: bytes, value: bytes = b"v") -> Callable[[WriteTransaction], None]:
    return lambda transaction: transaction.put(META, key, value)


def get(store: Store, key: bytes) -> bytes | None:
    with store.read() as reader:
        return reader.get(META, key)


def test_a_backup_is_a_store(open_store: Open, tmp_path: Path) -> None:
    store = open_store()
    store.submit(put(b"a")).result(5)
    assert store.backup(tmp_path / "copy") > 0
    store.submit(put(b"later")).result(5)
    with pytest.raises(FolderNotEmptyError):
        store.backup(tmp_path / "copy")
    assert verify_pages(tmp_path / "copy") == []
    copy = open_store(folder=tmp_path / "copy")
    assert (get(copy, b"a"), get(copy, b"later")) == (b"v", None)


def test_compaction_saves_space_and_stops_no_reader(open_store: Open, folder: Path) -> None:
    store = open_store()
    for number in range(50):
        store.submit(put(b"n%d" % number, b"x" * 50_000)).result(5)
    for number in range(50):
        store.submit(put(b"n%d" % number, b"small")).result(5)
    done, errors = threading.Event(), []

    def read() -> None:
        while not done.is_set():
            if get(store, b"n7") != b"small":
                errors.append("n7")

    threads = [threading.Thread(target=read) for _ in range(4)]
    for thread in threads:
        thread.start()
    with store.read() as old:
        assert store.compact().result(10) > 1_000_000
        assert old.get(META, b"n7") == b"small"
        store.submit(put(b"n7b")).result(5)
        assert old.get(META, b"n7b") is None
        assert len(list(folder.glob("store-*.mdb"))) == 2
    for _ in range(3):
        assert store.compact().result(10) >= 0
    done.set()
    for thread in threads:
        thread.join()
    store.submit(put(b"last")).result(5)
    assert not errors
    store.writer.between_commits(store.environment.sweep).result(5)
    assert [path.name for path in folder.glob("store-*.mdb")] == ["store-000005.mdb"]


@pytest.mark.parametrize("step", ["copy_to", "sync_folder", "write_current", "mark_superseded", "remove_generation"])
def test_a_crash_in_a_compaction_leaves_a_good_store(open_store: Open, folder: Path, step: str) -> None:
    code = f"""
import os, sys
from pathlib import Path
from sidecar.store import Store, backup, folder
from sidecar.store.reader import Reader
from sidecar.store.tables import META
store = Store(Path(sys.argv[1]))
store.submit(lambda t: t.put(META, b"a", b"v")).result(5)
die = lambda *_: os._exit(9)
place = {{"copy_to": Reader, "mark_superseded": backup}}.get({step!r}, folder)
setattr(place, {step!r}, die)
if {step!r} == "remove_generation":
    calls = []
    folder.remove_generation = lambda *a: die() if calls else calls.append(1)
store.compact().result(5)
"""
    process = subprocess.run([sys.executable, "-c", code, str(folder)], cwd=Path(__file__).parents[2], check=False)
    assert process.returncode == 9
    assert get(open_store(), b"a") == b"v"
    assert len(list(folder.glob("store-*.mdb"))) == 1
    assert not list(folder.glob("*.partial*"))


def test_a_failed_compaction_changes_nothing(open_store: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    store = open_store()
    store.submit(put(b"a")).result(5)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(folder, "write_current", full)
    assert getattr(store.compact().exception(5), "reason", "") == "STORE_FULL"
    store.submit(put(b"b")).result(5)
    monkeypatch.undo()
    store.close()
    store = open_store()
    assert (get(store, b"a"), get(store, b"b")) == (b"v", b"v")


def test_a_store_without_current_is_found(open_store: Open, folder: Path) -> None:
    store = open_store()
    store.submit(put(b"a")).result(5)
    store.close()
    (folder / "CURRENT").unlink()
    store = open_store()
    assert get(store, b"a") == b"v"
    store.close()
    (folder / "CURRENT").write_text("store-000009.mdb\n")
    with pytest.raises(CorruptStoreError):
        open_store()


def migrate(transaction: WriteTransaction) -> None:
    for key, value in transaction.scan(META, b"n", b"o"):
        transaction.put(META, key, value + b"2")


def kill(transaction: WriteTransaction) -> None:
    migrate(transaction)
    os._exit(9)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_migrations(open_store: Open, folder: Path) -> None:
    store = open_store()
    for number in range(300):
        store.submit(put(b"n%03d" % number))
    store.close()
    pid = os.fork()
    if pid == 0:  # killed in the middle
        Store(folder, schema=Schema(3, (Migration(1, 2, migrate), Migration(2, 3, kill))))
        os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 9
    store = open_store()
    assert get(store, b"n123") == b"v"
    store.close()

    store = open_store(schema=Schema(3, (Migration(1, 2, migrate), Migration(2, 3, migrate))))
    assert get(store, b"n123") == b"v22"
    store.close()
    before = (folder / "store-000001.mdb").read_bytes()
    with pytest.raises(SchemaVersionError):
        open_store()
    assert (folder / "store-000001.mdb").read_bytes() == before
    with pytest.raises(SchemaVersionError):
        open_store(schema=Schema(5, (Migration(4, 5, migrate),)))
    assert get(open_store(folder=folder / "backup-before-v3"), b"n123") == b"v"


def test_a_migration_may_grow_the_map(open_store: Open) -> None:
    store = open_store(initial_bytes=1 << 18)
    store.submit(put(b"n0")).result(5)
    store.close()

    def fill(transaction: WriteTransaction) -> None:
        for number in range(100):
            transaction.put(META, b"n%d" % number, b"x" * 10_000)

    assert get(open_store(initial_bytes=1 << 18, schema=Schema(2, (Migration(1, 2, fill),))), b"n99") == b"x" * 10_000
