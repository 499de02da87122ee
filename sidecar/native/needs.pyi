from typing import Protocol

from .counts import Counts

class Need(Protocol):
    wealth: float
    session: int
    several: bool
    @property
    def before(self) -> Counts: ...
    @property
    def after(self) -> Counts: ...

def won(side: Counts, p: float, *, met: bool, failed: bool) -> float: ...
def observe(need: Need, p: float, session: int, now: float, half_life: float, *, met: bool, failed: bool) -> None: ...
