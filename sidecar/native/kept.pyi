from collections.abc import Callable
from typing import Any, TypeVar

from sidecar.store.tables import Table

_V = TypeVar("_V")

class Kept:
    @property
    def since(self) -> int: ...
    until: int
    def __init__(self, record: Any, since: int, until: int, raw: bytes | None = None) -> None: ...
    def decoded(self, table: Table[_V], key: bytes) -> _V | None: ...

class Rows:
    def get(self, table: Table[_V], key: bytes) -> _V | None: ...

class Lookup(Rows):
    @property
    def snapshot(self) -> int: ...
    def see(self, rows: dict[str, dict[bytes, Kept]], snapshot: int) -> None: ...

class Row:
    table: Table[Any]
    record: Any
    stored: bool
    dirty: bool
    @property
    def key(self) -> bytes: ...
    def __init__(self, table: Table[Any], key: bytes, record: Any, *, stored: bool) -> None: ...

class Draft(Rows):
    writes: int
    @property
    def _rows(self) -> dict[str, dict[bytes, Row]]: ...
    @property
    def _dirty(self) -> dict[str, list[Row]]: ...
    @property
    def _fresh(self) -> dict[str, int]: ...
    @property
    def _handles(self) -> dict[str, Any]: ...
    def begin(
        self,
        rows: dict[str, dict[bytes, Row]],
        stored: Callable[[bytes, None, Any], bytes | None],
        handles: dict[str, Any],
        limit: int,
    ) -> None: ...
    def put(self, table: Table[_V], key: bytes, value: _V) -> None: ...
