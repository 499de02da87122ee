"""Answers that are held back: in order, once each, and not for long."""

from __future__ import annotations

import pytest

from sidecar.server import outbox
from sidecar.server.chain import Answer
from sidecar.server.outbox import MOST, Outbox


class Letters:
    def __init__(self) -> None:
        self.got: list[Answer] = []

    def send(self, answer: Answer) -> None:
        self.got.append(answer)


def test_they_are_sent_in_order_and_once() -> None:
    held, to = Outbox(), Letters()
    for number in range(5):
        held.put(to, bytes([number]))
    assert len(held) == 5
    assert to.got == []
    held.send()
    held.send()
    assert to.got == [bytes([number]) for number in range(5)]
    assert not held


def test_what_is_put_in_while_others_are_sent_is_for_the_next_time() -> None:
    held, to = Outbox(), Letters()

    class Asks:
        def send(self, answer: Answer) -> None:
            held.put(to, answer)

    held.put(Asks(), b"a")
    held.send()
    assert to.got == []
    held.send()
    assert to.got == [b"a"]


def test_they_are_due_when_there_are_many() -> None:
    held = Outbox()
    for _ in range(MOST - 1):
        held.put(Letters(), b"")
        assert not held.is_due()
    held.put(Letters(), b"")
    assert held.is_due()


def test_they_are_due_when_the_first_has_waited(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr(outbox.time, "monotonic", lambda: now[0])  # type: ignore[attr-defined]
    held = Outbox()
    held.put(Letters(), b"")
    now[0] += outbox.LONGEST / 2
    held.put(Letters(), b"")
    assert not held.is_due()
    now[0] += outbox.LONGEST
    assert held.is_due()
    held.send()
    held.put(Letters(), b"")
    assert not held.is_due()
