from collections.abc import Callable
from typing import Protocol, TypeVar

from sidecar.learning.rates import KindRate
from sidecar.learning.view import View
from sidecar.model.counted import Counted
from sidecar.model.pattern import UsagePattern
from sidecar.model.vocabulary import Level
from sidecar.store.tables import Table

_V = TypeVar("_V")

class _Writes(Protocol):
    def put(self, table: Table[_V], key: bytes, value: _V) -> None: ...

#: Slots of the table of calls that worked: of a new tool, of one with many calls, and for each call.
FIRST_SLOTS: int
MOST_SLOTS: int
SLOTS_PER_CALL: int

def learned(view: View, level: Level, covers: bytes, description: str) -> UsagePattern: ...
def learned_tool(view: View, level: Level, description: str) -> UsagePattern: ...
def learned_rate(view: View, shared: bytes) -> KindRate: ...
def changed(view: View) -> list[tuple[bytes, UsagePattern]]: ...
def save(view: View, txn: _Writes, rates: Table[KindRate], patterns: Table[UsagePattern]) -> None: ...
def similar_calls(
    view: View, made: Callable[[], Counted], most: int, half_life: float, now: float, *, failed: bool
) -> None: ...
def note_call(table: bytearray, call: int, calls: int, *, failed: bool) -> bytearray: ...
