"""What the kernels of capture do, in plain Python: their oracle, as ``plain.py`` is of the others."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from hashlib import blake2b
from typing import Any

from sidecar.native.hints import (
    ADDRESS,
    ALONE,
    ASSIGNED,
    ENCODED,
    FIRST,
    FIRSTS_OTHER,
    KEYED,
    LONG,
    SECOND,
    SECONDS_OTHER,
    SPACED,
    TAILED,
)

# What is kept of arguments.


def spelled(value: float) -> bytes:
    return b"%d" % value if value == int(value) else repr(value).encode()


def canonical(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ",".join(f"{canonical(name)}:{canonical(value[name])}" for name in sorted(value)) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(canonical, value)) + "]"
    return spelled(value).decode() if isinstance(value, float) else json.dumps(value, ensure_ascii=False)


def digest(first: str, second: str, size: int) -> bytes:
    data = f"{first}\0{second}".encode("utf-8", "surrogatepass")
    return blake2b(data, digest_size=size).digest()


def kept(tool: str, arguments: Mapping[str, Any], most: int) -> tuple[bytes, bytes | None, bytes, str]:
    names, text = sorted(arguments), canonical(arguments)
    nested = any(isinstance(value, dict | list) for value in arguments.values())
    tags = "".join({str: "s", bool: "b", int: "n", float: "n"}.get(type(arguments[name]), "0") for name in names)
    longest = max((value for value in arguments.values() if isinstance(value, str)), key=len, default="")
    shown = text.encode()
    cut = shown[: most - 3].decode(errors="ignore") + "…"
    return (
        digest(tool, text, 16),
        None if nested else digest(tool, "\0".join([tags, *names]), 8),
        digest(tool, "\0".join([*names, "", *longest[:256].split(None, 1)[:1]]), 8),
        text if len(shown) <= most else cut,
    )


# Hints of secrets.

_FOLDED = re.compile("[ſ\u212a\ud800-\udfff]")
_BEFORE = re.compile(r"[A-Za-z0-9_-]{0,64}\Z")
_REST = re.compile(r"[A-Za-z0-9_.-]{0,41}")
_GAP = re.compile(r"(?:[\\\"'`\] \t\n\f\r]|(?<=\\)[nrt])*")
_NUMBERS = re.compile(r"[A-Z0-9 ()+./-]{9,}")
_PERSONAL = re.compile(r"[0-9]{14}|[0-9]{4}[ -][0-9]{4}|[0-9]{3}-[0-9]{2}-[0-9]{4}|[A-Z]{2}[0-9]{2}.{8}")
_CALLED = re.compile(r"\+[0-9]|\([0-9]{3}\)")


def absent(literals: Sequence[tuple[bytes, int]], text: str) -> bool:
    """A look that is as wide as the kernel's, at one literal after the other."""
    if _FOLDED.search(text):
        return False
    low = "".join(chr(ord(one) + 32) if "A" <= one <= "Z" else one for one in text)
    seen = 0
    for literal, bits in literals:
        at = low.find(literal.decode().lower())
        while at >= 0:
            if _speaks(text, at + len(literal), bits):
                return False
            seen |= bits
            at = low.find(literal.decode().lower(), at + 1)
    if (seen & FIRST and seen & FIRSTS_OTHER) or (seen & SECOND and seen & SECONDS_OTHER):
        return False
    for run in _NUMBERS.findall(text):
        if _PERSONAL.search(run) or (_CALLED.search(run) and len(re.findall("[0-9]", run)) >= 8):
            return False
    return True


def _speaks(text: str, at: int, bits: int) -> bool:
    after = re.compile(r"[A-Za-z0-9_+/=.-]*").match(text, at)
    token = after.end() - at if after else 0
    return bool(
        bits & ALONE
        or (bits & ASSIGNED and _is_assigned(text, at))
        or (bits & KEYED and re.compile(rf"{_GAP.pattern}[:=]{_GAP.pattern}[A-Za-z0-9_+/=.-]{{20}}").match(text, at))
        or (bits & TAILED and token >= 5)
        or (bits & LONG and token >= 16)
        or (bits & SPACED and text[at : at + 1] in tuple(" \t\n\f\r\\%+:=("))
        or (bits & ADDRESS and at > 1 and text[at - 2] not in " \t\n\f\r/\"'<>")
        or (bits & ENCODED and re.search(r"[A-Za-z0-9+/]{16}\Z", text[: at - 1]))
    )


def _is_assigned(text: str, at: int) -> bool:
    before, rest = _BEFORE.search(text, max(0, at - 64), at), _REST.match(text, at)
    assert before
    assert rest
    too_long = rest.end() - at > 40
    flag = "-" in before[0] or (at > 64 and len(before[0]) == 64)
    if flag and (too_long or text[rest.end() : rest.end() + 1] == " "):
        return True
    gap = _GAP.match(text, rest.end())
    assert gap
    return not too_long and text[gap.end() : gap.end() + 1] in tuple(":=!~%")


# What errors name.

_QUOTED = re.compile(
    r"<([a-z_]{2,16}:[0-9a-f]{8})>|'(?<!\w')((?:[^'\n]|'(?=\w)){3,120})'(?!\w)"
    r"|\"([^\"\n]{3,120})\"|`([^`'\n]{3,120})[`']"
    r"|\[([^\[\]\n]{3,120})\]|‘([^’\n]{3,120})’|“([^”\n]{3,120})”"
)
_ERROR_RUN = re.compile(r"[^\s'\"`‘’“”()\[\]{}<>,;=|]{3,120}")
_WORD = re.compile(r"\w{3,120}")


def words_in_both(error: str, text: str) -> set[str]:
    return set(_WORD.findall(error)) & set(_WORD.findall(text))


def runs_in(error: str, text: str) -> set[str]:
    runs = {run.strip(".:!?*") for run in _ERROR_RUN.findall(error)}
    return {run for run in runs if len(run) >= 3 and not run.isidentifier() and run in text}


def quoted(error: str) -> list[str]:
    return [match[match.lastindex or 0] for match in _QUOTED.finditer(error)]


def texts_of(values: Iterable[Any]) -> list[str]:
    """Texts and numbers in JSON values."""
    found: list[str] = []
    for item in values:
        if isinstance(item, str):
            found.append(item)
        elif isinstance(item, dict):
            found += texts_of(item.values())
        elif isinstance(item, list):
            found += texts_of(item)
        elif item is not None and not isinstance(item, bool):
            found.append(str(item))
    return found
