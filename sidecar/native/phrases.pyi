#: Words that are looked at for whether they are new, and of those the first, which are weighed and counted.
KNOWN_WORDS: int
WEIGHED_WORDS: int
#: What words, pairs, words in a scope, forms and words beside what is quoted count for.
WORDS_WEIGHT: float
PAIRS_WEIGHT: float
PLACED_WEIGHT: float
FORM_WEIGHT: float
QUOTED_WEIGHT: float

def weigh(
    weights: bytearray, words: bytes, scopes: tuple[tuple[str, bytes], ...], forms: bytes, quoting: int = 0
) -> float: ...
def descend(
    weights: bytearray,
    squares: bytearray,
    words: bytes,
    scopes: tuple[tuple[str, bytes], ...],
    forms: bytes,
    error: float,
    quoting: int = 0,
) -> None: ...
def weigh_each(
    weights: bytearray, words: bytes, scopes: tuple[tuple[str, bytes], ...], quoting: int = 0
) -> list[float]: ...
def worst(
    weights: bytearray, words: bytes, scopes: tuple[tuple[str, bytes], ...], quoting: int, least: float
) -> list[bytes]: ...
def count(failures: bytearray, successes: bytearray, words: bytes, failed: bool) -> None: ...
def rate(failures: bytearray, successes: bytearray, words: bytes, prior: float, rest: float) -> float | None: ...
def new(word_bits: bytearray, pair_bits: bytearray, words: bytes, note: bool = False) -> tuple[int, int]: ...
def standing(bits: bytes | bytearray, words: bytes, wanted: bool, most: int) -> list[bytes]: ...
