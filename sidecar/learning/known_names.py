"""Names that are known to exist: words of calls that worked and of their results, where they were made.

An error says that a name is unknown; here stands which names like it are known. A row for each tool and scope (the
session, the two context values that tell most, or everywhere for calls without a context) holds the newest words and,
per argument, the values that worked most. Words of results are kept for the session only. Redacted like everything:
stand-ins of hidden values are no names.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from itertools import islice
from typing import Final

import msgspec
from rapidfuzz import fuzz, process

from ..model.call import JSON
from ..model.tool import Tool
from ..native.counts import two_most_telling
from ..native.names import Sought, count_values, names_in, words_in
from ..store.transaction import WriteTransaction
from .edits import decoded, leaves
from .eviction import evict_one
from .names_row import Names
from .tables import NAMES
from .view import View

#: Characters of the names of one row.
MAX_CHARS: Final = 2_048
MAX_ARGUMENTS: Final = 16
MAX_VALUES: Final = 6
#: Rows of one tool.
MAX_ROWS: Final = 128
_CHARS: Final = 64
#: Characters that are read of a result.
_RESULT: Final = 1_024
_WORDS: Final = 32
#: Key of the row of calls without a context.
_EVERYWHERE: Final = bytes(8)
#: How alike (0 to 100) a known name must be to an unknown one; where it is that with a beginning, and its characters.
CLOSE: Final = 82.0
_NEAR: Final = 60.0
_LEAST_END: Final = 4

HIDDEN: Final = re.compile(r"<[a-z_]{2,16}:[0-9a-f]{8}>")
_DIGITS: Final = re.compile(r"\d+")
_encode: Final = msgspec.json.Encoder().encode


def learn_names(txn: WriteTransaction, view: View, tool: Tool, result: str) -> None:
    """A call worked: what it was made with is known to exist, and what its result speaks of. ``result`` is redacted."""
    arguments = decoded(view.features.preview)
    used = words_of(arguments, _WORDS) if arguments else []
    seen = names_in(_shown(result[:_RESULT]), _WORDS) if result and view.session_key else []
    values = _values_of(arguments) if arguments else []
    sought = Sought(used, seen)
    for at, scope in enumerate(_scopes(view)):
        key = view.subject + scope
        row = txn.get(NAMES, key)
        if row is None:
            row = Names(view.call.tool)
            tool.name_rows += 1
        changed = _add_words(row, sought.unknown_in(row.words, not at))
        if values:
            changed |= count_values(row.values, values, MAX_ARGUMENTS, MAX_VALUES)
        if not changed:
            continue
        row.time = max(row.time, view.now)
        txn.put(NAMES, key, row)
    if tool.name_rows > MAX_ROWS:
        evicted = evict_one(txn, NAMES, view.subject, lambda one: one.time, frozenset())
        tool.name_rows -= evicted is not None


def close_names(view: View, name: str, limit: int) -> list[tuple[str, float]]:
    """Known names like one that an error objected to, most alike first, each with how alike (0 to 100)."""
    found: dict[str, float] = {}
    lower = name.lower()
    plain = _plain(name)
    for row in rows(view):
        words, plain_words = _lines(row.words)
        for _, score, at in process.extract(plain, plain_words, scorer=fuzz.ratio, score_cutoff=_NEAR, limit=4 * limit):
            word = words[at]
            if word and word.lower() != lower and is_misspelling(lower, word.lower()):
                found[word] = max(score, found.get(word, 0.0))
    return sorted(found.items(), key=lambda item: (-item[1], item[0]))[:limit]


@lru_cache(maxsize=64)
def _lines(words: str) -> tuple[list[str], list[str]]:
    """The names of a row, as they are and plain. Nobody changes them: what fails is tried again and again."""
    # All of them made plain at once: one by one takes ten times as long as comparing them does.
    return words.split("\n"), _plain(words).split("\n")


def is_misspelling(one: str, other: str) -> bool:
    """Whether one name (in lower case) may be meant by the other.

    Other digits make another thing, and a folder is not what is in it. Misspellings seldom touch the first letter
    (Pollock and Zamora 1984); and a name that is the end of another may lack its beginning.
    """
    if not one or not other or _DIGITS.findall(one) != _DIGITS.findall(other):
        return False
    short, long = sorted((one, other), key=len)
    if long.startswith(f"{short.rstrip('/')}/"):
        return False
    if one[0] == other[0] and fuzz.ratio(_plain(one), _plain(other)) >= CLOSE:
        return True
    return len(short) >= _LEAST_END and long.endswith(short) and long[-len(short) - 1] in "_.-"


def is_known(view: View, name: str) -> bool:
    """Whether the name stands among those known where the call is made."""
    return any(f"\n{name}\n" in row.words for row in rows(view))


def _plain(name: str) -> str:
    """A name as it is compared: without case, and without what words are joined with."""
    return name.lower().replace("_", "").replace("-", "")


def best_value(view: View, argument: str) -> tuple[JSON, int] | None:
    """The usual value of an argument in calls that worked, in the narrowest scope that has one, and how often it was.

    Usual is what came more than once and at least as often as all others together: a text that somebody wrote once is
    no value for another call.
    """
    for row in rows(view):
        values = row.values.get(argument)
        if values:
            text, count = max(values.items(), key=lambda item: item[1])
            if count > 1 and 2 * count >= sum(values.values()):
                return msgspec.json.decode(text), count
    return None


def rows(view: View) -> Iterator[Names]:
    """What is known where the call is made, the narrowest scope first."""
    for scope in _scopes(view):
        row = view.names_of(scope)
        if row is not None:
            yield row


def words_of(arguments: dict[str, JSON], most: int) -> list[str]:
    """The first names inside arguments: whole short values, the runs between spaces and quotes, and their parts."""
    return words_in(leaves(arguments).values(), HIDDEN, most)


def _shown(text: str) -> str:
    """A text without stand-ins of what is hidden: they are no names."""
    return HIDDEN.sub(" ", text) if "<" in text else text


def _scopes(view: View) -> list[bytes]:
    """The session, then the context values whose keys tell most; everywhere where there is no context."""
    found = [view.session_key[:8]] if view.session_key else []
    scopes = view.scopes
    if not scopes:
        return [*found, _EVERYWHERE]
    model = view.model
    if model is not None and len(scopes) > 2:
        return found + two_most_telling(model.word_merits, model.merits, scopes)
    return [*found, *[value for _, value in scopes[:2]]]


def _add_words(row: Names, new: list[str]) -> bool:
    if new:
        text = row.words + "\n".join(new) + "\n"
        if len(text) > MAX_CHARS:
            text = text[text.index("\n", len(text) - MAX_CHARS) :]
        row.words = text
    return bool(new)


def _values_of(arguments: Mapping[str, JSON]) -> list[tuple[str, str]]:
    """The arguments whose values are remembered, each with its value as JSON."""
    found = []
    for name, value in islice(arguments.items(), MAX_ARGUMENTS):
        if isinstance(value, str) and len(value) > _CHARS - 2:
            continue  # with its quotes it is too long
        text = _encode(value).decode()
        if len(text) <= _CHARS and len(name) <= _CHARS and not ("<" in text and HIDDEN.search(text)):
            found.append((name, text))
    return found
