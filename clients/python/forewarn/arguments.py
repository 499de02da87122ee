"""Arguments, context and results as the daemon wants them.

Arguments become one JSON object. What JSON has is taken as it is; what it has not:

===============================================  ============================================================
``datetime``, ``date``, ``time``                 ISO 8601 text, as ``isoformat`` gives it
``timedelta``                                    seconds
``Decimal``, ``UUID``, ``os.PathLike``           text
``bytes``, ``bytearray``, ``memoryview``         ``bytes:<length>:<blake2b, 16 hex digits>``: the content stays here
``Enum``                                         its value
dataclass instance, named tuple, pydantic model  an object of its fields
``Mapping``                                      an object; keys are text (or an ``Enum`` of text)
``list``, ``tuple``                              a list
``set``, ``frozenset``                           a list in the order of its items' JSON, so that equal sets are equal
anything that ``numbers`` calls an integer/real  a number (numpy scalars among them)
===============================================  ============================================================

NaN, the infinities, text with lone surrogates, cycles and every other type are an ``EncodingError`` that names the
path. The daemon's limits (1 MiB, 64 deep, 10,000 keys) are an ``ArgumentsTooLargeError``.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
import math
import numbers
import os
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from enum import Enum
from hashlib import blake2b
from typing import Any, Final, TypeAlias, TypeVar
from uuid import UUID

from .errors import ArgumentsTooLargeError, EncodingError

JSON: TypeAlias = "bool | int | float | str | list[JSON] | dict[str, JSON] | None"
Encode: TypeAlias = Callable[[object], object]
"""Turns a value of a type that is not in the table into one that is; raises TypeError for what it does not know."""

_T = TypeVar("_T")

MAX_BYTES: Final = 1 << 20
MAX_DEPTH: Final = 64
MAX_KEYS: Final = 10_000
EXCERPT_BYTES: Final = 4096
ERROR_BYTES: Final = 16_384


def encode_arguments(arguments: Mapping[str, object] | None, encode: Encode | None = None) -> str:
    """The arguments as JSON text; ``{}`` for None.

    Raises:
        EncodingError: a value has no JSON form.
        ArgumentsTooLargeError: a limit of the daemon is broken.
    """
    if arguments is None:
        return "{}"
    if not isinstance(arguments, Mapping):
        raise EncodingError("arguments", f"must be a mapping, not {type(arguments).__name__}")
    text = dumps(to_json(arguments, "arguments", encode))
    if (size := len(text.encode())) > MAX_BYTES:
        raise ArgumentsTooLargeError("arguments", f"come to {size:,} bytes of JSON", MAX_BYTES)
    return text


def to_json(value: object, path: str = "arguments", encode: Encode | None = None) -> JSON:
    """The value with everything in it turned into what JSON has. The table is above."""
    return _Walk(encode).value(value, path, 1)


def dumps(value: JSON) -> str:
    """Compact JSON text in the order of the keys as given."""
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def check_context(context: Mapping[str, str]) -> dict[str, str]:
    """The context as a dict of text to text.

    Raises:
        EncodingError: a key or a value is not text.
    """
    for key, value in context.items():
        if not isinstance(key, str):
            raise EncodingError("context", f"the key {key!r} is {type(key).__name__}, not text")
        if not isinstance(value, str):
            raise EncodingError(f"context.{key}", f"must be text, not {type(value).__name__}")
        _text(value, f"context.{key}")
    return dict(context)


def excerpt(result: object, limit: int = EXCERPT_BYTES) -> str:
    """The result's beginning, at most ``limit`` bytes of UTF-8; empty for None. Never raises."""
    if result is None:
        return ""
    try:
        if isinstance(result, str):
            return cut(result[:limit], limit)
        if isinstance(result, (bytes, bytearray, memoryview)):
            return _digest(result)
        # iterencode is lazy: a large result is read only as far as the excerpt goes.
        pieces, size = [], 0
        for piece in json.JSONEncoder(ensure_ascii=False, default=_described).iterencode(result):
            pieces.append(piece[:limit])
            size += len(piece)
            if size >= limit:
                break
        return cut("".join(pieces), limit)
    except Exception:  # noqa: BLE001 - a result's own methods may raise anything, and it is the tool's, not ours
        return _described(result)


def error_text(error: BaseException | str, limit: int = ERROR_BYTES) -> str:
    """``type: message`` of an exception, or the text as it is; beyond ``limit`` bytes the middle is dropped."""
    if isinstance(error, str):
        text = error
    else:
        try:
            message = str(error)
        except Exception:  # noqa: BLE001 - an exception's __str__ may itself be broken
            message = "(its message cannot be read)"
        name = type(error).__qualname__
        text = f"{name}: {message}" if message else name
    data = text.encode("utf-8", "replace")
    if len(data) <= limit:
        return data.decode()
    half = limit // 2 - 8
    return data[:half].decode(errors="ignore") + " […] " + data[-half:].decode(errors="ignore")


def cut(text: str, limit: int) -> str:
    """The text's beginning, at most ``limit`` bytes of UTF-8, never half a character."""
    data = text.encode("utf-8", "replace")
    return data[:limit].decode(errors="ignore")


def _described(value: object) -> str:
    return f"<{type(value).__module__}.{type(value).__qualname__}>"


def _digest(value: bytes | bytearray | memoryview) -> str:
    data = bytes(value)
    return f"bytes:{len(data)}:{blake2b(data, digest_size=8).hexdigest()}"


def _text(value: str, path: str) -> str:
    try:
        value.encode()
    except UnicodeEncodeError:
        raise EncodingError(path, "holds a lone surrogate, which UTF-8 has not") from None
    return value


class _Walk:
    def __init__(self, encode: Encode | None) -> None:
        self._encode = encode
        self._open: set[int] = set()
        self._keys = 0

    def value(self, value: object, path: str, depth: int) -> JSON:
        kind = type(value)
        if value is None or kind is bool or kind is int:
            return value  # type: ignore[return-value]
        if isinstance(value, Enum):
            return self.value(value.value, path, depth)
        if isinstance(value, str):
            return _text(str(value), path)
        if isinstance(value, Mapping):
            return self._object(value, value.items(), path, depth)
        if isinstance(value, tuple) and hasattr(value, "_fields"):
            return self._object(value, zip(value._fields, value, strict=True), path, depth)
        if isinstance(value, (list, tuple)):
            return self._list(value, value, path, depth)
        if isinstance(value, (set, frozenset)):
            return sorted(self._list(value, value, path, depth), key=dumps)
        if isinstance(value, (numbers.Integral, numbers.Real)):
            return self._number(value, path)
        return self._other(value, path, depth)

    def _number(self, value: numbers.Integral | numbers.Real, path: str) -> JSON:
        if isinstance(value, numbers.Integral):
            return int(value)
        number = float(value)
        if not math.isfinite(number):
            raise EncodingError(path, f"{number} is not JSON")
        return number

    def _other(self, value: object, path: str, depth: int) -> JSON:
        if isinstance(value, (dt.datetime, dt.date, dt.time)):
            return value.isoformat()
        if isinstance(value, dt.timedelta):
            return value.total_seconds()
        if isinstance(value, (Decimal, UUID)):
            return str(value)
        if isinstance(value, (bytes, bytearray, memoryview)):
            return _digest(value)
        if isinstance(value, os.PathLike):
            return _text(os.fsdecode(value), path)
        if dataclasses.is_dataclass(value) and not isinstance(value, type):
            pairs = [(field.name, getattr(value, field.name)) for field in dataclasses.fields(value)]
            return self._object(value, pairs, path, depth)
        if not isinstance(value, type) and callable(dump := getattr(value, "model_dump", None)):
            return self._within(value, path, lambda: self.value(dump(mode="json"), path, depth))
        if self._encode is not None:
            try:
                encoded = self._encode(value)
            except TypeError as error:
                raise EncodingError(path, f"{_described(value)} has no JSON form: {error}") from error
            return self._within(value, path, lambda: self.value(encoded, path, depth + 1), depth)
        hint = "convert it, leave it out (exclude=…), or give the client encode=…"
        raise EncodingError(path, f"{_described(value)} has no JSON form: {hint}")

    def _object(self, owner: object, pairs: Iterable[tuple[Any, object]], path: str, depth: int) -> dict[str, JSON]:
        def build() -> dict[str, JSON]:
            out: dict[str, JSON] = {}
            for raw, item in pairs:
                key = raw.value if isinstance(raw, Enum) else raw
                if not isinstance(key, str):
                    raise EncodingError(path, f"the key {key!r} is {type(key).__name__}, not text")
                self._keys += 1
                if self._keys > MAX_KEYS:
                    raise ArgumentsTooLargeError(path, "too many keys", MAX_KEYS)
                out[_text(str(key), path)] = self.value(item, f"{path}.{key}", depth + 1)
            return out

        return self._within(owner, path, build, depth)

    def _list(self, owner: object, items: Iterable[object], path: str, depth: int) -> list[JSON]:
        def build() -> list[JSON]:
            return [self.value(item, f"{path}[{index}]", depth + 1) for index, item in enumerate(items)]

        return self._within(owner, path, build, depth)

    def _within(self, owner: object, path: str, build: Callable[[], _T], depth: int = 0) -> _T:
        if depth > MAX_DEPTH:
            raise ArgumentsTooLargeError(path, "nested too deep", MAX_DEPTH)
        if id(owner) in self._open:
            raise EncodingError(path, "refers back to itself")
        self._open.add(id(owner))
        try:
            return build()
        finally:
            self._open.discard(id(owner))
