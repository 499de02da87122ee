"""What the kernels do that learning alone needs, in plain Python: their oracle."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import islice, pairwise
from operator import itemgetter
from struct import Struct
from typing import Any
from zlib import crc32

from sidecar.learning.session import FAILED, RING, WIDTH, Session
from sidecar.learning.steps import MOST
from sidecar.native.cuts import FAILURES, MAX_MEASURED, SUCCESSES
from sidecar.native.words import ends

# Cuts: numbers of calls that failed and that worked.

_ROW = Struct("<IBB40f")
_KEY = Struct("<I")
_VALUE = Struct("<f")


def note(table: bytearray, measured: Sequence[tuple[int, int, float]], *, failed: bool) -> None:
    side, room, start = (0, FAILURES, 6) if failed else (1, SUCCESSES, 6 + 4 * FAILURES)
    for key, _, value in measured:
        at = _row_of(table, key)
        if at < 0:
            if len(table) >= MAX_MEASURED * _ROW.size:
                continue
            at = len(table)
            table += _ROW.pack(key, 0, 0, *([0.0] * (FAILURES + SUCCESSES)))
        count = table[at + 4 + side]
        _VALUE.pack_into(table, at + start + 4 * (count % room), value)
        table[at + 4 + side] = count + 1 if count + 1 < 2 * room else room


def kept_of(table: bytearray, key: int) -> tuple[list[float], list[float]]:
    at = _row_of(table, key)
    if at < 0:
        return [], []
    _, failures, successes, *values = _ROW.unpack_from(table, at)
    return values[: min(failures, FAILURES)], values[FAILURES:][: min(successes, SUCCESSES)]


def between(failures: Sequence[float], successes: Sequence[float]) -> Any:
    if not failures or not successes:
        return None
    one, other = 1.0 / len(failures), 1.0 / len(successes)
    several = sorted([(value, -one) for value in failures] + [(value, other) for value in successes], key=itemgetter(0))
    share = most = least = 0.0
    over = under = (0.0, 0.0)
    for (value, part), (after, _) in pairwise(several):
        share += part
        if value != after:
            if share > most:
                most, over = share, (value, after)
            if share < least:
                least, under = share, (value, after)
    enough = 1.2 * (one + other) ** 0.5
    found = (over if most >= enough else None, under if -least >= enough else None)
    return found if found != (None, None) else None


def _row_of(table: bytearray, key: int) -> int:
    for at in range(0, len(table), _ROW.size):
        if _KEY.unpack_from(table, at)[0] == key:
            return at
    return -1


# Names of arguments.


def add_names(names: list[str], arguments: Mapping[str, Any], most: int, most_inner: int, longest: int) -> None:
    for name in arguments:
        if len(names) < most and name not in names and len(name) <= longest:
            names.append(name)
    if len(names) >= most_inner:
        return
    for name, value in arguments.items():
        if isinstance(value, dict):
            inner = [f"{name}.{key}" for key in islice(value, most)]
            new = [one for one in inner if one not in names and len(one) <= longest]
            names += new[: max(0, most_inner - len(names))]


# Rings of a session.


def add(session: Session, fingerprint: bytes, kind: bytes, template: bytes, mark: int, now: float) -> None:
    keep = (RING - 1) * WIDTH
    session.fingerprints = session.fingerprints[-keep:] + fingerprint[:WIDTH]
    session.kinds = session.kinds[-keep:] + kind[:WIDTH]
    session.templates = session.templates[-keep:] + template[:WIDTH]
    session.marks = session.marks[-(RING - 1) :] + bytes((mark,))
    if mark & FAILED:
        session.failures += 1
    else:
        session.successes += 1
    session.time = max(session.time, now)


def add_ending(session: Session, ending: bytes) -> None:
    session.endings = session.endings[-(RING - 1) * WIDTH :] + ending


def add_moment(session: Session, subject: bytes, now: float, cost: float) -> None:
    second = max(0, min(int(now), 0xFFFFFFFF))
    session.moments = session.moments[-(RING - 1) * WIDTH :] + second.to_bytes(4) + subject[:4]
    session.cost += cost


# What a call does.


def steps_of(arguments: Mapping[str, Any]) -> dict[bytes, str]:
    found: dict[bytes, str] = {}
    longest = ""
    for name, value in arguments.items():
        if not isinstance(value, str) or len(name) > 64:
            continue
        if len(value) <= 24 and len(found) < 3 and value.replace("_", "").replace("-", "").isalpha():
            words = f"“{name}” is “{value}”"
            found[_mark(words)] = words
        if len(value) > len(longest):
            longest = value
    first, stem, _, _ = ends(longest)
    if stem and len(first) <= 24 and len(stem) <= 24:
        words = f"“{first} {stem}”"
        found[_mark(words)] = words
    return found


def remembered(packed: bytes, tool: bytes, steps: Collection[bytes], *, failed: bool) -> bytes:
    mine = tool[:2]
    for step in [*steps, bytes(4)] if failed else steps:
        at = next((at for at in range(0, len(packed), 6) if packed[at : at + 6] == mine + step), -1)
        if at >= 0:
            packed = packed[:at] + packed[at + 6 :]
    packed += b"".join([mine + step for step in ([bytes(4)] if failed else steps)])
    return packed[-MOST * 6 :]


def recovered(packed: bytes, tool: bytes) -> list[bytes]:
    entries = [packed[at : at + 6] for at in range(0, len(packed), 6)]
    if tool[:2] + bytes(4) not in entries:
        return []
    later = entries[entries.index(tool[:2] + bytes(4)) + 1 :]
    return [entry[2:] for entry in later if entry[:2] == tool[:2]][:2]


def _mark(words: str) -> bytes:
    return (crc32(words.encode("utf-8", "replace")) or 1).to_bytes(4, "big")


# Tests of conditions.

_TEST = Struct("<IIfffHH?x")


def singles(packed: bytearray, met: Iterable[int]) -> list[tuple[float, int, float, float]]:
    rows = [_TEST.unpack_from(packed, at) for at in met]
    return [(wealth, first, bad, good) for first, second, wealth, bad, good, *_ in rows if not second]


def untested(packed: bytearray, met: Iterable[int], pairs: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    known = {_TEST.unpack_from(packed, at)[:2] for at in met}
    return [pair for pair in pairs if pair not in known]


# Calls that worked.


def note_call(table: bytearray, call: int, calls: int, *, failed: bool) -> bytearray:
    if not table:
        table = bytearray(256)
    while len(table) < 4_096 and len(table) < calls * 16:
        table = table + table
    slot, mark = call & (len(table) - 1), (call >> 20) % 255 + 1
    if not failed:
        table[slot] = mark
    elif table[slot] == mark:
        table[slot] = 0
    return table
