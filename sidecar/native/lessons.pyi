from collections.abc import Callable

from sidecar.learning.rates import KindRate
from sidecar.learning.view import View
from sidecar.model.counted import Counted
from sidecar.model.pattern import UsagePattern
from sidecar.model.vocabulary import Level

#: Slots of the table of calls that worked: of a new tool, of one with many calls, and for each call.
FIRST_SLOTS: int
MOST_SLOTS: int
SLOTS_PER_CALL: int

def learned(view: View, level: Level, covers: bytes, description: str) -> UsagePattern: ...
def learned_rate(view: View, shared: bytes) -> KindRate: ...
def changed(view: View) -> list[tuple[bytes, UsagePattern]]: ...
def changed_rates(view: View) -> list[tuple[bytes, KindRate]]: ...
def similar_calls(
    view: View, made: Callable[[], Counted], most: int, half_life: float, now: float, *, failed: bool
) -> None: ...
def note_call(table: bytearray, call: int, calls: int, *, failed: bool) -> bytearray: ...
