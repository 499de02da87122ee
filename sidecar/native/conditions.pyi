from collections.abc import Iterable
from typing import Any

#: Conditions from which on no further value is looked at.
MAX_CONDITIONS: int

def conditions_of(arguments: dict[str, Any], names: Iterable[str]) -> dict[int, None]: ...
def spell(condition: int, arguments: dict[str, Any], names: Iterable[str]) -> tuple[str, str]: ...
