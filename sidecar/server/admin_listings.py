"""AdminService's listings: bounded reads of the journals, patterns and tools, in pages."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from typing import TYPE_CHECKING, TypeVar

from forewarn.v1 import admin_pb2, model_pb2

from ..clock import Clock
from ..guard.latency import latency_of
from ..guard.policy.book import PolicyBook
from ..guard.policy.records import HITS, RuleHits, hits_key
from ..guard.tables import APPEALS
from ..learning.describe import evidence_of
from ..learning.events import EVENTS
from ..learning.storage import Criteria
from ..learning.totals import read_standing, read_totals
from ..model.call import Observation
from ..model.decision import DecisionRecord
from ..model.journal import Appeal, Event
from ..model.pattern import UsagePattern, pattern_id, subject_key
from ..model.tool import Tool
from ..model.trial import Standing
from ..model.vocabulary import Cause, Level, Outcome, State, Verdict
from ..policies.applying import is_about_tool
from ..policies.document import action_of
from ..store.reader import Reader
from ..store.tables import (
    CALL_IDS,
    CALLS,
    DECISION_CALLS,
    DECISIONS,
    PATTERNS,
    TOOLS,
    Table,
    after_prefix,
    hash16,
    tool_key,
    u64,
)
from . import answers
from .pages import page, position_of
from .policy_answers import learned_rule, origin, written_rule
from .requests import seconds_of

if TYPE_CHECKING:
    from ..runtime import Rooms

V = TypeVar("V")
_BEFORE_ALL = b""
#: What the keys of prevention rules begin with: those of policies come first.
_WRITTEN = b"\0"
_LEARNED = b"\1"


class AdminListings:
    """One method a listing. Each reads one snapshot."""

    def __init__(self, rooms: Rooms, clock: Clock) -> None:
        self._rooms = rooms
        self._clock = clock

    def stats(self, request: admin_pb2.GetStatsRequest) -> admin_pb2.GetStatsResponse:
        """Counts in all and per tool."""
        with self._rooms.store.read() as reader:
            total, standing = read_totals(reader), read_standing(reader)
            if request.tool:
                one = reader.get(TOOLS, tool_key(request.tool))
                rows = [(request.tool, one)] if one is not None else []
                standing = one.standing if one is not None else Standing()
                found, token = [answers.tool_counts(name, tool) for name, tool in rows], ""
            else:
                found, token = page(
                    reader.scan(TOOLS, position_of(request.page_token)),
                    request.page_size,
                    lambda key, tool: answers.tool_counts(key.decode("utf-8", "replace"), tool),
                )
            patterns = reader.count(PATTERNS)
        return admin_pb2.GetStatsResponse(
            total=answers.counts(total),
            tools=found,
            next_page_token=token,
            usage_patterns=patterns,
            false_prevention=answers.false_prevention(standing, self._rooms.settings.false_prevention_budget),
        )

    def decisions(self, request: admin_pb2.QueryDecisionsRequest) -> admin_pb2.QueryDecisionsResponse:
        """Decisions that meet the request, newest first."""
        start, end = period_of(request)
        stop = position_of(request.page_token) or end
        label = self._rooms.extractor.label
        session, call_id = label(request.session_id), label(request.call_id)

        def keep(_: bytes, record: DecisionRecord) -> admin_pb2.LoggedDecision | None:
            if (
                (request.tool and record.tool != request.tool)
                or (session and record.session_id != session)
                or (call_id and record.call_id != call_id)
                or (request.would_be and record.decision.would_be is not Verdict(request.would_be))
            ):
                return None
            return answers.logged_decision(record)

        with self._rooms.store.read() as reader:
            rows: Iterator[tuple[bytes, DecisionRecord]]
            if call_id and not request.page_token:
                rows = _indexed(reader, DECISION_CALLS, call_id, DECISIONS)
            else:
                rows = reader.scan(DECISIONS, start, stop, reverse=True)
            found, token = page(rows, request.page_size, keep, reverse=True)
        return admin_pb2.QueryDecisionsResponse(decisions=found, next_page_token=token)

    def appeals_against(self, decision_id: bytes) -> list[admin_pb2.LoggedAppeal]:
        """The appeals against a decision, at most 100."""
        with self._rooms.store.read() as reader:
            rows = list(reader.scan(APPEALS, decision_id, after_prefix(decision_id), limit=100))
        return [answers.logged_appeal(appeal) for _, appeal in rows]

    def calls(self, request: admin_pb2.QueryCallsRequest) -> admin_pb2.QueryCallsResponse:
        """Calls that meet the request, newest first."""
        stop = position_of(request.page_token) or None
        label = self._rooms.extractor.label
        session, call_id = label(request.session_id), label(request.call_id)

        def keep(_: bytes, call: Observation) -> admin_pb2.RecordedCall | None:
            if (
                (request.tool and call.tool != request.tool)
                or (session and call.session_id != session)
                or (call_id and call.call_id != call_id)
                or (request.category and call.classification.category is not Outcome(request.category))
            ):
                return None
            return answers.recorded_call(call)

        with self._rooms.store.read() as reader:
            rows: Iterator[tuple[bytes, Observation]]
            if call_id and not request.page_token:
                sequence = reader.get(CALL_IDS, hash16(call_id))
                call = reader.get(CALLS, u64(sequence)) if sequence is not None else None
                rows = iter([(u64(call.sequence), call)] if call is not None else [])
            else:
                rows = reader.scan(CALLS, _BEFORE_ALL, stop, reverse=True)
            found, token = page(rows, request.page_size, keep, reverse=True)
        return admin_pb2.QueryCallsResponse(calls=found, next_page_token=token)

    def usage_patterns(self, request: admin_pb2.QueryUsagePatternsRequest) -> admin_pb2.QueryUsagePatternsResponse:
        """Usage patterns that meet the request, by id."""
        criteria = Criteria(
            tool=request.tool,
            level=Level(request.level) if request.level else None,
            state=State(request.state) if request.state else None,
            cause=Cause(request.cause) if request.cause else None,
            min_failure_probability=request.min_failure_probability,
            min_calls=request.min_calls,
            text=request.text,
        )
        now = self._clock()

        def keep(key: bytes, pattern: UsagePattern | None) -> model_pb2.UsagePattern | None:
            return answers.usage_pattern(key, pattern, now) if pattern is not None else None

        with self._rooms.store.read() as reader:
            rows = self._rooms.patterns.query(reader, criteria, position_of(request.page_token), now)
            found, token = page(rows, request.page_size, keep)
        return admin_pb2.QueryUsagePatternsResponse(usage_patterns=found, next_page_token=token)

    def tools(self, request: admin_pb2.ListToolsRequest) -> admin_pb2.ListToolsResponse:
        """Tools by name."""
        with self._rooms.store.read() as reader:
            found, token = page(
                reader.scan(TOOLS, position_of(request.page_token)),
                request.page_size,
                lambda _, tool: self._tool(reader, tool),
            )
        return admin_pb2.ListToolsResponse(tools=found, next_page_token=token)

    def _tool(self, reader: Reader, tool: Tool) -> admin_pb2.Tool:
        name = tool.descriptor.tool
        pattern = reader.get(PATTERNS, pattern_id(subject_key(name), Level.TOOL, b""))
        latency = latency_of(tool)
        return admin_pb2.Tool(
            descriptor=answers.descriptor(tool.descriptor),
            registered=tool.registered,
            mode=answers.mode(tool.mode),
            counts=answers.counts(tool.counts),
            evidence=answers.evidence(evidence_of(pattern, self._clock())) if pattern is not None else None,
            latency=answers.span(latency) if latency >= 0 else None,
            last_time=answers.stamp(tool.last_time) if tool.last_time else None,
            false_prevention=answers.false_prevention(tool.standing, self._rooms.settings.false_prevention_budget),
        )

    def rules(self, request: admin_pb2.ListPreventionRulesRequest) -> admin_pb2.ListPreventionRulesResponse:
        """Rules of policies, by name; then what prevents calls because it was learned."""
        position = position_of(request.page_token)
        now = self._clock()

        def keep(_: bytes, rule: admin_pb2.PreventionRule | None) -> admin_pb2.PreventionRule | None:
            return rule

        with self._rooms.store.read() as reader:
            rows = chain(
                self._written(reader, request.tool, position) if position < _LEARNED else (),
                self._learned(reader, request.tool, position.removeprefix(_LEARNED), now),
            )
            found, token = page(rows, request.page_size, keep)
        return admin_pb2.ListPreventionRulesResponse(rules=found, next_page_token=token)

    def _written(
        self, reader: Reader, tool: str, position: bytes
    ) -> Iterator[tuple[bytes, admin_pb2.PreventionRule | None]]:
        live = self._rooms.policies
        for name, policy in live.policies.items():
            if tool and not is_about_tool(policy, tool):
                continue
            file = live.file_of(name)
            from_ = origin(file, PolicyBook.head(reader, name) if file is None else None)
            rules = sorted((rule for rule in policy.rules if action_of(rule) != "derive"), key=lambda one: one.name)
            for rule in rules:
                key = _WRITTEN + hits_key(name, rule.name)
                if key >= position:
                    hits = reader.get(HITS, hits_key(name, rule.name)) or RuleHits()
                    yield key, written_rule(policy, rule, hits, from_)

    def _learned(
        self, reader: Reader, tool: str, position: bytes, now: float
    ) -> Iterator[tuple[bytes, admin_pb2.PreventionRule | None]]:
        prefix = subject_key(tool) if tool else b""
        rows = self._rooms.tracker.get_prevention_rules(reader, max(prefix, position), after_prefix(prefix))
        for key, rule in rows:
            yield _LEARNED + key, learned_rule(key, rule, now) if rule is not None else None

    def appeals(self, request: admin_pb2.QueryAppealsRequest) -> admin_pb2.QueryAppealsResponse:
        """Appeals, of the newest decisions first."""

        def keep(_: bytes, appeal: Appeal) -> admin_pb2.LoggedAppeal:
            return answers.logged_appeal(appeal)

        with self._rooms.store.read() as reader:
            rows = reader.scan(APPEALS, b"", position_of(request.page_token) or None, reverse=True)
            found, token = page(rows, request.page_size, keep, reverse=True)
        return admin_pb2.QueryAppealsResponse(appeals=found, next_page_token=token)

    def events(self, request: admin_pb2.QueryEventsRequest) -> admin_pb2.QueryEventsResponse:
        """Events, newest first."""

        def keep(_: bytes, event: Event) -> admin_pb2.Event | None:
            return answers.event(event) if not request.kind or event.kind == request.kind else None

        with self._rooms.store.read() as reader:
            rows = reader.scan(EVENTS, b"", position_of(request.page_token) or None, reverse=True)
            found, token = page(rows, request.page_size, keep, reverse=True)
        return admin_pb2.QueryEventsResponse(events=found, next_page_token=token)


def _indexed(reader: Reader, index: Table[bytes], call_id: str, table: Table[V]) -> Iterator[tuple[bytes, V]]:
    key = reader.get(index, hash16(call_id))
    row = reader.get(table, key) if key else None
    if key and row is not None:
        yield key, row


def period_of(request: admin_pb2.QueryDecisionsRequest | admin_pb2.GetReportRequest) -> tuple[bytes, bytes | None]:
    """The ids that decisions of a period lie between: from, and before; None without an end."""
    start = _id_at(seconds_of(request.start_time, "start_time")) if request.HasField("start_time") else b""
    end = _id_at(seconds_of(request.end_time, "end_time")) if request.HasField("end_time") else None
    return start, end


def _id_at(seconds: float) -> bytes:
    """The least decision id that was made at a time."""
    return int(seconds * 1000.0).to_bytes(6, "big") + bytes(10)
