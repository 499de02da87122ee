from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from sidecar.store import Store


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture
def open_store(folder: Path) -> Iterator[Callable[..., Store]]:
    """Opens stores in the test's folder and closes what the test left open."""
    opened: list[Store] = []

    def open_it(**options: Any) -> Store:
        store = Store(options.pop("folder", folder), **options)
        opened.append(store)
        return store

    yield open_it
    for store in opened:
        store.close(timeout=5.0)
