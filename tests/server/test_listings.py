"""What administrators see: pages, filters, tails, copies."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.protobuf.timestamp_pb2 import Timestamp

from forewarn.v1 import admin_pb2, model_pb2
from tests.conftest import StartDaemon

from .messages import FAILURE, ask, failed, record
from .running import RunningDaemon


def paged(rpc: Any, request: Any, rows: str) -> Iterator[Any]:
    """All rows of a listing, and every page within its size."""
    while True:
        answer = rpc(request, timeout=20)
        found = list(getattr(answer, rows))
        assert len(found) <= (request.page_size or 50)
        yield from found
        if not answer.next_page_token:
            return
        request.page_token = answer.next_page_token


def settled(daemon: RunningDaemon, decisions: int) -> None:
    deadline = time.monotonic() + 10
    while daemon.admin.GetStats(admin_pb2.GetStatsRequest()).total.decisions < decisions:
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_decisions_in_pages_and_by_filter(daemon: RunningDaemon) -> None:
    daemon.guard.RecordCall(failed("a", {"n": 1}, session="s"))
    began = time.time()
    ids = []
    for n in range(130):
        tool = "a" if n % 3 else "b"
        request = ask(tool, {"n": 1 if n % 3 == 1 else n}, session="s" if n % 3 == 1 else "other", call_id=f"c{n}")
        ids.append(daemon.guard.ShouldPrevent(request).decision.decision_id)
    settled(daemon, 130)

    def query(**more: Any) -> list[str]:
        found = paged(daemon.admin.QueryDecisions, admin_pb2.QueryDecisionsRequest(**more), "decisions")
        return [one.decision.decision_id for one in found]

    assert query() == ids[::-1]
    assert query(page_size=7) == ids[::-1]
    assert query(page_size=1000) == ids[::-1]
    assert query(tool="b", page_size=5) == ids[0::3][::-1]
    assert query(session_id="s") == ids[1::3][::-1]
    assert query(would_be=model_pb2.VERDICT_PREVENT, session_id="s") == ids[1::3][::-1]
    assert query(call_id="c77") == [ids[77]]
    assert query(call_id="c77", tool="b") == []
    assert query(call_id="nobody") == []
    assert query(tool="nobody") == []
    middle = int(ids[60][:12], 16) / 1000.0
    later = query(start_time=Timestamp(seconds=int(middle), nanos=int(middle % 1 * 1e9)))
    sooner = query(end_time=Timestamp(seconds=int(middle), nanos=int(middle % 1 * 1e9)))
    assert abs(len(later) - 70) <= 15
    assert set(later).isdisjoint(sooner)
    assert len(later) + len(sooner) == 130
    assert query(end_time=Timestamp(seconds=int(began) - 10)) == []


def test_calls_patterns_tools_and_events_in_pages(daemon: RunningDaemon) -> None:
    for n in range(60):
        daemon.guard.RecordCall(failed(f"tool{n % 20:02}", {"n": n}, session=f"s{n % 2}", call_id=f"c{n}"))
    admin = daemon.admin
    calls = list(paged(admin.QueryCalls, admin_pb2.QueryCallsRequest(page_size=9), "calls"))
    assert [one.call_id for one in calls] == [f"c{n}" for n in range(59, -1, -1)]
    assert len(list(paged(admin.QueryCalls, admin_pb2.QueryCallsRequest(session_id="s1"), "calls"))) == 30
    assert not admin.QueryCalls(admin_pb2.QueryCallsRequest(category=model_pb2.OUTCOME_SUCCESS)).calls
    tools = [one.descriptor.tool for one in paged(admin.ListTools, admin_pb2.ListToolsRequest(page_size=3), "tools")]
    assert tools == [f"tool{n:02}" for n in range(20)]
    stats = list(paged(admin.GetStats, admin_pb2.GetStatsRequest(page_size=6), "tools"))
    assert [(one.tool, one.counts.failure) for one in stats] == [(tool, 3) for tool in tools]
    patterns = list(
        paged(admin.QueryUsagePatterns, admin_pb2.QueryUsagePatternsRequest(page_size=11), "usage_patterns")
    )
    ids = [one.usage_pattern_id for one in patterns]
    assert len(ids) == len(set(ids)) == admin.GetStats(admin_pb2.GetStatsRequest()).usage_patterns
    levels = Counter(one.level for one in patterns)
    assert levels[model_pb2.USAGE_PATTERN_LEVEL_CALL] == 60
    assert levels[model_pb2.USAGE_PATTERN_LEVEL_TOOL] == 20
    some = admin_pb2.QueryUsagePatternsRequest(tool="tool07", level=model_pb2.USAGE_PATTERN_LEVEL_CALL, text='"N":47')
    assert [one.description for one in paged(admin.QueryUsagePatterns, some, "usage_patterns")] == ['{"n":47}']
    list(paged(admin.ListPreventionRules, admin_pb2.ListPreventionRulesRequest(page_size=2), "rules"))
    list(paged(admin.QueryEvents, admin_pb2.QueryEventsRequest(page_size=2), "events"))


def test_counts_equal_the_journal_when_retention_removes(start_daemon: StartDaemon) -> None:
    daemon = start_daemon("--max-calls", "100", "--max-decisions", "100", "--max-sessions", "10")
    for n in range(250):
        made = daemon.guard.ShouldPrevent(ask("t", {"n": n % 5}, session=f"s{n % 30}")).decision
        outcome = FAILURE if n % 2 else model_pb2.OUTCOME_SUCCESS
        daemon.guard.RecordCall(
            record("t", {"n": n % 5}, session=f"s{n % 30}", outcome=outcome, error="no", decision_id=made.decision_id)
        )
    settled(daemon, 250)
    total = daemon.admin.GetStats(admin_pb2.GetStatsRequest()).total
    assert total.success + total.retry + total.failure == 250
    assert total.failure == 125
    report = daemon.admin.VerifyStore(admin_pb2.VerifyStoreRequest())
    assert report.ok, report.problems
    assert report.entries["calls"] <= 164
    assert report.entries["decisions"] <= 164


def test_a_tail_shows_what_is_logged(daemon: RunningDaemon) -> None:
    channel = daemon.channel(daemon.admin_address)
    from forewarn.v1 import admin_pb2_grpc

    stub = admin_pb2_grpc.AdminServiceStub(channel)
    everything = stub.TailDecisions(admin_pb2.TailDecisionsRequest())
    only_b = stub.TailDecisions(admin_pb2.TailDecisionsRequest(tool="b"))
    seen: list[list[str]] = [[], []]

    def follow(stream: Any, into: list[str]) -> None:
        try:
            for one in stream:
                into.append(one.decision.decision.decision_id)
                assert one.missed == 0
        except grpc.RpcError:
            pass

    threads = [threading.Thread(target=follow, args=pair) for pair in zip((everything, only_b), seen, strict=True)]
    for thread in threads:
        thread.start()
    time.sleep(0.4)
    ids = [daemon.guard.ShouldPrevent(ask("ab"[n % 2])).decision.decision_id for n in range(400)]
    deadline = time.monotonic() + 10
    while (len(seen[0]) < 400 or len(seen[1]) < 200) and time.monotonic() < deadline:
        time.sleep(0.02)
    everything.cancel()
    only_b.cancel()
    for thread in threads:
        thread.join(5)
    assert sorted(seen[0]) == ids
    assert sorted(seen[1]) == ids[1::2]


def test_tails_end_with_the_daemon(daemon: RunningDaemon) -> None:
    stream = daemon.admin.TailDecisions(admin_pb2.TailDecisionsRequest())
    time.sleep(0.2)
    began = time.monotonic()
    daemon._close_channels = lambda: None  # type: ignore[method-assign]
    assert daemon.stop() == 0
    assert time.monotonic() - began < 4
    with pytest.raises((grpc.RpcError, StopIteration)):
        next(stream)


def test_a_backup_runs_as_a_daemon(daemon: RunningDaemon, tmp_path: Path) -> None:
    for n in range(50):
        daemon.guard.RecordCall(failed("t", {"n": n % 3}, session="s", call_id=f"c{n}"))
        daemon.guard.ShouldPrevent(ask("t", {"n": n % 3}, session="s"))
    settled(daemon, 50)
    target = tmp_path / "copies" / "one"
    answer = daemon.admin.CreateBackup(admin_pb2.CreateBackupRequest(path=str(target)), timeout=30)
    assert answer.bytes > 0
    daemon.guard.RecordCall(failed("t", {"n": 9}, call_id="later"))
    with pytest.raises(grpc.RpcError) as caught:
        daemon.admin.CreateBackup(admin_pb2.CreateBackupRequest(path=str(target)), timeout=30)
    assert caught.value.code() in (grpc.StatusCode.FAILED_PRECONDITION, grpc.StatusCode.INVALID_ARGUMENT)
    copy = RunningDaemon(folder=target).start()
    try:
        assert copy.admin.GetStatus(admin_pb2.GetStatusRequest()).store_sequence >= answer.store_sequence
        assert copy.admin.GetStats(admin_pb2.GetStatsRequest()).total.failure == 50
        assert copy.admin.VerifyStore(admin_pb2.VerifyStoreRequest()).ok
        assert copy.guard.RecordCall(failed("t", {"n": 1}, call_id="c3")).duplicate
        same = [one.guard.ShouldPrevent(ask("t", {"n": 1}, session="s")).decision for one in (daemon, copy)]
        assert same[0].would_be == same[1].would_be == model_pb2.VERDICT_PREVENT
    finally:
        copy.discard()


def test_compacting_goes_on_beside_checks_and_records(daemon: RunningDaemon) -> None:
    for n in range(300):
        daemon.guard.RecordCall(record("t", {"n": n, "x": "y" * 1500}))
    stop = threading.Event()
    slowest = 0.0
    problems: list[BaseException] = []

    def checks() -> None:
        nonlocal slowest
        n = 0
        while not stop.is_set():
            n += 1
            began = time.monotonic()
            try:
                daemon.guard.ShouldPrevent(ask("t", {"n": n}), timeout=20)
                daemon.guard.RecordCall(record("t", {"n": n}), timeout=20)
            except grpc.RpcError as error:
                problems.append(error)
            slowest = max(slowest, time.monotonic() - began)

    threads = [threading.Thread(target=checks) for _ in range(3)]
    for thread in threads:
        thread.start()
    for _ in range(5):
        gained = daemon.admin.CompactStore(admin_pb2.CompactStoreRequest(), timeout=30)
        assert 0 < gained.bytes_after <= gained.bytes_before
    stop.set()
    for thread in threads:
        thread.join()
    assert not problems
    assert slowest < 10
    assert daemon.admin.VerifyStore(admin_pb2.VerifyStoreRequest()).ok
    assert daemon.restart().admin.VerifyStore(admin_pb2.VerifyStoreRequest()).ok


def test_status_tells_where_it_is(daemon: RunningDaemon) -> None:
    status = daemon.admin.GetStatus(admin_pb2.GetStatusRequest())
    assert list(status.guard_addresses) == [daemon.guard_address, daemon.tcp_address]
    assert list(status.admin_addresses) == [daemon.admin_address]
    assert status.store_path == str(daemon.data_dir)
    assert status.mode == model_pb2.MODE_SHADOW
    assert status.store_bytes > 0
    before = status.store_sequence
    daemon.guard.RecordCall(record())
    assert daemon.admin.GetStatus(admin_pb2.GetStatusRequest()).store_sequence > before


def test_patterns_travel_to_another_daemon(daemon: RunningDaemon, start_daemon: StartDaemon) -> None:
    for n in range(7):
        daemon.guard.RecordCall(failed("t", {"a": 1}, session=f"s{n}"))
    text = b"".join(one.chunk for one in daemon.admin.ExportUsagePatterns(admin_pb2.ExportUsagePatternsRequest()))
    other = start_daemon()
    pieces = [admin_pb2.ImportUsagePatternsRequest(chunk=text[at : at + 100]) for at in range(0, len(text), 100)]
    answer = other.admin.ImportUsagePatterns(iter(pieces), timeout=30)
    assert answer.created > 0
    assert other.admin.ImportUsagePatterns(iter(pieces), timeout=30).created == 0
    decision = other.guard.ShouldPrevent(ask("t", {"a": 1}, session="new")).decision
    assert decision.known
    assert decision.reasons[0].code == "known_call"
    other.guard.RecordCall(record())  # brings in the decision that is not logged yet
    for bad in (b"\xff\xfe", b"- [", b"42", b"&a [*a]", text.replace(b": ", b":: ")):
        before = other.admin.GetStatus(admin_pb2.GetStatusRequest()).store_sequence
        with pytest.raises(grpc.RpcError) as caught:
            other.admin.ImportUsagePatterns(iter([admin_pb2.ImportUsagePatternsRequest(chunk=bad)]), timeout=30)
        assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT
        assert other.admin.GetStatus(admin_pb2.GetStatusRequest()).store_sequence == before
