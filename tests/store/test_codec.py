from __future__ import annotations

import msgspec
import pytest

from sidecar.model.errors import CorruptStoreError, InvalidArgumentError
from sidecar.model.tool import Tool, ToolDescriptor
from sidecar.store import Table, struct_codec, tool_key, u64
from sidecar.store.tables import CALL_IDS, CALLS, DECISIONS, TOOLS
from tests.store.records import decision, decision_id, observation


class Old(msgspec.Struct, array_like=True):
    name: str


class New(msgspec.Struct, array_like=True):
    name: str
    added: int = 7


def test_records_come_back() -> None:
    call, decided, tool = observation(1, "a"), decision(decision_id(1), "a"), Tool(ToolDescriptor("git"))
    assert CALLS.decode(b"k", CALLS.encode(call)) == call
    assert DECISIONS.decode(b"k", DECISIONS.encode(decided)) == decided
    assert TOOLS.decode(b"k", TOOLS.encode(tool)) == tool
    assert CALL_IDS.decode(b"k", CALL_IDS.encode(2**64 - 1)) == 2**64 - 1


def test_appended_fields_read_both_ways() -> None:
    old, new = Table("x", struct_codec(Old)), Table("x", struct_codec(New))
    assert new.decode(b"k", old.encode(Old("a"))) == New("a", 7)
    assert old.decode(b"k", new.encode(New("a", 8))) == Old("a")


def test_damage_names_table_and_key() -> None:
    for raw in (b"", b"\xc1", b"\x91\x01", TOOLS.encode(Tool(ToolDescriptor("git")))[:-3]):
        with pytest.raises(CorruptStoreError) as caught:
            TOOLS.decode(b"\x01\xff", raw)
        assert caught.value.metadata == {"table": "tools", "key": "01ff"}
    with pytest.raises(CorruptStoreError):
        CALL_IDS.decode(b"k", b"1234567")


def test_structs_that_cannot_evolve_are_refused() -> None:
    class Keyed(msgspec.Struct):
        name: str

    with pytest.raises(TypeError):
        struct_codec(Keyed)


def test_keys() -> None:
    assert sorted([u64(256), u64(255), u64(2**63)]) == [u64(255), u64(256), u64(2**63)]
    assert tool_key("é" * 128) == "é".encode() * 128
    for name in ("", "é" * 129):
        with pytest.raises(InvalidArgumentError):
            tool_key(name)
