"""A daemon small enough to read, for tests of the command line: real sockets, everything in memory.

It prevents what failed before with the same arguments, in any session, and knows nothing else. Runs in a test's
process, or as a script with the real daemon's options (for `replay --private`).
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NoReturn

import grpc
from google.protobuf.any_pb2 import Any as AnyMessage
from google.protobuf.timestamp_pb2 import Timestamp
from google.rpc import error_details_pb2, status_pb2

from forewarn.v1 import admin_pb2, admin_pb2_grpc, guard_pb2, guard_pb2_grpc, model_pb2

FAILED = (model_pb2.OUTCOME_FAILURE, model_pb2.OUTCOME_TIMEOUT)


def refuse(context: Any, code: grpc.StatusCode, text: str, field: str = "", **metadata: str) -> NoReturn:
    status = status_pb2.Status(code=code.value[0], message=text)
    details: list[Any] = [error_details_pb2.ErrorInfo(domain="forewarn", reason=code.name, metadata=metadata)]
    if field:
        violation = error_details_pb2.BadRequest.FieldViolation(field=field, description=text)
        details.append(error_details_pb2.BadRequest(field_violations=[violation]))
    for detail in details:
        packed = AnyMessage()
        packed.Pack(detail)
        status.details.append(packed)
    context.set_trailing_metadata((("grpc-status-details-bin", status.SerializeToString()),))
    context.abort(code, text)
    raise AssertionError


class State:
    def __init__(self, mode: str) -> None:
        self.mode = model_pb2.Mode.Value(f"MODE_{mode.upper()}")
        self.tool_modes: dict[str, Any] = {}
        self.failed: dict[tuple[str, str], str] = {}
        self.calls: list[admin_pb2.RecordedCall] = []
        self.by_id: dict[str, guard_pb2.RecordCallResponse] = {}
        self.decisions: list[admin_pb2.LoggedDecision] = []
        self.patterns: dict[str, model_pb2.UsagePattern] = {}
        self.appeals: list[admin_pb2.LoggedAppeal] = []
        self.events: list[admin_pb2.Event] = []
        self.registered: dict[str, model_pb2.ToolDescriptor] = {}
        self.problems: list[str] = []
        self.document = ""
        self.report = admin_pb2.GetReportResponse()
        self.received: list[Any] = []
        self.page = 1000
        self.tailing = threading.Event()


class Guard(guard_pb2_grpc.GuardServiceServicer):
    def __init__(self, state: State) -> None:
        self.state = state

    def ShouldPrevent(self, request: Any, context: Any) -> Any:
        self.state.received.append(("ask", type(request.call).FromString(request.call.SerializeToString())))
        call = request.call
        if len(call.tool) > 256:
            refuse(context, grpc.StatusCode.INVALID_ARGUMENT, "at most 256 bytes", "call.tool", limit="256")
        failed = self.state.failed.get((call.tool, call.arguments_json))
        mode = self.state.tool_modes.get(call.tool, self.state.mode)
        would_be = model_pb2.VERDICT_PREVENT if failed else model_pb2.VERDICT_ALLOW
        meant = mode == model_pb2.MODE_ENFORCE
        decision = model_pb2.Decision(
            decision_id=f"d{len(self.state.decisions):06}",
            verdict=would_be if meant else model_pb2.VERDICT_ALLOW,
            would_be=would_be,
            mode=mode,
            p_fail=0.9 if failed else 0.1,
            p_fail_interval=model_pb2.Interval(low=0.05, high=0.95, confidence=0.9),
            known=bool(self.state.calls),
            remedy="other arguments" if failed else "",
            snapshot=model_pb2.Snapshot(store_sequence=len(self.state.calls), evidence_model="double 1"),
        )
        decision.time.CopyFrom(call.time)
        if failed:
            evidence = model_pb2.Evidence(failures=1, calls=1, call_ids=[failed])
            decision.reasons.add(
                code="exact_repeat",
                summary="the same call failed",
                contribution=2.5,
                usage_pattern_id=f"p-{call.tool}",
                cause=model_pb2.CAUSE_NOT_FOUND,
                evidence=evidence,
            )
            decision.reasons.add(code="tool_rate", summary="the tool mostly works", contribution=-0.5)
            decision.alternatives.add(tool="other", expected_success=0.8, score=0.8, rationale="it works")
        logged = admin_pb2.LoggedDecision(
            decision=decision,
            tool=call.tool,
            arguments_json=call.arguments_json,
            session_id=call.session_id,
            call_id=call.call_id,
            context=call.context,
            question="should_prevent",
            propensity=1,
        )
        self.state.decisions.append(logged)
        return guard_pb2.ShouldPreventResponse(decision=decision)

    def Check(self, request: Any, context: Any) -> Any:
        answer = self.ShouldPrevent(request, context)
        facts = [guard_pb2.ContextFact(text="a fact", tokens=2, tool=request.call.tool)]
        return guard_pb2.CheckResponse(decision=answer.decision, facts=facts, tokens=2)

    def RecordCall(self, request: Any, context: Any) -> Any:
        self.state.received.append(("tell", type(request).FromString(request.SerializeToString())))
        call, result = request.call, request.result
        call_id = call.call_id or f"c{len(self.state.calls):06}"
        if call_id in self.state.by_id:
            again = guard_pb2.RecordCallResponse()
            again.CopyFrom(self.state.by_id[call_id])
            again.duplicate = True
            return again
        found = model_pb2.Classification(category=result.outcome)
        if result.outcome in FAILED:
            found.cause, found.cause_confidence = model_pb2.CAUSE_NOT_FOUND, 0.8
            self.state.failed[call.tool, call.arguments_json] = call_id
            pattern = self.state.patterns.setdefault(
                f"p-{call.tool}",
                model_pb2.UsagePattern(
                    usage_pattern_id=f"p-{call.tool}",
                    tool=call.tool,
                    scope="*",
                    description=call.arguments_json,
                    level=model_pb2.USAGE_PATTERN_LEVEL_CALL,
                    state=model_pb2.USAGE_PATTERN_STATE_CONFIRMED,
                    cause=model_pb2.CAUSE_NOT_FOUND,
                    failure_probability=0.9,
                ),
            )
            pattern.last_error = result.error
            pattern.evidence.calls += 1
            pattern.evidence.failures += 1
        if request.decision_id.removeprefix("d").isdigit() and int(request.decision_id[1:]) < len(self.state.decisions):
            self.state.decisions[int(request.decision_id[1:])].classification.CopyFrom(found)
        self.state.calls.append(
            admin_pb2.RecordedCall(
                sequence=len(self.state.calls) + 1,
                call_id=call_id,
                tool=call.tool,
                arguments_json=call.arguments_json,
                session_id=call.session_id,
                classification=found,
                error=result.error,
                time=call.time,
                decision_id=request.decision_id,
            )
        )
        answer = guard_pb2.RecordCallResponse(call_id=call_id, classification=found, sequence=len(self.state.calls))
        self.state.by_id[call_id] = answer
        return answer

    def RecordCalls(self, requests: Any, context: Any) -> Any:
        raise NotImplementedError

    def Optimize(self, request: Any, context: Any) -> Any:
        made = [model_pb2.Alternative(tool=tool, expected_success=0.5, score=0.5) for tool in request.candidates]
        return guard_pb2.OptimizeResponse(decision_id="d-opt", alternatives=made, propensity=1)

    def RegisterTools(self, request: Any, context: Any) -> Any:
        answer = guard_pb2.RegisterToolsResponse()
        for tool in request.tools:
            answer.registrations.add(tool=tool.tool, created=tool.tool not in self.state.registered)
            self.state.registered[tool.tool] = tool
        return answer

    def InjectContext(self, request: Any, context: Any) -> Any:
        facts = [guard_pb2.ContextFact(text=f"{tool} fails\nat times", tokens=4, tool=tool) for tool in request.tools]
        return guard_pb2.InjectContextResponse(facts=facts, tokens=4 * len(facts))

    def FindSimilar(self, request: Any, context: Any) -> Any:
        answer = guard_pb2.FindSimilarResponse(suggestions=["try other arguments"])
        for call in self.state.calls:
            if call.tool == request.call.tool:
                answer.calls.add(similarity=1, call_id=call.call_id, tool=call.tool, error=call.error)
        for pattern in self.state.patterns.values():
            answer.usage_patterns.add(similarity=0.5, usage_pattern=pattern)
        return answer

    def GetApproval(self, request: Any, context: Any) -> Any:
        refuse(context, grpc.StatusCode.NOT_FOUND, "no approvals here")

    def Appeal(self, request: Any, context: Any) -> Any:
        for logged in self.state.decisions:
            if logged.decision.decision_id == request.decision_id:
                ids = [reason.usage_pattern_id for reason in logged.decision.reasons if reason.usage_pattern_id]
                self.state.appeals.append(
                    admin_pb2.LoggedAppeal(
                        decision_id=request.decision_id,
                        tool=logged.tool,
                        reason=request.reason,
                        caller=request.caller,
                        usage_pattern_ids=ids,
                    )
                )
                return guard_pb2.AppealResponse(usage_pattern_ids=ids)
        refuse(context, grpc.StatusCode.NOT_FOUND, f"no decision {request.decision_id}")


class Admin(admin_pb2_grpc.AdminServiceServicer):
    def __init__(self, state: State) -> None:
        self.state = state

    def paged(self, request: Any, response: Any, field: str, entries: list[Any]) -> Any:
        start = int(request.page_token or 0)
        end = start + min(request.page_size or 50, self.state.page)
        getattr(response, field).extend(entries[start:end])
        response.next_page_token = str(end) if end < len(entries) else ""
        return response

    def GetStatus(self, request: Any, context: Any) -> Any:
        return admin_pb2.GetStatusResponse(
            version="0.0", mode=self.state.mode, store_path="/nowhere", store_sequence=len(self.state.calls),
            last_store_error="no space left", last_store_error_time=Timestamp(seconds=1_700_000_000),
        )  # fmt: skip

    def GetStats(self, request: Any, context: Any) -> Any:
        counts: dict[str, admin_pb2.Counts] = {}
        total = admin_pb2.Counts(decisions=len(self.state.decisions))
        for call in self.state.calls:
            for one in (total, counts.setdefault(call.tool, admin_pb2.Counts())):
                name = model_pb2.Outcome.Name(call.classification.category).removeprefix("OUTCOME_").lower()
                setattr(one, name, getattr(one, name) + 1)
        tools = [admin_pb2.ToolCounts(tool=tool, counts=one) for tool, one in sorted(counts.items())]
        return self.paged(request, admin_pb2.GetStatsResponse(total=total), "tools", tools)

    def QueryDecisions(self, request: Any, context: Any) -> Any:
        found = [
            logged
            for logged in reversed(self.state.decisions)
            if request.tool in ("", logged.tool) and request.would_be in (0, logged.decision.would_be)
        ]
        return self.paged(request, admin_pb2.QueryDecisionsResponse(), "decisions", found)

    def GetDecision(self, request: Any, context: Any) -> Any:
        for logged in self.state.decisions:
            if logged.decision.decision_id == request.decision_id:
                mine = [one for one in self.state.appeals if one.decision_id == request.decision_id]
                return admin_pb2.GetDecisionResponse(decision=logged, appeals=mine)
        refuse(context, grpc.StatusCode.NOT_FOUND, f"no decision {request.decision_id}")

    def GetReport(self, request: Any, context: Any) -> Any:
        self.state.received.append(("GetReport", request))
        return self.state.report

    def TailDecisions(self, request: Any, context: Any) -> Any:
        at = len(self.state.decisions)
        self.state.tailing.set()
        context.send_initial_metadata(())
        while context.is_active():
            while at < len(self.state.decisions):
                yield admin_pb2.TailDecisionsResponse(decision=self.state.decisions[at])
                at += 1
            threading.Event().wait(0.01)

    def QueryCalls(self, request: Any, context: Any) -> Any:
        found = [
            call
            for call in reversed(self.state.calls)
            if request.tool in ("", call.tool)
            and request.call_id in ("", call.call_id)
            and request.category in (0, call.classification.category)
        ]
        return self.paged(request, admin_pb2.QueryCallsResponse(), "calls", found)

    def QueryUsagePatterns(self, request: Any, context: Any) -> Any:
        found = [
            one
            for one in self.state.patterns.values()
            if request.tool in ("", one.tool) and request.state in (0, one.state) and request.cause in (0, one.cause)
        ]
        return self.paged(request, admin_pb2.QueryUsagePatternsResponse(), "usage_patterns", found)

    def pattern(self, request: Any, context: Any) -> Any:
        if request.usage_pattern_id not in self.state.patterns:
            refuse(context, grpc.StatusCode.NOT_FOUND, f"no usage pattern {request.usage_pattern_id}")
        return self.state.patterns[request.usage_pattern_id]

    def GetUsagePattern(self, request: Any, context: Any) -> Any:
        return admin_pb2.GetUsagePatternResponse(usage_pattern=self.pattern(request, context))

    def SuspendUsagePattern(self, request: Any, context: Any) -> Any:
        pattern = self.pattern(request, context)
        suspended, confirmed = model_pb2.USAGE_PATTERN_STATE_SUSPENDED, model_pb2.USAGE_PATTERN_STATE_CONFIRMED
        pattern.state = suspended if request.suspended else confirmed
        pattern.suspended_reason = request.reason if request.suspended else ""
        self.state.events.append(
            admin_pb2.Event(kind="pattern_suspended", tool=pattern.tool, usage_pattern_id=pattern.usage_pattern_id)
        )
        return admin_pb2.SuspendUsagePatternResponse(usage_pattern=pattern)

    def ForgetUsagePattern(self, request: Any, context: Any) -> Any:
        del self.state.patterns[self.pattern(request, context).usage_pattern_id]
        return admin_pb2.ForgetUsagePatternResponse()

    def ExportUsagePatterns(self, request: Any, context: Any) -> Any:
        if self.state.document:
            yield admin_pb2.ExportUsagePatternsResponse(chunk=self.state.document.encode())
            return
        for pattern in self.state.patterns.values():
            yield admin_pb2.ExportUsagePatternsResponse(chunk=f"- {pattern.usage_pattern_id}\n".encode())

    def ImportUsagePatterns(self, requests: Any, context: Any) -> Any:
        text = b"".join(request.chunk for request in requests).decode()
        for line in text.splitlines():
            name = line.removeprefix("- ")
            if not name.startswith("p-"):
                refuse(context, grpc.StatusCode.INVALID_ARGUMENT, f"not a pattern: {line}")
            self.state.patterns[name] = model_pb2.UsagePattern(usage_pattern_id=name, tool=name[2:])
        return admin_pb2.ImportUsagePatternsResponse(created=len(text.splitlines()))

    def ListTools(self, request: Any, context: Any) -> Any:
        names = sorted(
            {call.tool for call in self.state.calls} | set(self.state.registered) | set(self.state.tool_modes)
        )
        tools = [
            admin_pb2.Tool(
                descriptor=self.state.registered.get(name) or model_pb2.ToolDescriptor(tool=name),
                registered=name in self.state.registered,
                mode=self.state.tool_modes.get(name, 0),
            )
            for name in names
        ]
        return self.paged(request, admin_pb2.ListToolsResponse(), "tools", tools)

    def SetMode(self, request: Any, context: Any) -> Any:
        if request.tool:
            previous = self.state.tool_modes.pop(request.tool, 0)
            if request.mode:
                self.state.tool_modes[request.tool] = request.mode
        elif not request.mode:
            refuse(context, grpc.StatusCode.INVALID_ARGUMENT, "a mode is needed", "mode")
        else:
            previous, self.state.mode = self.state.mode, request.mode
        return admin_pb2.SetModeResponse(previous=previous, mode=request.mode or self.state.mode)

    def ListPreventionRules(self, request: Any, context: Any) -> Any:
        rules = [
            admin_pb2.PreventionRule(
                rule_id=one.usage_pattern_id, origin="learned", usage_pattern=one, mode=self.state.mode
            )
            for one in self.state.patterns.values()
            if one.state == model_pb2.USAGE_PATTERN_STATE_CONFIRMED
        ]
        return self.paged(request, admin_pb2.ListPreventionRulesResponse(), "rules", rules)

    def QueryAppeals(self, request: Any, context: Any) -> Any:
        return self.paged(request, admin_pb2.QueryAppealsResponse(), "appeals", self.state.appeals[::-1])

    def QueryEvents(self, request: Any, context: Any) -> Any:
        return self.paged(request, admin_pb2.QueryEventsResponse(), "events", self.state.events[::-1])

    def CreateBackup(self, request: Any, context: Any) -> Any:
        return admin_pb2.CreateBackupResponse(path=request.path, bytes=4096, store_sequence=len(self.state.calls))

    def VerifyStore(self, request: Any, context: Any) -> Any:
        return admin_pb2.VerifyStoreResponse(
            ok=not self.state.problems, problems=self.state.problems, entries={"calls": len(self.state.calls)}
        )

    def CompactStore(self, request: Any, context: Any) -> Any:
        return admin_pb2.CompactStoreResponse(bytes_before=8192, bytes_after=4096)


class Double:
    """A running double: two sockets in `folder`."""

    def __init__(self, folder: Path, mode: str = "shadow", guard: str = "", admin: str = "") -> None:
        self.data_dir = folder
        self.state = State(mode)
        self.guard_address = guard or f"unix:{folder}/guard.sock"
        self.admin_address = admin or f"unix:{folder}/admin.sock"
        self._servers = []
        parts: list[tuple[str, Any, Any]] = [
            (self.guard_address, guard_pb2_grpc.add_GuardServiceServicer_to_server, Guard(self.state)),
            (self.admin_address, admin_pb2_grpc.add_AdminServiceServicer_to_server, Admin(self.state)),
        ]
        for address, add, servicer in parts:
            server = grpc.server(ThreadPoolExecutor(4))
            add(servicer, server)
            server.add_insecure_port(address)
            server.start()
            self._servers.append(server)

    def stop(self) -> None:
        for server in self._servers:
            server.stop(None).wait()


def main() -> None:
    options = argparse.ArgumentParser()
    for name in ("--data-dir", "--guard-address", "--admin-address", "--ready-file", "--mode", "--seed"):
        options.add_argument(name)
    options.add_argument("--break", action="store_true")
    given = vars(options.parse_args())
    if given["break"]:
        raise SystemExit("cannot start: broken on purpose")
    folder = Path(given["data_dir"])
    folder.mkdir(parents=True)
    ended = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: ended.set())
    running = Double(folder, given["mode"], given["guard_address"], given["admin_address"])
    ready = Path(given["ready_file"])
    part = ready.with_suffix(".part")
    part.write_text(
        json.dumps({"pid": os.getpid(), "guard": [running.guard_address], "admin": [running.admin_address]})
    )
    part.rename(ready)
    ended.wait()
    running.stop()


if __name__ == "__main__":
    main()
