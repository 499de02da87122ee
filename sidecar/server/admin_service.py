"""AdminService: what administrators see and change. Listings are in ``admin_listings.py``."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import grpc

from forewarn.v1 import admin_pb2, admin_pb2_grpc

from ..clock import Clock
from ..guard.modes import mode_for_all, set_mode
from ..guard.report.reading import DEFAULT_LIMIT, Period, read_report
from ..learning.counting import counts_match
from ..learning.interchange import export_patterns, import_patterns
from ..learning.totals import read_standing
from ..model.errors import InvalidArgumentError
from ..model.vocabulary import Mode
from ..store.schema import VERSION
from . import answers, chain, report_answers
from .admin_listings import AdminListings, period_of
from .decision_tail import DecisionTail
from .errors import DeadlineError
from .requests import wait

if TYPE_CHECKING:
    from ..runtime import Rooms

_IMPORT_LIMIT = 64 << 20
_PIECE = 256 << 10
_BREATH = 0.001
"""Seconds between the pieces of a report, in which decisions have the processor."""


@dataclass
class DaemonFacts:
    """What the daemon knows of itself."""

    start_time: float
    version: str
    guard_addresses: list[str] = field(default_factory=list)
    admin_addresses: list[str] = field(default_factory=list)


class AdminService:
    """The methods of ``forewarn.v1.AdminService``, unwrapped; ``add_to`` puts them through the chain."""

    def __init__(self, rooms: Rooms, clock: Clock, facts: DaemonFacts, max_streams: int) -> None:
        self._rooms = rooms
        self._clock = clock
        self._facts = facts
        self._listings = AdminListings(rooms, clock)
        self._tail = DecisionTail(rooms.store, rooms.log, max_streams)
        # A tail holds its thread for as long as somebody looks; verifying and copying take as long as the disk.
        # Two threads more than tails: one too many must be refused, and not wait for a thread.
        self._tails = ThreadPoolExecutor(max_streams + 2, thread_name_prefix="forewarn-tail")
        self._chores = ThreadPoolExecutor(2, thread_name_prefix="forewarn-chore")
        self._chore = threading.Lock()
        # One report at a time: two would take twice the processor from decisions.
        self._reports = ThreadPoolExecutor(1, thread_name_prefix="forewarn-report")

    def add_to(self, server: grpc.Server) -> None:
        """Register every method with a server."""
        methods: list[Callable[..., Any]] = [
            self.GetStatus, self.GetStats, self.QueryDecisions, self.GetDecision, self.QueryCalls,
            self.QueryUsagePatterns, self.GetUsagePattern, self.SuspendUsagePattern, self.ForgetUsagePattern,
            self.ListTools, self.SetMode, self.ListPreventionRules, self.QueryAppeals, self.QueryEvents,
        ]  # fmt: skip
        chores: list[Callable[..., Any]] = [self.CreateBackup, self.VerifyStore, self.CompactStore]
        wrapped: dict[str, Any] = {method.__name__: chain.unary(method) for method in methods}
        wrapped |= {chore.__name__: chain.unary(chore, self._chores) for chore in chores}
        wrapped["GetReport"] = chain.unary(self.GetReport, self._reports)
        wrapped |= {
            "TailDecisions": chain.response_stream(self.TailDecisions, self._tails),
            "ExportUsagePatterns": chain.response_stream(self.ExportUsagePatterns, self._chores),
            "ImportUsagePatterns": chain.request_stream(self.ImportUsagePatterns, self._chores),
        }
        # Closures in place of methods: gRPC only asks the servicer for attributes of these names.
        servicer = cast("admin_pb2_grpc.AdminServiceServicer", SimpleNamespace(**wrapped))
        admin_pb2_grpc.add_AdminServiceServicer_to_server(servicer, server)

    def drain(self) -> None:
        """End the tails, which would otherwise never end."""
        self._tail.close()

    def close(self) -> None:
        """Let the threads go."""
        for pool in (self._tails, self._chores, self._reports):
            pool.shutdown(wait=False, cancel_futures=True)

    def GetStatus(self, _: admin_pb2.GetStatusRequest, __: grpc.ServicerContext) -> admin_pb2.GetStatusResponse:
        """How the daemon is."""
        store, facts = self._rooms.store, self._facts
        with store.read() as reader:
            mode, standing = mode_for_all(reader), read_standing(reader)
        refused, refused_time = store.last_refusal
        return admin_pb2.GetStatusResponse(
            version=facts.version,
            start_time=answers.stamp(facts.start_time),
            guard_addresses=facts.guard_addresses,
            admin_addresses=facts.admin_addresses,
            store_path=str(self._rooms.settings.data_dir),
            schema_version=VERSION,
            store_bytes=store.environment.used_bytes(),
            store_limit_bytes=self._rooms.settings.store_limit_bytes,
            store_sequence=store.commit_sequence,
            mode=answers.mode(mode),
            queue_length=store.writer.waiting,
            queue_limit=self._rooms.settings.queue_limit,
            decisions_dropped=self._rooms.log.dropped,
            store_error=store.store_error,
            false_prevention=answers.false_prevention(standing, self._rooms.settings.false_prevention_budget),
            policy_revision=self._rooms.policies.revision,
            policies=len(self._rooms.policies.policies),
            policy_folder=str(self._rooms.settings.policies or ""),
            policy_error="\n".join(str(fault) for fault in self._rooms.policies.faults[:20]),
            policy_engine_errors=self._rooms.policy_desk.engine_errors,
            policy_rule_errors=self._rooms.policy_desk.rule_errors,
            policy_fact_errors=self._rooms.policy_desk.fact_errors,
            last_store_error=refused,
            last_store_error_time=answers.stamp(refused_time) if refused else None,
        )

    def GetStats(self, request: admin_pb2.GetStatsRequest, _: grpc.ServicerContext) -> admin_pb2.GetStatsResponse:
        """What was counted."""
        return self._listings.stats(request)

    def QueryDecisions(
        self, request: admin_pb2.QueryDecisionsRequest, _: grpc.ServicerContext
    ) -> admin_pb2.QueryDecisionsResponse:
        """Past decisions, newest first."""
        return self._listings.decisions(request)

    def GetDecision(
        self, request: admin_pb2.GetDecisionRequest, _: grpc.ServicerContext
    ) -> admin_pb2.GetDecisionResponse:
        """One decision with everything that explains it."""
        record = self._rooms.tracker.find_decision(request.decision_id)
        return admin_pb2.GetDecisionResponse(
            decision=answers.logged_decision(record),
            appeals=self._listings.appeals_against(record.decision.decision_id),
        )

    def GetReport(
        self, request: admin_pb2.GetReportRequest, context: grpc.ServicerContext
    ) -> admin_pb2.GetReportResponse:
        """How good decisions were."""
        rooms, now = self._rooms, self._clock()
        start, stop = period_of(request)
        period = Period(start, stop, request.limit or DEFAULT_LIMIT)

        def between() -> None:
            if not context.is_active():
                raise DeadlineError("the caller left before the report was done")
            time.sleep(_BREATH)

        value = read_report(
            rooms.store, rooms.patterns, request.tool, period, rooms.settings.false_prevention_budget, now, between
        )
        with rooms.store.read() as reader:
            mode = mode_for_all(reader)
        return report_answers.report(value, period.limit, mode, now)

    def TailDecisions(
        self, request: admin_pb2.TailDecisionsRequest, context: grpc.ServicerContext
    ) -> Iterator[admin_pb2.TailDecisionsResponse]:
        """Decisions as they are logged."""
        for record, missed in self._tail.follow(context.is_active, request.tool, request.would_be):
            yield admin_pb2.TailDecisionsResponse(decision=answers.logged_decision(record), missed=missed)

    def QueryCalls(self, request: admin_pb2.QueryCallsRequest, _: grpc.ServicerContext) -> admin_pb2.QueryCallsResponse:
        """Recorded calls, newest first."""
        return self._listings.calls(request)

    def QueryUsagePatterns(
        self, request: admin_pb2.QueryUsagePatternsRequest, _: grpc.ServicerContext
    ) -> admin_pb2.QueryUsagePatternsResponse:
        """Usage patterns that meet criteria."""
        return self._listings.usage_patterns(request)

    def GetUsagePattern(
        self, request: admin_pb2.GetUsagePatternRequest, _: grpc.ServicerContext
    ) -> admin_pb2.GetUsagePatternResponse:
        """One usage pattern."""
        with self._rooms.store.read() as reader:
            key, pattern = self._rooms.patterns.load(reader, request.usage_pattern_id)
        return admin_pb2.GetUsagePatternResponse(usage_pattern=answers.usage_pattern(key, pattern, self._clock()))

    def SuspendUsagePattern(
        self, request: admin_pb2.SuspendUsagePatternRequest, context: grpc.ServicerContext
    ) -> admin_pb2.SuspendUsagePatternResponse:
        """Sets a usage pattern aside, or takes it back."""
        future = self._rooms.patterns.suspend(request.usage_pattern_id, request.reason, suspended=request.suspended)
        key, pattern = wait(future, context)
        return admin_pb2.SuspendUsagePatternResponse(usage_pattern=answers.usage_pattern(key, pattern, self._clock()))

    def ForgetUsagePattern(
        self, request: admin_pb2.ForgetUsagePatternRequest, context: grpc.ServicerContext
    ) -> admin_pb2.ForgetUsagePatternResponse:
        """Removes a usage pattern and its evidence."""
        wait(self._rooms.patterns.forget(request.usage_pattern_id, request.reason), context)
        return admin_pb2.ForgetUsagePatternResponse()

    def ExportUsagePatterns(
        self, request: admin_pb2.ExportUsagePatternsRequest, _: grpc.ServicerContext
    ) -> Iterator[admin_pb2.ExportUsagePatternsResponse]:
        """Writes usage patterns as YAML."""
        piece = bytearray()
        for text in export_patterns(self._rooms.store, request.tool):
            piece += text.encode()
            if len(piece) >= _PIECE:
                yield admin_pb2.ExportUsagePatternsResponse(chunk=bytes(piece))
                piece.clear()
        yield admin_pb2.ExportUsagePatternsResponse(chunk=bytes(piece))

    def ImportUsagePatterns(
        self, requests: Iterator[admin_pb2.ImportUsagePatternsRequest], context: grpc.ServicerContext
    ) -> admin_pb2.ImportUsagePatternsResponse:
        """Reads usage patterns from YAML."""
        document = bytearray()
        for request in requests:
            chain.require_rules(request)
            document += request.chunk
            if len(document) > _IMPORT_LIMIT:
                raise InvalidArgumentError("chunk", f"together at most {_IMPORT_LIMIT >> 20} MiB")
        future = import_patterns(
            self._rooms.store, self._rooms.extractor, bytes(document), self._rooms.settings.max_tools
        )
        created, replaced = wait(future, context)
        return admin_pb2.ImportUsagePatternsResponse(created=created, replaced=replaced)

    def ListTools(self, request: admin_pb2.ListToolsRequest, _: grpc.ServicerContext) -> admin_pb2.ListToolsResponse:
        """Tools that were registered or seen."""
        return self._listings.tools(request)

    def SetMode(self, request: admin_pb2.SetModeRequest, context: grpc.ServicerContext) -> admin_pb2.SetModeResponse:
        """Sets the mode for all tools or for one."""
        mode, tool = Mode(request.mode), request.tool
        future: Future[tuple[Mode, Mode]] = self._rooms.store.submit(lambda txn: set_mode(txn, mode, tool))
        before, after = wait(future, context)
        return admin_pb2.SetModeResponse(previous=answers.mode(before), mode=answers.mode(after))

    def ListPreventionRules(
        self, request: admin_pb2.ListPreventionRulesRequest, _: grpc.ServicerContext
    ) -> admin_pb2.ListPreventionRulesResponse:
        """Rules that prevent: those of policies, then those that were learned."""
        return self._listings.rules(request)

    def QueryAppeals(
        self, request: admin_pb2.QueryAppealsRequest, _: grpc.ServicerContext
    ) -> admin_pb2.QueryAppealsResponse:
        """Appeals, newest first."""
        return self._listings.appeals(request)

    def QueryEvents(
        self, request: admin_pb2.QueryEventsRequest, _: grpc.ServicerContext
    ) -> admin_pb2.QueryEventsResponse:
        """Events of note, newest first."""
        return self._listings.events(request)

    def CreateBackup(
        self, request: admin_pb2.CreateBackupRequest, _: grpc.ServicerContext
    ) -> admin_pb2.CreateBackupResponse:
        """Writes a consistent copy of the store."""
        with self._chore:
            sequence = self._rooms.store.commit_sequence
            size = self._rooms.store.backup(Path(request.path))
        return admin_pb2.CreateBackupResponse(path=request.path, bytes=size, store_sequence=sequence)

    def VerifyStore(self, _: admin_pb2.VerifyStoreRequest, __: grpc.ServicerContext) -> admin_pb2.VerifyStoreResponse:
        """Checks the store."""
        with self._chore:
            report = self._rooms.store.verify([counts_match])
        return admin_pb2.VerifyStoreResponse(ok=not report.problems, problems=report.problems, entries=report.entries)

    def CompactStore(
        self, _: admin_pb2.CompactStoreRequest, context: grpc.ServicerContext
    ) -> admin_pb2.CompactStoreResponse:
        """Rewrites the store without free pages."""
        with self._chore:
            before = self._rooms.store.environment.used_bytes()
            saved = wait(self._rooms.store.compact(), context)
        return admin_pb2.CompactStoreResponse(bytes_before=before, bytes_after=max(0, before - saved))
