"""Scalars as YAML text that every YAML 1.1 and 1.2 reader takes for the same value, one line each.

A text is written plain where nothing could take it for anything else, in single quotes where those read better (JSON in
a text), else in double quotes with JSON's escapes, which are YAML's too.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime
from json.encoder import encode_basestring
from typing import Final

from ..model.counted import Counted

#: The first second of the year 10000: later times have no ISO 8601 form here.
END_OF_TIME: Final = 253_402_300_800

_PLAIN: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_./-]*(?: [A-Za-z0-9_][A-Za-z0-9_./-]*)*")
_WORDS: Final = frozenset("y n yes no on off true false null none nan inf".split())
#: What cannot stand for itself: control characters, line breaks of any YAML, byte order marks, what is no character.
UNPRINTABLE: Final = re.compile(r"[^\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]")


def text(value: str) -> str:
    """A text, quoted only where it must be."""
    if _PLAIN.fullmatch(value) and value.lower() not in _WORDS:
        return value
    if UNPRINTABLE.search(value):
        return UNPRINTABLE.sub(_escape, encode_basestring(value))
    if '"' in value or "\\" in value:
        return "'" + value.replace("'", "''") + "'"
    return f'"{value}"'


def number(value: float) -> str:
    """A number that reads back as the same float; with a point, without which YAML 1.1 sees no number in 1e-07."""
    written = repr(value or 0.0)
    return written.replace("e", ".0e") if "e" in written and "." not in written else written


def moment(value: float) -> str:
    """Seconds since the epoch as ISO 8601 in UTC, to the float's last digit; seconds where that cannot be."""
    written = repr(value)
    if not 0.0 <= value < END_OF_TIME or "e" in written:
        return number(value)
    seconds, _, fraction = written.partition(".")
    stamp = datetime.fromtimestamp(int(seconds), UTC).isoformat()[:19]
    return f"{stamp}Z" if fraction in ("0", "") else f"{stamp}.{fraction}Z"


def octets(value: bytes) -> str:
    """Bytes in hexadecimal; always quoted, for digits alone would be a number."""
    return f'"{value.hex()}"'


def sequence(values: Iterable[str]) -> str:
    """Texts on one line."""
    return "[" + ", ".join(map(text, values)) + "]"


def counted(value: Counted) -> str:
    """A decayed record on one line; its time is left out where there is none."""
    when = f", time: {moment(value.time)}" if value.time else ""
    return f"{{failures: {number(value.failures)}, successes: {number(value.successes)}{when}}}"


def _escape(match: re.Match[str]) -> str:
    return f"\\u{ord(match[0]):04x}"
