"""Rows that readers share: what is found, and what has to be read."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.native.kept import Draft, Kept, Lookup, Row

_CACHED: Any = SimpleNamespace(name="rows", cached=True, decode=lambda _key, raw: f"decoded {raw!r}")
_PLAIN: Any = SimpleNamespace(name="rows", cached=False)


class _Reader(Lookup):
    def _read(self, table: Any, key: bytes) -> object:
        return table, key


@given(st.integers(0, 9), st.integers(0, 9), st.integers(0, 9), st.none() | st.binary(max_size=3))
def test_a_row_is_right_for_its_snapshots(since: int, until: int, snapshot: int, raw: bytes | None) -> None:
    reader = _Reader()
    reader.see({"rows": {b"k": Kept("a record", since, until, raw)}}, snapshot)
    right = "a record" if raw is None else f"decoded {raw!r}"
    for _ in range(2):
        assert reader.get(_CACHED, b"k") == (right if since <= snapshot < until else (_CACHED, b"k"))
    assert reader.get(_CACHED, b"other") == (_CACHED, b"other")
    assert reader.get(_PLAIN, b"k") == (_PLAIN, b"k")
    assert reader.snapshot == snapshot


def test_bytes_are_decoded_once_and_what_cannot_be_stays() -> None:
    decoded: list[bytes] = []

    def decode(_key: bytes, raw: bytes) -> bytes:
        decoded.append(raw)
        if len(decoded) == 1:
            raise ValueError("not yet")
        return raw * 2

    table: Any = SimpleNamespace(name="rows", cached=True, decode=decode)
    kept = Kept(None, 0, 9, b"x")
    with pytest.raises(ValueError, match="not yet"):
        kept.decoded(table, b"k")
    assert [kept.decoded(table, b"k") for _ in range(3)] == [b"xx"] * 3
    assert decoded == [b"x"] * 2


def test_a_table_that_is_not_there() -> None:
    reader = _Reader()
    reader.see({}, 1)
    with pytest.raises(KeyError):
        reader.get(_CACHED, b"k")


def test_what_a_commit_changes_is_kept_once_for_each_row() -> None:
    stored = {b"there": b"as it was"}

    def read(key: bytes, default: None, handle: str) -> bytes | None:
        assert handle == "a handle"
        return stored.get(key, default)

    class _Commit(Draft):
        def _begin_anew(self, table: Any, known: dict[bytes, Row]) -> None:
            anew.append(table.name)
            known.clear()

        def _get_plain(self, table: Any, key: bytes) -> object:
            return "plain", key

        def _put_plain(self, _table: Any, key: bytes, value: object) -> None:
            written.append((key, value))

    written: list[tuple[bytes, object]] = []
    commit = _Commit()
    anew: list[str] = []
    commit.begin({"rows": {}}, read, {"rows": "a handle"}, 2)
    assert commit.get(_CACHED, b"there") == "decoded b'as it was'"
    assert commit.get(_CACHED, b"new") is None
    for value in ("first", "then"):
        commit.put(_CACHED, b"there", value)
        commit.put(_CACHED, b"new", value)
        assert commit.get(_CACHED, b"there") == commit.get(_CACHED, b"new") == value
    assert [row.key for row in commit._dirty["rows"]] == [b"there", b"new"]
    assert commit._fresh == {"rows": 1}
    assert commit.writes == 4
    assert [row.stored for row in commit._rows["rows"].values()] == [True, False]
    assert not anew
    assert commit.get(_CACHED, b"one more") is None
    assert (anew, [*commit._rows["rows"]]) == (["rows"], [b"one more"])
    commit.put(_PLAIN, b"k", 1)
    assert written == [(b"k", 1)]
    assert commit.get(_PLAIN, b"k") == ("plain", b"k")
    with pytest.raises(KeyError):
        commit.get(SimpleNamespace(name="none", cached=True), b"k")  # type: ignore[arg-type]
