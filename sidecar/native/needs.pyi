from collections.abc import Mapping

from sidecar.learning.session import Session
from sidecar.learning.tool_model import Model, Precondition

from .counts import Counts

def know(need: type[Precondition]) -> None: ...
def won(side: Counts, p: float, *, met: bool, failed: bool) -> float: ...
def observe(
    need: Precondition, p: float, session: int, now: float, half_life: float, *, met: bool, failed: bool
) -> None: ...
def most(needs: Mapping[str, Precondition], p: float, strength: float) -> str | None: ...
def unsettled(needs: Mapping[str, Precondition], least: float) -> bool: ...
def observe_each(
    model: Model,
    session: Session | None,
    tool: bytes,
    own: dict[bytes, str],
    best: str | None,
    low: float,
    high: float,
    mark: int,
    now: float,
    half_life: float,
    *,
    failed: bool,
) -> None: ...
