"""Culprits: the parts of the arguments that an error text objects to.

An error usually names what it does not like: a quoted column, a path, an id, a flag. What stands both in the error and
in the arguments is the culprit; a later call that carries it fails again. Comparison ignores case, because databases
fold identifiers, and culprits are given in lower case.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final

from ..model.call import JSON

#: Most culprits of one error, and characters of a culprit.
MAX_CULPRITS: Final = 8
MAX_CHARS: Final = 120

# What is read of an error and of arguments; errors name their subject early.
_ERROR_CHARS: Final = 2_000
_ARGUMENT_CHARS: Final = 16_384

# Parts that are compared as they stand: stand-ins of hidden values, what is quoted or bracketed, and the runs between
# spaces and quotes (paths, flags, dotted names, ids such as "#W2378156").
# Each way begins with a literal mark: then the engine skips to the next mark by itself, in half to three quarters of
# the time that a look ahead takes.
_QUOTED: Final = re.compile(
    r"<([a-z_]{2,16}:[0-9a-f]{8})>|'(?<!\w')((?:[^'\n]|'(?=\w)){3,120})'(?!\w)"
    r"|\"([^\"\n]{3,120})\"|`([^`'\n]{3,120})[`']"
    r"|\[([^\[\]\n]{3,120})\]|‘([^’\n]{3,120})’|“([^”\n]{3,120})”"
)
_RUN: Final = re.compile(r"[^\s'\"`‘’“”()\[\]{}<>,;=|]{3,120}")
_WORD: Final = re.compile(r"\w{3,120}")

# Words of any English error text. They say nothing even where they also stand in the arguments.
_COMMON: Final = frozenset(
    "the and for not but with from has have had was were are you your this that there did does doesn can cannot could"
    " must should would will may into onto out all any its than then too error errors err failed failure fail invalid"
    " unknown unexpected expected found missing required denied while when where which what who how near line column"
    " table field clause file directory such exist exists existing value values name type argument arguments option"
    " options command code status use using used one two none null true false please try again see more usage".split()
)


def culprits(error: str, arguments: Mapping[str, JSON]) -> tuple[str, ...]:
    """What the error names and the arguments hold, most specific first, at most ``MAX_CULPRITS``.

    Both are redacted already. A culprit has 3 to ``MAX_CHARS`` characters; names of arguments, common words and
    numbers under 3 digits are none. More specific means: quoted in the error, then with a digit or a mark in it, then
    longer, then rarer in the arguments.
    """
    if not error or not arguments:
        return ()
    text = argument_text(arguments)
    subject = error[:_ERROR_CHARS].lower()
    names = {name.lower() for name in arguments}
    words = set(_WORD.findall(subject)).difference(_COMMON, names)
    found: dict[str, bool] = {}
    if _has_long_runs(text):
        found = dict.fromkeys(words.intersection(_WORD.findall(text)), False)
    else:  # few words of the error stand in the arguments: to look for each is less than to take those apart
        for token in words:
            if token in text and _stands_in(token, text):
                found[token] = False
    for run in set(_RUN.findall(subject)):
        token = run.strip(".:!?*")
        if token not in text or len(token) < 3 or token in found or token.isidentifier():
            continue
        if _stands_in(token, text):
            found[token] = False
    for match in _QUOTED.finditer(subject):
        token = match[match.lastindex or 0].strip()
        if token in found or (
            len(token) >= 3 and token not in _COMMON and token not in names and _stands_in(token, text)
        ):
            found[token] = True
    if len(found) < 2:
        return tuple(found)
    # Who speaks is not who is spoken of: "cat: /etc/nope: No such file or directory".
    speaker = subject.partition(":")[0].rpartition("/")[2]

    def specific(token: str) -> tuple[bool, bool, bool, int, int, str]:
        return token == speaker, not found[token], token.isalpha(), -len(token), text.count(token), token

    return tuple(sorted(found, key=specific)[:MAX_CULPRITS])


def carries(arguments: Mapping[str, JSON], culprit: str) -> bool:
    """Whether arguments hold a culprit, as a whole word or part."""
    return _stands_in(culprit, argument_text(arguments))


def argument_text(arguments: Mapping[str, JSON]) -> str:
    """The values of arguments, not their names, in lower case, a line each: what culprits are looked for in."""
    parts: list[str] = []
    for value in arguments.values():
        if isinstance(value, str):
            parts.append(value)
        else:
            parts.extend(_leaves(value))
    return "\n".join(parts)[:_ARGUMENT_CHARS].lower()


def _leaves(value: JSON) -> Iterator[str]:
    stack: list[JSON] = [value]
    while stack:
        item = stack.pop()
        if isinstance(item, str):
            yield item
        elif isinstance(item, dict):
            stack.extend(reversed(item.values()))
        elif isinstance(item, list):
            stack.extend(reversed(item))
        elif item is not None and not isinstance(item, bool):
            yield str(item)


def _has_long_runs(text: str) -> bool:
    """Whether a word may be longer than a culprit: then what is compared of it are its parts."""
    return len(text) > MAX_CHARS and max(map(len, text.split()), default=0) > MAX_CHARS


def _stands_in(token: str, text: str) -> bool:
    """Whether the token stands in the text and not inside a longer word."""
    at = text.find(token)
    while at >= 0:
        end = at + len(token)
        before, after = text[at - 1 : at], text[end : end + 1]
        if not (_is_word(token[0]) and _is_word(before)) and not (_is_word(token[-1]) and _is_word(after)):
            return True
        at = text.find(token, at + 1)
    return False


def _is_word(char: str) -> bool:
    return char.isalnum() or char == "_"
