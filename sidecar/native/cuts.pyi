from collections.abc import Sequence
from typing import TypeAlias

#: Values of either sort that are kept of a number, and numbers of one tool.
FAILURES: int
SUCCESSES: int
MAX_MEASURED: int

_Between: TypeAlias = tuple[tuple[float, float] | None, tuple[float, float] | None]

def note(table: bytearray, measured: list[tuple[int, int, float]], *, failed: bool) -> None: ...
def between(failures: Sequence[float], successes: Sequence[float]) -> _Between | None: ...
def between_kept(table: bytearray, key: int) -> _Between | None: ...
