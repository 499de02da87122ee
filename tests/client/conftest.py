from __future__ import annotations

import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

import forewarn

from .double import Double, serve


@pytest.fixture
def socket_dir() -> Iterator[Path]:
    """A folder with a short path: a socket's may have 107 bytes."""
    with tempfile.TemporaryDirectory(prefix="fw") as folder:
        yield Path(folder)


@pytest.fixture
def address(socket_dir: Path) -> str:
    return f"unix:{socket_dir}/guard.sock"


@pytest.fixture
def double(address: str) -> Iterator[Double]:
    mine = Double()
    server = serve(mine, address)
    yield mine
    mine.gate.set()
    mine.record_gate.set()
    server.stop(0).wait()


@pytest.fixture(autouse=True)
def no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("ADDRESS", "ADMIN_ADDRESS", "DATA_DIR", "TOKEN"):
        monkeypatch.delenv(f"FOREWARN_{name}", raising=False)


# The deadlines are generous: what the tests look at is which answer comes, not how fast a shared machine is.


@pytest.fixture
def client(double: Double, address: str) -> Iterator[forewarn.Client]:
    with forewarn.Client(address, timeout=10, record_timeout=10) as made:
        yield made


@pytest.fixture
async def aclient(double: Double, address: str) -> AsyncIterator[forewarn.AsyncClient]:
    async with forewarn.AsyncClient(address, timeout=10, record_timeout=10) as made:
        yield made
