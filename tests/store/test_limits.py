"""Maps that grow, stores and disks that are full, readers that died, and processes that fork."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import lmdb
import pytest

from sidecar.model.errors import StoreFullError
from sidecar.store import FolderLockedError, ForkedStoreError, Store, WriteTransaction
from sidecar.store.tables import META

Open = Callable[..., Store]
BIG = b"x" * 60_000


def put(key: bytes, value: bytes = b"v") -> Callable[[WriteTransaction], None]:
    return lambda transaction: transaction.put(META, key, value)


def child(code: str, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", code, *arguments], stdout=subprocess.PIPE, stdin=subprocess.PIPE, text=True,
        cwd=Path(__file__).parents[2],
    )  # fmt: skip


def test_the_map_grows_under_readers(open_store: Open) -> None:
    store = open_store(initial_bytes=1 << 18)
    store.submit(put(b"k", b"here")).result(5)
    done = threading.Event()
    errors: list[BaseException] = []
    reads = [0] * 16

    def read(place: int) -> None:
        try:
            while not done.is_set():
                with store.read() as reader:
                    assert reader.get(META, b"k") == b"here"
                    with store.read() as inner:  # a reader inside a reader does not wait for the gate
                        assert sum(1 for _ in inner.scan(META, limit=5)) >= 1
                reads[place] += 1
                time.sleep(0.0005)  # spinning threads would starve each other at the GIL, not at the gate
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=read, args=(place,)) for place in range(16)]
    for thread in threads:
        thread.start()
    for number in range(60):
        store.submit(put(b"n%d" % number, BIG)).result(20)
    done.set()
    for thread in threads:
        thread.join()
    assert not errors
    assert min(reads) > 0
    assert store.environment.map_bytes >= 1 << 22


def test_a_long_reader_delays_growth_and_no_reader(open_store: Open) -> None:
    store = open_store(initial_bytes=1 << 18)
    with store.read():
        futures = [store.submit(put(b"n%d" % number, BIG)) for number in range(20)]
        slowest = 0.0

        def read() -> None:
            nonlocal slowest
            for _ in range(20):
                start = time.perf_counter()
                with store.read() as reader:
                    reader.get(META, b"n0")
                slowest = max(slowest, time.perf_counter() - start)
                time.sleep(0.005)

        thread = threading.Thread(target=read)
        thread.start()
        thread.join()
        assert not futures[-1].done()
    for future in futures:
        future.result(10)
    assert slowest < 0.5


def test_a_full_store_refuses_only_what_needs_space(open_store: Open) -> None:
    store = open_store(initial_bytes=1 << 18, limit_bytes=1 << 20)
    with pytest.raises(StoreFullError):  # noqa: PT012  # fills up at some point
        for number in range(100):
            store.submit(put(b"n%03d" % number, BIG)).result(10)
    with store.read() as reader:
        assert reader.get(META, b"n000") == BIG
    futures = [store.submit(job) for job in (put(b"m", BIG * 5), put(b"n000", b"small"), put(b"n001", b"small"))]
    with pytest.raises(StoreFullError):
        futures[0].result(10)
    futures[1].result(10)
    futures[2].result(10)
    store.submit(put(b"again", b"y" * 30_000)).result(10)
    assert store.store_error == ""
    assert store.last_refusal[0] == "the store has reached its size limit"


FULL_DISK = """
import resource, sys
from pathlib import Path
from sidecar.store import Store
from sidecar.store.tables import META
from sidecar.model.errors import StoreFullError, StoreUnavailableError
store = Store(Path(sys.argv[1]))
job = lambda key: lambda t: t.put(META, key, b"x" * 60000)
store.submit(job(b"before")).result(5)
resource.setrlimit(resource.RLIMIT_FSIZE, (400_000, resource.RLIM_INFINITY))
refused = 0
for number in range(40):
    try:
        store.submit(job(b"n%d" % number)).result(10)
    except (StoreFullError, StoreUnavailableError):  # LMDB calls a short write EIO
        refused += 1
        if refused == 3: break
assert refused == 3 and store.store_error, (refused, store.store_error)
assert store.post(job(b"kept"), droppable=False)
with store.read() as reader:
    assert reader.get(META, b"before")
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
import time
end = time.monotonic() + 10
while store.store_error and time.monotonic() < end: time.sleep(0.01)
assert not store.store_error
store.submit(job(b"after")).result(5)
with store.read() as reader:
    assert reader.get(META, b"after") and reader.get(META, b"kept")
assert not store.verify().problems
store.close()
print("ok")
"""


def test_a_full_disk_is_survived(folder: Path) -> None:
    process = child(FULL_DISK, str(folder))
    assert process.communicate(timeout=30)[0] == "ok\n"


def test_disk_errors_and_panics_are_survived(open_store: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    store = open_store()
    store.submit(put(b"before")).result(5)
    real, failures = WriteTransaction.commit, [lmdb.PanicError("commit"), OSError(5, "I/O error")]

    def commit(transaction: WriteTransaction) -> bool:
        if failures:
            raise failures.pop(0)
        return real(transaction)

    monkeypatch.setattr(WriteTransaction, "commit", commit)
    for reason in ("STORE_UNAVAILABLE", "STORE_UNAVAILABLE"):
        assert getattr(store.submit(put(b"lost")).exception(5), "reason", "") == reason
    store.submit(put(b"after")).result(5)
    assert store.store_error == ""
    with store.read() as reader:
        assert [reader.get(META, key) for key in (b"before", b"lost", b"after")] == [b"v", None, b"v"]


def test_a_disk_that_refuses_now_and_then_is_told_and_does_not_fill_the_log(
    open_store: Open, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A full disk: what is large is refused, what is small goes on, and ``store_error`` comes and goes."""
    store = open_store(clock=lambda: 1_700_000_000.0)
    store.submit(put(b"before")).result(5)
    assert store.last_refusal == ("", 0.0)
    real, full = WriteTransaction.commit, OSError(28, "No space left on device")
    refuse = True

    def commit(transaction: WriteTransaction) -> bool:
        if refuse:
            raise full
        return real(transaction)

    monkeypatch.setattr(WriteTransaction, "commit", commit)
    caplog.set_level("INFO", logger="sidecar.store.commit")
    for number in range(5):
        refuse = True
        assert isinstance(store.submit(put(b"large%d" % number)).exception(5), StoreFullError)
        refuse = False
        store.submit(put(b"small%d" % number)).result(5)
        assert store.store_error == ""
    assert store.last_refusal == (
        "no space left to write the store: [Errno 28] No space left on device",
        1_700_000_000.0,
    )
    said = [record.getMessage().partition(":")[0] for record in caplog.records]
    assert said == ["the store cannot be written", "the store can be written again"]
    monkeypatch.setattr("sidecar.store.commit.QUIET_SECONDS", 0.0)
    store.writer.state._quiet_until = 0.0
    refuse = True
    assert isinstance(store.submit(put(b"large")).exception(5), StoreFullError)
    assert caplog.records[-1].getMessage().startswith("the store cannot be written")
    refuse = False
    store.submit(put(b"small")).result(5)


def test_readers_that_died_are_forgotten(open_store: Open, folder: Path) -> None:
    store = open_store()
    code = (
        "import lmdb, sys; e = lmdb.open(sys.argv[1], subdir=False, readonly=True, max_dbs=20); t = e.begin()\n"
        "print('open', flush=True); sys.stdin.read()"
    )
    process = child(code, str(folder / "store-000001.mdb"))
    assert process.stdout is not None
    process.stdout.readline()
    assert store.environment.check_readers() == 0
    process.kill()
    process.wait()
    assert store.environment.check_readers() == 1


def test_one_daemon_per_folder(open_store: Open, folder: Path) -> None:
    open_store()
    with pytest.raises(FolderLockedError) as caught:
        open_store()
    assert caught.value.metadata["pid"] == str(os.getpid())
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o600}


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_forked_child_is_told(open_store: Open) -> None:
    store = open_store()
    store.submit(put(b"k")).result(5)
    with store.read():
        pid = os.fork()
        if pid == 0:
            code = 1
            try:
                refused = 0
                for attempt in (lambda: store.read().__enter__(), lambda: store.submit(put(b"x"))):
                    try:
                        attempt()
                    except ForkedStoreError:
                        refused += 1
                store.close()
                code = 0 if refused == 2 else 2
            finally:
                os._exit(code)
        assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    store.submit(put(b"parent")).result(5)
    # The child must not keep the folder locked beyond its parent.
    pid = os.fork()
    if pid == 0:
        time.sleep(30)
        os._exit(0)
    try:
        store.close()
        open_store().submit(put(b"again")).result(5)
    finally:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
