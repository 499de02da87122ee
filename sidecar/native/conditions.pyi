from collections.abc import Iterable
from typing import Any

#: Conditions from which on no further value is looked at, and bytes of a cut.
MAX_CONDITIONS: int
CUT_BYTES: int

def conditions_of(
    arguments: dict[str, Any], names: Iterable[str], cuts: bytes = b"", now: float = 0.0
) -> dict[int, None]: ...
def measure(arguments: dict[str, Any]) -> list[tuple[int, int, float]]: ...
def spell(
    condition: int, arguments: dict[str, Any], names: Iterable[str], cuts: bytes = b"", now: float = 0.0
) -> tuple[str, str]: ...
def add_names(names: list[str], arguments: dict[str, Any], most: int, most_inner: int, longest: int) -> None: ...
