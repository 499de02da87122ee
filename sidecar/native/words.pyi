from collections.abc import Iterable
from typing import Any

#: Words that are kept of one call, and characters read of one text.
MAX_WORDS: int
WORD_CHARS: int
#: Texts whose form is looked at, characters of each, and punctuation that is told apart in it.
FORM_ARGUMENTS: int
FORM_CHARS: int
PUNCTUATION: int
#: Words that ``last_words`` keeps.
LAST_WORDS: int

def read(arguments: dict[str, Any]) -> tuple[str, bytes, bytes]: ...
def worded(tool: str, arguments: dict[str, Any]) -> tuple[bytes, bytes, bytes, bytes, int]: ...
def ends(longest: str) -> tuple[str, str, str, str]: ...
def spell(words: Iterable[bytes], arguments: dict[str, Any]) -> dict[bytes, str]: ...
def last_words(arguments: dict[str, Any]) -> bytes: ...
