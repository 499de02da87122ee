"""How records become bytes and back: MessagePack arrays (msgspec), big-endian numbers, or bytes as they are.

Struct records are ``array_like``: a field is its position. So fields are only ever *appended*, with a default. An old
record then decodes with defaults, and a new record decodes in an older program, which ignores what it does not know.
Anything else (a field removed, moved or retyped; an enum value that an older program must read) is a new schema
version with a migration, see ``schema.py``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Generic, NoReturn, TypeVar

import msgspec

from sidecar.model.errors import CorruptStoreError

V = TypeVar("V")
S = TypeVar("S", bound=msgspec.Struct)


class Codec(Generic[V]):
    """A pair of functions. ``decode`` raises ValueError (msgspec's errors are such) where bytes are no record."""

    __slots__ = ("decode", "encode", "kind")

    def __init__(self, kind: str, encode: Callable[[V], bytes], decode: Callable[[bytes], V]) -> None:
        self.kind = kind
        self.encode = encode
        self.decode = decode


def struct_codec(record: type[S]) -> Codec[S]:
    """The codec of an ``array_like`` struct. TypeError for any other, whose fields could not be appended to."""
    if not record.__struct_config__.array_like:
        raise TypeError(f"{record.__name__} must be array_like to be stored")
    # One encoder and decoder for all threads: they hold no state between calls.
    return Codec(record.__name__, msgspec.msgpack.Encoder().encode, msgspec.msgpack.Decoder(record).decode)


def _encode_u64(number: int) -> bytes:
    return number.to_bytes(8, "big")


def _decode_u64(raw: bytes) -> int:
    if len(raw) != 8:
        raise ValueError(f"{len(raw)} bytes where 8 are a number")
    return int.from_bytes(raw, "big")


def _as_is(raw: bytes) -> bytes:
    return raw


RAW: Final[Codec[bytes]] = Codec("bytes", _as_is, _as_is)
U64: Final[Codec[int]] = Codec("u64", _encode_u64, _decode_u64)


def raise_corrupt(table: str, key: bytes, error: Exception) -> NoReturn:
    """Say which record cannot be read. The value stays out of the message: it may be long."""
    raise CorruptStoreError(f"{table}[{key.hex()}] cannot be read: {error}", table=table, key=key.hex()) from error
