from collections.abc import Collection
from typing import Any

#: Steps that a session keeps.
MOST: int

def steps_of(arguments: dict[str, Any]) -> dict[bytes, str]: ...
def remembered(packed: bytes, tool: bytes, steps: Collection[bytes], *, failed: bool) -> bytes: ...
