from collections.abc import Sequence
from typing import Any, Final

TEXT: Final[int]
TEXTS: Final[int]
WHOLE: Final[int]
FLAG: Final[int]
NUMBER: Final[int]
MOMENT: Final[int]
SPAN: Final[int]
INNER: Final[int]
INNERS: Final[int]
PAIRS: Final[int]

class Reading:
    def __init__(self, fields: Sequence[tuple[int, int, float, float, Reading | None]]) -> None: ...
    def read(self, raw: bytes) -> list[Any] | None: ...

class Writing:
    def __init__(self, fields: Sequence[tuple[int, int, str, Writing | None]]) -> None: ...
    def write(self, record: object, *more: bytes) -> bytes: ...
    def write_as(self, number: int, record: object, *more: bytes) -> bytes: ...
