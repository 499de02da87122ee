"""Culprits: the parts of the arguments that an error text objects to.

An error usually names what it does not like: a quoted column, a path, an id, a flag. What stands both in the error and
in the arguments is the culprit; a later call that carries it fails again. Comparison ignores case, because databases
fold identifiers, and culprits are given in lower case.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from ..model.call import JSON
from ..native.objections import quoted, runs_in, texts_of, words_in_both

#: Most culprits of one error, and characters of a culprit.
MAX_CULPRITS: Final = 8
MAX_CHARS: Final = 120

# What is read of an error and of arguments; errors name their subject early.
_ERROR_CHARS: Final = 2_000
_ARGUMENT_CHARS: Final = 16_384

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
    # Parts that are compared as they stand: words, the runs between spaces and quotes (paths, flags, dotted names, ids
    # such as "#W2378156"), what is quoted or bracketed, and stand-ins of hidden values.
    found = dict.fromkeys(words_in_both(subject, text).difference(_COMMON, names), False)
    for token in runs_in(subject, text):
        if token not in found and _stands_in(token, text):
            found[token] = False
    for part in quoted(subject):
        token = part.strip()
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
    return "\n".join(texts_of(arguments.values()))[:_ARGUMENT_CHARS].lower()


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
