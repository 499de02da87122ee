from __future__ import annotations

from forewarn import Breaker


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def make() -> tuple[Breaker, Clock]:
    clock = Clock()
    return Breaker(threshold=2, cooldown=1.0, longest=3.0, clock=clock), clock


def test_opens_after_failures_in_a_row_only() -> None:
    breaker, _ = make()
    assert not breaker.failed()
    breaker.succeeded()
    assert not breaker.failed()
    assert breaker.admit()
    assert breaker.failed()
    assert breaker.is_open
    assert not breaker.admit()
    assert breaker.opened == 1


def test_one_trial_after_the_cooldown_and_longer_pauses() -> None:
    breaker, clock = make()
    breaker.failed()
    breaker.failed()
    for at, pause in ((1.0, 2.0), (3.0, 3.0), (6.0, 3.0)):
        clock.now = at - 0.01
        assert not breaker.admit()
        clock.now = at
        assert breaker.admit()
        assert not breaker.admit(), "one trial at a time"
        breaker.failed()
        assert breaker._retry_at == at + pause
    clock.now = 9.0
    assert breaker.admit()
    assert breaker.succeeded()
    assert breaker.admit()
    assert not breaker.is_open


def test_a_connection_that_came_back_ends_the_pause_and_an_abandoned_trial_frees_the_place() -> None:
    breaker, _ = make()
    breaker.failed()
    breaker.failed()
    assert not breaker.admit()
    breaker.reconnected()
    assert breaker.admit()
    breaker.abandoned()
    assert breaker.admit()
