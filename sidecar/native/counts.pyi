from collections.abc import Callable
from typing import Protocol, TypeVar

class Counts(Protocol):
    successes: float
    failures: float
    time: float

_T = TypeVar("_T", bound=Counts)

#: Beyond this total weight old evidence is scaled down.
EVIDENCE_CAP: float

def know(record: type[Counts]) -> None: ...
def add(record: Counts, failed: bool, now: float, half_life: float, weight: float = 1.0) -> None: ...
def add_to_scopes(
    records: dict[bytes, _T],
    scopes: tuple[tuple[str, bytes], ...],
    made: Callable[[], _T],
    most: int,
    failed: bool,
    now: float,
    half_life: float,
    weight: float = 1.0,
) -> None: ...
def inside(everywhere: Counts, scope: Counts, prior: float) -> float: ...
def here(
    everywhere: Counts, prior: float, strength: float, records: dict[bytes, _T], scopes: tuple[tuple[str, bytes], ...]
) -> float | None: ...
def judge_scopes(
    merits: dict[str, list[float]],
    most: int,
    rate: Counts,
    records: dict[bytes, _T],
    scopes: tuple[tuple[str, bytes], ...],
    failed: bool,
) -> None: ...
def two_most_telling(
    first: dict[str, list[float]], second: dict[str, list[float]], scopes: tuple[tuple[str, bytes], ...]
) -> list[bytes]: ...
