from typing import Any, final

#: When a literal speaks of a secret.
ALONE: int
ASSIGNED: int
KEYED: int
TAILED: int
LONG: int
SPACED: int
FIRST: int
FIRSTS_OTHER: int
SECOND: int
SECONDS_OTHER: int
ADDRESS: int
ENCODED: int

#: What is said of arguments.
UNSURE: int
CLEAN: int
UNKNOWN_NAME: int

@final
class Hints:
    def __init__(self, literals: list[tuple[bytes, int]]) -> None: ...
    def absent(self, text: str) -> bool: ...
    def absent_in(self, arguments: dict[str, Any], names: set[str]) -> int: ...
