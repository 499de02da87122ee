from __future__ import annotations

from collections.abc import Callable

from hypothesis import given, settings
from hypothesis import strategies as st

from sidecar.model.tool import Counts
from sidecar.store import Limits, Removed, Retention, Store, WriteTransaction, age_key, hash16, u64
from sidecar.store.retention import REMOVED, REMOVED_COUNTS, REMOVED_KEY, count_decision, removed_key
from sidecar.store.tables import CALL_IDS, CALLS, DECISION_CALLS, DECISIONS, SESSION_AGES, SESSION_KEYS, TOOLS
from tests.store.records import decision, decision_id, observation

Open = Callable[..., Store]
NOW = 1e9


def add_calls(number: int, tool: str = "git", time: float = NOW) -> Callable[[WriteTransaction], None]:
    def job(transaction: WriteTransaction) -> None:
        for _ in range(number):
            sequence = transaction.next_sequence()
            call_id = f"c{sequence}"
            transaction.put(CALLS, u64(sequence), observation(sequence, call_id, tool, time))
            transaction.put(CALL_IDS, hash16(call_id), sequence)

    return job


def add_decision(number: int, call_id: str, time: float = NOW) -> Callable[[WriteTransaction], None]:
    def job(transaction: WriteTransaction) -> None:
        identity = decision_id(number, time)
        transaction.put(DECISIONS, identity, decision(identity, call_id))
        transaction.put(DECISION_CALLS, hash16(call_id), identity)

    return job


@given(st.lists(st.integers(1, 150), min_size=1, max_size=6), st.integers(1, 200))
@settings(max_examples=6, deadline=None)
def test_totals_are_the_journal_and_what_was_removed(tmp_path_factory: object, batches: list[int], limit: int) -> None:
    folder = tmp_path_factory.mktemp("retention") / "data"  # type: ignore[attr-defined]
    with Store(folder, retention=Retention(Limits(calls=limit, decisions=limit)), clock=lambda: NOW) as store:
        total = 0
        for place, size in enumerate(batches):
            store.submit(add_calls(size, tool="git" if place % 2 else "ls")).result(10)
            total += size
            with store.read() as reader:
                kept = reader.count(CALLS)
                assert kept <= limit
                assert reader.count(CALL_IDS) == kept
                removed = reader.get(REMOVED, REMOVED_KEY) or Removed()
                assert kept + removed.calls == total
                by_tool = [reader.get(REMOVED_COUNTS, removed_key(tool)) or Counts() for tool in ("git", "ls")]
                assert sum(counts.failure for counts in by_tool) == removed.calls
        assert store.verify().problems == []


def test_what_is_old_goes_in_small_steps(open_store: Open) -> None:
    now = [NOW]
    store = open_store(retention=Retention(Limits(days=1.0)), clock=lambda: now[0])
    store.submit(add_calls(300)).result(5)
    for number in range(300):
        store.submit(add_decision(number, f"c{number % 200}"))
    store.submit(add_calls(1)).result(5)
    now[0] = NOW + 2 * 86_400
    before = store.commit_sequence
    store.submit(add_calls(1, time=now[0])).result(5)
    with store.read() as reader:
        assert reader.count(CALLS) == 301 + 1 - 64
    # The rest goes without anybody writing.
    while store.commit_sequence < before + 10:
        store.submit(lambda _: None).result(5)
    with store.read() as reader:
        assert (reader.count(CALLS), reader.count(CALL_IDS)) == (1, 1)
        assert (reader.count(DECISIONS), reader.count(DECISION_CALLS)) == (0, 0)
        removed = reader.get(REMOVED_COUNTS, removed_key("git"))
        assert removed is not None
        assert (removed.failure, removed.decisions, removed.would_prevent_right) == (301, 300, 300)


def test_ages_are_looked_at_once_a_second(open_store: Open) -> None:
    now = [NOW]
    store = open_store(retention=Retention(Limits(days=1.0)), clock=lambda: now[0])

    def kept() -> int:
        with store.read() as reader:
            return reader.count(CALLS)

    store.submit(add_calls(3)).result(5)
    now[0] = NOW + 86_400 - 0.5  # looked at: not too old yet
    store.submit(lambda txn: txn.touch()).result(5)
    now[0] += 0.9  # too old, and not looked at
    store.submit(lambda txn: txn.touch()).result(5)
    assert kept() == 3
    now[0] += 0.2
    store.submit(lambda txn: txn.touch()).result(5)
    assert kept() == 0
    now[0] -= 100 * 86_400  # a clock that was set back does not end it
    store.submit(add_calls(1, time=NOW - 200 * 86_400)).result(5)
    assert kept() == 0


def test_sessions_go_with_their_ages(open_store: Open) -> None:
    store = open_store(retention=Retention(Limits(sessions=10)), clock=lambda: NOW)

    def add(number: int) -> Callable[[WriteTransaction], None]:
        def job(transaction: WriteTransaction) -> None:
            transaction.put(SESSION_KEYS, hash16(f"s{number}"), b"record")
            transaction.put(SESSION_AGES, age_key(int(NOW * 1e6) + number, hash16(f"s{number}")), b"")

        return job

    for number in range(50):
        store.submit(add(number)).result(5)
    with store.read() as reader:
        assert reader.count(SESSION_KEYS) == reader.count(SESSION_AGES) == 10
        assert reader.get(SESSION_KEYS, hash16("s49")) == b"record"
        assert reader.get(SESSION_KEYS, hash16("s39")) is None
    assert store.verify().problems == []


def test_a_call_asked_twice_keeps_its_later_decision(open_store: Open) -> None:
    store = open_store(retention=Retention(Limits(decisions=1)), clock=lambda: NOW)
    store.submit(add_decision(1, "c")).result(5)
    store.submit(add_decision(2, "c")).result(5)
    with store.read() as reader:
        assert reader.get(DECISION_CALLS, hash16("c")) == decision_id(2)
    assert store.verify().problems == []
    counts = Counts()
    count_decision(counts, decision(b"x" * 16, "c"))
    assert (counts.decisions, counts.would_prevent, counts.would_prevent_right) == (1, 1, 1)


def test_verify_finds_what_is_wrong(open_store: Open) -> None:
    store = open_store(clock=lambda: NOW)

    def damage(transaction: WriteTransaction) -> None:
        add_calls(3)(transaction)
        add_decision(1, "d")(transaction)
        transaction.delete(CALL_IDS, hash16("c1"))
        transaction.put(CALL_IDS, hash16("nobody"), 99)
        transaction.put(CALL_IDS, hash16("other"), 2)
        transaction.delete(DECISION_CALLS, hash16("d"))
        transaction.put(DECISION_CALLS, hash16("e"), decision_id(7))
        transaction.put(SESSION_AGES, age_key(int(NOW * 1e6), hash16("s")), b"")
        transaction.put_raw(TOOLS, b"git", b"\xc1")

    store.submit(damage).result(5)
    problems, entries = store.verify([lambda reader: [f"{reader.count(CALLS)} calls"]])
    assert len(problems) == 9, problems
    assert (entries["calls"], entries["call_ids"], entries["tools"]) == (3, 4, 1)
    assert any("tools[676974]" in problem for problem in problems)
