"""Keys that errors ask for: read from errors of several makes, and learned across sessions."""

from __future__ import annotations

import pytest

from sidecar.capture.missing_keys import asked_for, keys_of

from .replaying import Replay


@pytest.mark.parametrize(
    ("error", "arguments", "asked"),
    [
        ("'file_hash' is a required property", {"path": "x"}, ("file_hash",)),
        ("Missing required argument: path", {"name": "x"}, ("path",)),
        ("f() missing 2 required positional arguments: 'a1' and 'b1'", {"c1": 1}, ("a1", "b1")),
        ("1 error for Payment\npayment_id\n  Field required [type=missing]", {"pay": [{"id": 1}]}, ("payment_id",)),
        ("The field body.user.email is required.", {"name": "x"}, ("email",)),
        ('required property "limit" not found', {"offset": 0}, ("limit",)),
        # What is given is not asked for, at whatever depth, nor what stands in a value.
        ("'file_hash' is a required property", {"file_hash": None}, ()),
        ("'payment_id' is required", {"payments": [{"payment_id": 3}]}, ()),
        ("'gift_card' is missing", {"method": "gift_card"}, ()),
        ("File 'a.txt' not found", {"path": "a.txt"}, ()),
        ("", {"path": "a"}, ()),
    ],
)  # fmt: skip
def test_what_an_error_asks_for(error: str, arguments: dict[str, object], asked: tuple[str, ...]) -> None:
    assert asked_for(error, arguments) == asked  # type: ignore[arg-type]


def test_keys_at_any_depth_and_a_bound() -> None:
    assert keys_of({"a": {"b": [{"c": 1}, {"d": {"e": None}}]}}) == {"a", "b", "c", "d", "e"}
    deep: dict[str, object] = {}
    for number in range(5_000):
        deep = {f"k{number}": deep}
    assert len(keys_of(deep)) < 1_000  # type: ignore[arg-type]


def test_a_call_without_the_key_is_expected_to_fail_in_another_session() -> None:
    replay = Replay()
    for number in range(4):
        replay.tell({"path": f"f{number}"}, "'file_hash' is a required property", f"s{number}")
        replay.tell({"path": f"f{number}", "file_hash": "x"}, "", f"s{number}")
    lacking = {"path": "other"}
    assert replay.features(lacking, "new")["missing_key"] > 1.0
    assert replay.features({**lacking, "file_hash": "y"}, "new")["missing_key"] == 0.0
    fact = replay.explain("missing_key", lacking, "new")
    assert fact is not None
    assert "“file_hash”" in fact.summary
    assert "4 of 4" in fact.summary
    assert "“file_hash”" in fact.remedy


def test_a_key_that_calls_work_without_loses_its_say() -> None:
    replay = Replay()
    replay.tell({"path": "a"}, "'mode' is required when the path is relative", "s")
    before = replay.features({"path": "/b"}, "t")["missing_key"]
    for number in range(12):
        replay.tell({"path": f"/{number}"}, "", f"t{number}")
    assert replay.features({"path": "/b"}, "t")["missing_key"] < before / 2.0


def test_keys_of_a_tool_are_bounded() -> None:
    replay = Replay()
    for number in range(40):
        replay.tell({"path": "a"}, f"'key_{number}' is a required property", f"s{number}")
    assert len(replay.model().missing) == 16
    assert "key_39" in replay.model().missing
