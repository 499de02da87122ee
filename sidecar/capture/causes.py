"""Causes: why a call failed, as far as its code and its words say.

The error code speaks first, because somebody meant it; then an HTTP status in the text; then general phrases, in one
RE2 ``Set`` pass. A code that only says "bad request", "forbidden" or "internal" gives way to a plainer text: many
services answer 400 or 500 to everything.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Final, NamedTuple

import re2

from ..model.vocabulary import FAILED, TRANSIENT, Cause, Outcome
from .arguments import well_formed
from .cause_codes import EXIT, HTTP, RPC, cause_of_code
from .cause_phrases import PHRASES
from .templates import clip, statement


class Reading(NamedTuple):
    """How an error was understood. ``confidence`` is in [0, 1]; ``transient``: it may pass by itself."""

    cause: Cause
    confidence: float
    transient: bool


_TEXT_BYTES: Final = 8_192
_VAGUE: Final = frozenset({Cause.INVALID_ARGUMENT, Cause.PERMISSION, Cause.INTERNAL, Cause.UNAVAILABLE})
# That no rule knows a text is weak evidence that it names no cause: on texts not seen before it mostly names one.
_NOTHING_SAID: Final = 0.3
#: A phrase as sure as this speaks over a vague code.
_PLAIN: Final = 0.83
# What phrases claim is what held where they were written; on texts not seen before they were right a little less often.
_UNSEEN: Final = 0.93

_STATUS: Final = re.compile(
    r"(?i:\b(?:http(?:/[0-9.]{1,3})?(?: (?:error|status|code))?|status(?: ?code)?|response(?: ?code)?|error"
    r"|code)[ :=\"'(\[]{1,4}([45][0-9]{2})\b)"
    r"|^(?i:error:? )?([45][0-9]{2})[ :]+[A-Z]"
)
# Neither this nor an exit code is without such a number: looking for that takes a tenth of what looking for them does.
_STATUS_NUMBER: Final = re.compile(r"[45][0-9]{2}\b")
_EXIT_NUMBER: Final = re.compile(r"[ :=][0-9]{1,3}\b")
_RPC: Final = re.compile(r"-32[0-9]{3}\b")
_EXIT: Final = re.compile(r"(?i)\b(?:exit(?:ed)?(?: with)?(?: (?:code|status))?|return code)[ :=]{1,3}([0-9]{1,3})\b")
# A lock or a lost race: the same call may well work the next time.
_RACE: Final = re.compile(r"(?i)deadlock|lock|serializ|modified|busy|40001|40P01|conditional|try again|aborted")
_RAISED: Final = re.compile(r"((?:\w{1,64}[.:]{1,2}){0,12}[A-Z]\w{0,64}(?:Error|Exception|Timeout|Expired))\b")
_WORDS: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")


def read(outcome: Outcome, error_code: str, error: str) -> Reading:
    """The cause of an outcome. Anything but a failure or timeout has none, with confidence 1."""
    if outcome not in FAILED:
        return Reading(Cause.NONE, 1.0, False)
    cause, confidence = _read(outcome, error_code[:256], error)
    transient = cause in TRANSIENT or (
        cause is Cause.CONFLICT and bool(_RACE.search(f"{error_code[:256]} {error[:512]}"))
    )
    return Reading(cause, confidence, transient)


def _read(outcome: Outcome, code: str, error: str) -> tuple[Cause, float]:
    if outcome is Outcome.TIMEOUT:
        return Cause.TIMEOUT, 0.98  # the runtime's word
    coded = cause_of_code(code)
    if coded and coded[0] not in _VAGUE:
        return coded
    error = well_formed(clip(error, _TEXT_BYTES)) if error else ""
    said = statement(error) if error else ""
    status = _status(said)
    found = coded or status
    if found and found[0] not in _VAGUE:
        return found
    worded = _phrase(said) if said else None
    if (not worded or worded[1] < _PLAIN) and "\n" in error:
        whole = _phrase(error)
        # Further from the statement, so less sure.
        worded = max((worded, (whole[0], whole[1] - 0.1) if whole else None), key=lambda one: one[1] if one else 0.0)
    if not found and (not worded or worded[1] < _PLAIN) and (raised := _RAISED.match(said)):
        # "numpy.core.MemoryError: …": the exception's class is a code.
        found = cause_of_code(raised[1])
        found = found and (found[0], 0.85)
    if found and (not worded or worded[1] < _PLAIN or worded[0] is found[0]):
        return found
    if worded:
        return (worded[0], 0.85) if found else worded
    if code and (spelled := _phrase(" ".join(_WORDS.findall(code)))):
        return spelled[0], spelled[1] - 0.1
    return Cause.OTHER, _NOTHING_SAID


def _status(said: str) -> tuple[Cause, float] | None:
    if _STATUS_NUMBER.search(said) and (match := _STATUS.search(said)):
        number = int(match[1] or match[2])
        if number in HTTP:
            return HTTP[number], 0.93
    if (match := _RPC.search(said)) and (cause := RPC.get(int(match[0]))):
        return cause, 0.92
    if _EXIT_NUMBER.search(said) and (match := _EXIT.search(said)) and (cause := EXIT.get(int(match[1]))):
        return cause, 0.8
    return None


@cache
def _phrase_set() -> tuple[re2.Set, tuple[tuple[Cause, float], ...]]:
    """The phrases as one automaton, made when it is first needed."""
    options = re2.Options()
    options.case_sensitive = False
    options.max_mem = 64 << 20
    phrases = re2.Set.SearchSet(options)
    meanings: list[tuple[Cause, float]] = []
    for cause, confidence, patterns in PHRASES:
        for pattern in patterns:
            phrases.Add(pattern)
            meanings.append((cause, round(confidence * _UNSEEN, 3)))
    phrases.Compile()
    return phrases, tuple(meanings)


def _phrase(text: str) -> tuple[Cause, float] | None:
    phrases, meanings = _phrase_set()
    hits = phrases.Match(text)
    if not hits and "_" in text:
        hits = phrases.Match(text.replace("_", " "))  # "channel_not_found"
    return meanings[min(hits)] if hits else None
