#: Characters that are read of a text; and what ``quoting`` adds up.
QUOTED_CHARS: int
DOUBLE: int
SINGLE: int
IN_SINGLE: int
IN_DOUBLE: int

def quoting(text: str) -> int: ...
