from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import Any

import pytest

import forewarn
from forewarn import Backoff, Cause, Failure, Heal, HealFailed, Prevented
from forewarn.v1 import guard_pb2

from .double import Double, allow, prevent


class HTTPError(Exception):
    def __init__(self, status: int, retry_after: float | None = None) -> None:
        super().__init__(f"HTTP {status}")
        self.status_code = status
        self.retry_after = retry_after


class Time:
    """A clock that sleeping moves."""

    def __init__(self) -> None:
        self.now = 0.0
        self.slept: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds

    async def async_sleep(self, seconds: float) -> None:
        self.sleep(seconds)
        await asyncio.sleep(0)

    def heal(self, on: Any = (Cause.PERMISSION,), remedy: Any = None, **more: Any) -> Heal:
        more.setdefault("random", lambda: 0.5)
        return Heal(on, remedy, clock=lambda: self.now, sleep=self.sleep, async_sleep=self.async_sleep, **more)


@pytest.fixture
def time() -> Time:
    return Time()


class Login:
    """A tool that needs a login, and the login."""

    def __init__(self) -> None:
        self.valid = False
        self.logins = 0
        self.seen: list[Failure] = []

    def remedy(self, failure: Failure) -> None:
        self.logins += 1
        self.seen.append(failure)
        self.valid = True

    def view(self, key: str = "AB-1") -> str:
        if not self.valid:
            raise HTTPError(401)
        return key


def test_a_named_cause_is_healed_and_each_attempt_recorded(client: forewarn.Client, double: Double, time: Time) -> None:
    jira = Login()
    view = client.guarded("view", heal=time.heal(remedy=jira.remedy))(jira.view)
    assert view("AB-7") == "AB-7"
    assert jira.logins == 1
    assert jira.seen[0].cause is Cause.PERMISSION
    assert jira.seen[0].classification is not None
    assert double.outcomes() == [("failure", 1), ("success", 2)]
    first, second = double.records
    assert first.call.call_id != second.call.call_id
    assert double._answers[second.call.call_id].classification.category == forewarn.Outcome.RETRY.number
    assert time.slept == [0.05]
    assert (client.stats.heals, client.stats.retries) == (1, 1)


def test_the_daemon_classifies_even_when_records_go_in_the_background(
    client: forewarn.Client, double: Double, time: Time
) -> None:
    jira = Login()
    assert client.guarded(record="background", heal=time.heal(remedy=jira.remedy))(jira.view)() == "AB-1"
    assert client.flush()
    assert double.outcomes() == [("failure", 1), ("success", 2)]


def test_other_causes_and_cancellations_are_left_alone(client: forewarn.Client, double: Double, time: Time) -> None:
    heal = time.heal(remedy=lambda failure: pytest.fail("healed"))
    for error in (HTTPError(404), KeyboardInterrupt(), asyncio.CancelledError()):

        def tool(error: BaseException = error) -> None:
            raise error

        with pytest.raises(type(error)):
            client.guarded("t", exclude=["error"], heal=heal)(tool)()
    client.flush()
    assert sorted(o for o, _ in double.outcomes()) == ["cancelled", "cancelled", "failure"]


def test_a_prevented_call_is_never_healed(client: forewarn.Client, double: Double, time: Time) -> None:
    double.decide = prevent()
    heal = time.heal(on=lambda failure: True, remedy=lambda failure: pytest.fail("healed"))
    with pytest.raises(Prevented):
        client.guarded("t", heal=heal)(lambda: pytest.fail("called"))()
    assert double.outcomes() == [("prevented", 1)]


def test_the_exceptions_type_stands_in_for_a_cause_that_is_not_known(
    client: forewarn.Client, double: Double, time: Time
) -> None:
    left = [ConnectionResetError("reset"), None]
    heal = time.heal(on={Cause.UNAVAILABLE}, causes={ConnectionError: Cause.UNAVAILABLE})

    def tool() -> int:
        if (error := left.pop(0)) is not None:
            raise error
        return 1

    assert client.guarded("t", heal=heal)(tool)() == 1
    assert double.outcomes() == [("failure", 1), ("success", 2)]


def test_backoff_has_full_jitter_and_honours_retry_after(client: forewarn.Client, double: Double, time: Time) -> None:
    errors = [HTTPError(429), HTTPError(429, retry_after=9), HTTPError(429), HTTPError(429)]
    backoff = Backoff(base=1.0, factor=2.0, cap=3.0)
    heal = time.heal(on={Cause.RATE_LIMITED}, attempts=4, backoff=backoff)

    def tool() -> None:
        raise errors.pop(0)

    with pytest.raises(HTTPError):
        client.guarded("t", heal=heal)(tool)()
    assert time.slept == [0.5, 9, 1.5]
    assert double.outcomes() == [("failure", n) for n in (1, 2, 3, 4)]
    assert Backoff().pause(10_000, 0.999, None) <= Backoff().cap


def _advice(*, worth_it: bool) -> guard_pb2.RetryAdvice:
    advice = guard_pb2.RetryAdvice(worth_it=worth_it, p_success=0.8 if worth_it else 0.1, reason="seen")
    if worth_it:
        advice.after.FromMilliseconds(7500)
    return advice


def test_advice_to_retry_is_followed_where_that_is_wanted(client: forewarn.Client, double: Double, time: Time) -> None:
    double.retry_advice = _advice(worth_it=True)
    remedies: list[Failure] = []
    seen: list[str] = []

    def tool() -> str:
        seen.append("call")
        if len(seen) == 1:
            raise HTTPError(503)
        return "done"

    heal = time.heal(on=(), remedy=remedies.append, advised=True)
    assert client.guarded("t", heal=heal)(tool)() == "done"
    assert time.slept == [7.5]
    assert not remedies, "the advice alone spoke for another attempt"


@pytest.mark.parametrize(("advised", "worth_it"), [(False, True), (True, False)])
def test_no_retry_without_the_wish_or_the_advice(
    client: forewarn.Client, double: Double, time: Time, advised: bool, worth_it: bool
) -> None:
    double.retry_advice = _advice(worth_it=worth_it)

    def tool() -> None:
        raise HTTPError(503)

    with pytest.raises(HTTPError):
        client.guarded("t", heal=time.heal(on=(), advised=advised))(tool)()
    assert len(double.records) == 1
    assert time.slept == []


def test_a_record_tells_the_advice(client: forewarn.Client, double: Double) -> None:
    double.retry_advice = _advice(worth_it=True)
    retry = client.record("t", {}, "failure", error="HTTP 503").retry
    assert retry is not None
    assert (retry.worth_it, retry.after, retry.p_success, retry.reason) == (True, 7.5, 0.8, "seen")
    assert client.record("t", {}, "success").retry is None


def test_the_decisions_retry_after_is_honoured(client: forewarn.Client, double: Double, time: Time) -> None:
    def decide(call: Any) -> Any:
        decision = allow(call)
        decision.retry_after.seconds = 4
        return decision

    double.decide = decide
    jira = Login()
    client.guarded("t", heal=time.heal(remedy=jira.remedy))(jira.view)()
    assert time.slept == [4]


def test_no_attempt_begins_after_the_total(client: forewarn.Client, double: Double, time: Time) -> None:
    heal = time.heal(on={Cause.RATE_LIMITED}, attempts=100, total=20.0)

    def tool() -> None:
        time.now += 6
        raise HTTPError(429, retry_after=1)

    with pytest.raises(HTTPError):
        client.guarded("t", heal=heal)(tool)()
    assert len(double.records) == 3
    assert time.now == 20


def test_a_remedy_that_fails_says_so(client: forewarn.Client, double: Double, time: Time) -> None:
    def remedy(failure: Failure) -> None:
        raise OSError("no network")

    with pytest.raises(HealFailed, match="no network") as caught:
        client.guarded("t", heal=time.heal(remedy=remedy))(Login().view)()
    assert isinstance(caught.value.__cause__, HTTPError)
    assert isinstance(caught.value.remedy_error, OSError)
    assert double.outcomes() == [("failure", 1)]
    assert client.stats.heals_failed == 1


def test_after_a_remedy_what_was_learned_does_not_prevent_but_a_policy_does(
    client: forewarn.Client, double: Double, time: Time
) -> None:
    def decide(code: str) -> Callable[[Any], Any]:
        return lambda call: (prevent(code) if call.attempt > 1 else allow)(call)

    double.decide = decide("exact_repeat")
    jira = Login()
    assert client.guarded("t", heal=time.heal(remedy=jira.remedy))(jira.view)() == "AB-1"
    assert double.outcomes() == [("failure", 1), ("success", 2)]
    double.decide = decide("policy")
    other = Login()
    with pytest.raises(Prevented) as caught:
        client.guarded("t", heal=time.heal(remedy=other.remedy))(other.view)()
    assert isinstance(caught.value.__cause__, HTTPError)
    assert double.outcomes()[2:] == [("failure", 1), ("prevented", 2)]


def test_without_a_remedy_what_was_learned_prevents_the_retry(
    client: forewarn.Client, double: Double, time: Time
) -> None:
    double.decide = lambda call: (prevent() if call.attempt > 1 else allow)(call)
    with pytest.raises(Prevented):
        client.guarded("t", heal=time.heal())(Login().view)()
    assert double.outcomes() == [("failure", 1), ("prevented", 2)]


def test_32_threads_one_remedy(client: forewarn.Client, double: Double, time: Time) -> None:
    jira = Login()
    together = threading.Barrier(32)

    def view(n: int) -> int:
        if not jira.valid:
            together.wait(20)  # all have failed attempts in hand before any remedy
            raise HTTPError(401)
        return n

    guarded = client.guarded("view", heal=time.heal(remedy=jira.remedy))(view)
    results: list[int] = []
    threads = [threading.Thread(target=lambda n=n: results.append(guarded(n))) for n in range(32)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(results) == list(range(32))
    assert jira.logins == 1
    assert client.stats.heals == 1
    assert sorted(double.outcomes()) == [("failure", 1)] * 32 + [("success", 2)] * 32


async def test_32_tasks_one_async_remedy(aclient: forewarn.AsyncClient, double: Double, time: Time) -> None:
    jira = Login()
    failed = 0

    async def remedy(failure: Failure) -> None:
        await asyncio.sleep(0.01)
        jira.remedy(failure)

    @aclient.guarded("view", heal=time.heal(remedy=remedy))
    async def view(n: int) -> int:
        nonlocal failed
        if not jira.valid:
            failed += 1
            while failed < 32:  # noqa: ASYNC110 - it is a counter
                await asyncio.sleep(0)
            raise HTTPError(401)
        return n

    assert await asyncio.gather(*(view(n) for n in range(32))) == list(range(32))
    assert jira.logins == 1


async def test_threads_and_tasks_share_one_remedy(
    client: forewarn.Client, aclient: forewarn.AsyncClient, time: Time
) -> None:
    jira = Login()
    together = threading.Barrier(2)
    heal = time.heal(remedy=jira.remedy)

    def view() -> str:
        if not jira.valid:
            together.wait(20)
        return jira.view()

    @aclient.guarded("view", heal=heal)
    async def aview() -> str:
        if not jira.valid:
            await asyncio.to_thread(together.wait, 20)
            raise HTTPError(401)
        return "AB-1"

    sync = client.guarded("view", heal=heal)(view)
    assert await asyncio.gather(asyncio.to_thread(sync), aview()) == ["AB-1", "AB-1"]  # type: ignore[comparison-overlap]
    assert jira.logins == 1


def test_all_who_wait_for_a_failed_remedy_hear_of_it(client: forewarn.Client, time: Time) -> None:
    together = threading.Barrier(8)
    ran = []

    def remedy(failure: Failure) -> None:
        ran.append(1)
        raise OSError("no network")

    def view() -> None:
        together.wait(20)
        raise HTTPError(401)

    guarded = client.guarded("view", heal=time.heal(remedy=remedy))(view)
    caught: list[BaseException] = []

    def work() -> None:
        try:
            guarded()
        except HealFailed as error:
            caught.append(error)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len(caught) == 8
    assert len({id(error.__cause__) for error in caught}) == 8, "each has its own tool's error as cause"
    assert ran == [1]


async def test_the_others_get_their_remedy_when_its_caller_is_cancelled(
    aclient: forewarn.AsyncClient, time: Time
) -> None:
    jira, running, go = Login(), asyncio.Event(), asyncio.Event()

    async def remedy(failure: Failure) -> None:
        running.set()
        await go.wait()
        jira.remedy(failure)

    @aclient.guarded("view", heal=time.heal(remedy=remedy))
    async def view() -> str:
        return jira.view()

    first = asyncio.create_task(view())
    await running.wait()
    second = asyncio.create_task(view())
    while aclient.stats.records_stored < 2:  # noqa: ASYNC110 - it is a counter
        await asyncio.sleep(0.005)
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    go.set()
    assert await second == "AB-1"
    assert jira.logins == 1


def test_a_remedy_that_needs_itself_does_not_wait_for_itself(client: forewarn.Client, time: Time) -> None:
    guarded: Callable[[], str]
    heal = time.heal(remedy=lambda failure: guarded())
    guarded = client.guarded("t", heal=heal)(Login().view)
    with pytest.raises(HealFailed, match="HTTP 401"):
        guarded()


async def test_an_async_remedy_needs_an_async_function(client: forewarn.Client, time: Time) -> None:
    async def remedy(failure: Failure) -> None: ...

    with pytest.raises(TypeError, match="async remedy"):
        client.guarded(heal=time.heal(remedy=remedy))(lambda: 1)
    jira = Login()

    def starts_one(failure: Failure) -> Any:
        async def later() -> None:
            jira.remedy(failure)

        return later()

    fixed = time.heal(remedy=starts_one)

    @client.guarded("t", heal=fixed)
    async def view() -> str:
        return jira.view()

    assert await view() == "AB-1"


def test_an_async_remedy_that_hides_is_found(client: forewarn.Client, time: Time) -> None:
    async def later() -> None: ...

    made = []

    def remedy(failure: Failure) -> Any:
        made.append(later())
        return made[0]

    with pytest.raises(HealFailed, match="async remedy"):
        client.guarded("t", heal=time.heal(remedy=remedy))(Login().view)()
    made[0].close()
