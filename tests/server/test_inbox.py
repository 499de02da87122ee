"""Messages that wait for one another: answered in order, once each, and before long."""

from __future__ import annotations

import pytest

from sidecar.server import inbox
from sidecar.server.chain import Answer
from sidecar.server.inbox import MOST, Inbox


class Echo:
    """Answers with what it was asked, but for what is empty; notes all that happens."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, Answer]] = []

    def act(self, message: bytes) -> Answer | None:
        self.seen.append(("act", message))
        return message or None

    def send(self, answer: Answer) -> None:
        self.seen.append(("send", answer))


def test_all_are_decided_on_in_order_and_then_all_are_told() -> None:
    held, call = Inbox(), Echo()
    for message in (b"a", b"", b"c"):
        held.put(call, message)
    assert len(held) == 3
    assert call.seen == []
    held.answer()
    assert call.seen == [("act", b"a"), ("act", b""), ("act", b"c"), ("send", b"a"), ("send", b"c")]
    held.answer()
    assert len(call.seen) == 5
    assert not held


def test_what_comes_while_others_are_answered_is_for_the_next_time() -> None:
    held, call = Inbox(), Echo()

    class Asks(Echo):
        def send(self, answer: Answer) -> None:
            held.put(call, b"more")

    held.put(Asks(), b"a")
    held.answer()
    assert call.seen == []
    held.answer()
    assert call.seen == [("act", b"more"), ("send", b"more")]


def test_they_are_due_when_there_are_many() -> None:
    held = Inbox()
    for _ in range(MOST - 1):
        held.put(Echo(), b"")
        assert not held.is_due()
    held.put(Echo(), b"")
    assert held.is_due()


def test_they_are_due_when_the_first_has_waited(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr(inbox.time, "monotonic", lambda: now[0])  # type: ignore[attr-defined]
    held = Inbox()
    held.put(Echo(), b"")
    now[0] += inbox.LONGEST / 2
    held.put(Echo(), b"")
    assert not held.is_due()
    now[0] += inbox.LONGEST
    assert held.is_due()
    held.answer()
    held.put(Echo(), b"")
    assert not held.is_due()


def test_answers_do_not_wait_for_others_that_take_long(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr(inbox.time, "monotonic", lambda: now[0])  # type: ignore[attr-defined]

    class Slow(Echo):
        def act(self, message: bytes) -> Answer | None:
            now[0] += 0.6 * inbox.LONGEST
            return super().act(message)

    held, call = Inbox(), Slow()
    for message in (b"a", b"b", b"c"):
        held.put(call, message)
    held.answer()
    assert call.seen == [("act", b"a"), ("act", b"b"), ("send", b"a"), ("send", b"b"), ("act", b"c"), ("send", b"c")]
