"""PolicyService: rules that administrators write, and approvals."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, Final, cast

import grpc
from msgspec import structs

from forewarn.v1 import policy_pb2, policy_pb2_grpc

from ..clock import Clock
from ..guard.policy.book import PolicyBook
from ..guard.policy.explaining import call_of_decision
from ..guard.policy.records import HEADS, HITS, REVISIONS, ApprovalRecord, Revision, RuleHits, hits_key, revision_key
from ..guard.policy.what_if import DEFAULT_CALLS, Question, what_if
from ..guard.policy.writing import single
from ..model.errors import InvalidArgumentError, NotFoundError
from ..model.vocabulary import Mode
from ..policies.applying import is_about_tool
from ..policies.document import Mode as PolicyMode
from ..policies.document import Policy
from ..policies.evaluator import Engine
from ..policies.faults import Fault, PolicyError
from ..policies.loading import load_texts
from ..policies.suite import ReadSuite, SuiteResult, read_suite, run_suite, texts_beside
from ..store.reader import Reader
from . import answers, chain, policy_answers
from .errors import DeadlineError
from .pages import page, position_of
from .requests import call_of, wait

if TYPE_CHECKING:
    from ..runtime import Rooms

#: Bytes of the files of one request.
_MAX_BYTES: Final = 3 << 20
#: Seconds between the pieces of a long look, in which decisions have the processor.
_BREATH: Final = 0.001
_EXAMPLES: Final = 20
_MODES: Final[dict[Mode, PolicyMode]] = {
    Mode.OFF: "off", Mode.SHADOW: "shadow", Mode.WARN: "warn", Mode.ENFORCE: "enforce",
}  # fmt: skip


class PolicyService:
    """The methods of ``forewarn.v1.PolicyService``, unwrapped; ``add_to`` puts them through the chain."""

    def __init__(self, rooms: Rooms, clock: Clock) -> None:
        self._rooms = rooms
        self._clock = clock
        # Changes compile, one after the other. Drafts and suites compile too, and need not wait for them.
        self._changes = ThreadPoolExecutor(1, thread_name_prefix="forewarn-policy-change")
        self._drafts = ThreadPoolExecutor(2, thread_name_prefix="forewarn-policy-draft")
        self._looks = ThreadPoolExecutor(1, thread_name_prefix="forewarn-what-if")

    def add_to(self, server: grpc.Server) -> None:
        """Register every method with a server."""
        pools: dict[ThreadPoolExecutor | None, list[Callable[..., Any]]] = {
            None: [self.GetPolicy, self.ListPolicies, self.GetHistory, self.ListApprovals],
            self._changes: [
                self.ApplyPolicies, self.DeletePolicy, self.RollbackPolicy, self.SetPolicyMode, self.ApproveCall,
                self.DenyCall,
            ],
            self._drafts: [self.LintPolicies, self.TestPolicies, self.ExplainCall],
            self._looks: [self.WhatIf],
        }  # fmt: skip
        wrapped = {one.__name__: chain.unary(one, pool) for pool, methods in pools.items() for one in methods}
        # Closures in place of methods: gRPC only asks the servicer for attributes of these names.
        servicer = cast("policy_pb2_grpc.PolicyServiceServicer", SimpleNamespace(**wrapped))
        policy_pb2_grpc.add_PolicyServiceServicer_to_server(servicer, server)

    def drain(self) -> None:
        """Nothing here outlives its calls."""

    def close(self) -> None:
        """Let the threads go."""
        for pool in (self._changes, self._drafts, self._looks):
            pool.shutdown(wait=False, cancel_futures=True)

    # Changes ---------------------------------------------------------------------------------------------------------

    def ApplyPolicies(
        self, request: policy_pb2.ApplyPoliciesRequest, _: grpc.ServicerContext
    ) -> policy_pb2.ApplyPoliciesResponse:
        """Keeps policies."""
        texts = _texts(request.files)
        load_texts(texts)  # the faults of all files together
        written = [
            (policy, text if single(text, file) else "")
            for file, text in texts.items()
            for policy in load_texts({file: text})
        ]
        changes = self._rooms.policy_book.apply(written, request.author, request.reason, dry_run=request.dry_run)
        return policy_pb2.ApplyPoliciesResponse(
            changes=[policy_answers.change(one) for one in changes], policy_revision=self._rooms.policies.revision
        )

    def DeletePolicy(
        self, request: policy_pb2.DeletePolicyRequest, _: grpc.ServicerContext
    ) -> policy_pb2.DeletePolicyResponse:
        """Removes a policy."""
        change = self._rooms.policy_book.delete(request.policy, request.author, request.reason)
        return policy_pb2.DeletePolicyResponse(
            change=policy_answers.change(change), policy_revision=self._rooms.policies.revision
        )

    def RollbackPolicy(
        self, request: policy_pb2.RollbackPolicyRequest, _: grpc.ServicerContext
    ) -> policy_pb2.RollbackPolicyResponse:
        """Makes a new revision that says what an older one said."""
        change = self._rooms.policy_book.roll_back(request.policy, request.revision, request.author, request.reason)
        return policy_pb2.RollbackPolicyResponse(
            change=policy_answers.change(change), policy_revision=self._rooms.policies.revision
        )

    def SetPolicyMode(
        self, request: policy_pb2.SetPolicyModeRequest, _: grpc.ServicerContext
    ) -> policy_pb2.SetPolicyModeResponse:
        """Sets how far a policy reaches."""
        percent = request.enforce_percent if request.HasField("enforce_percent") else None
        change = self._rooms.policy_book.set_mode(
            request.policy, _MODES[Mode(request.mode)], percent, request.author, request.reason
        )
        return policy_pb2.SetPolicyModeResponse(
            change=policy_answers.change(change), policy_revision=self._rooms.policies.revision
        )

    # What there is ---------------------------------------------------------------------------------------------------

    def GetPolicy(self, request: policy_pb2.GetPolicyRequest, _: grpc.ServicerContext) -> policy_pb2.GetPolicyResponse:
        """One policy."""
        name = request.policy
        value = self._rooms.policies.policies.get(name)
        if request.revision:
            revision = self._rooms.policy_book.revision(name, request.revision)
            return policy_pb2.GetPolicyResponse(policy=policy_answers.revision(revision, with_text=True))
        if value is None:
            raise NotFoundError(f"no policy {name!r} is in force", policy=name)
        with self._rooms.store.read() as reader:
            return policy_pb2.GetPolicyResponse(policy=self._policy(reader, value, with_text=True))

    def ListPolicies(
        self, request: policy_pb2.ListPoliciesRequest, _: grpc.ServicerContext
    ) -> policy_pb2.ListPoliciesResponse:
        """The policies in force, by name."""
        live = self._rooms.policies
        start = position_of(request.page_token)
        rows = ((name.encode(), policy) for name, policy in live.policies.items() if name.encode() >= start)

        with self._rooms.store.read() as reader:

            def keep(_: bytes, policy: Policy) -> policy_pb2.Policy | None:
                if request.tool and not is_about_tool(policy, request.tool):
                    return None
                return self._policy(reader, policy, with_text=False)

            found, token = page(rows, request.page_size, keep)
        return policy_pb2.ListPoliciesResponse(
            policies=found,
            next_page_token=token,
            policy_revision=live.revision,
            folder_faults=policy_answers.faults(live.faults),
        )

    def GetHistory(
        self, request: policy_pb2.GetHistoryRequest, _: grpc.ServicerContext
    ) -> policy_pb2.GetHistoryResponse:
        """The revisions of a policy, newest first."""
        stop = position_of(request.page_token) or None

        def keep(_: bytes, revision: Revision) -> policy_pb2.Policy:
            return policy_answers.revision(revision, with_text=False)

        with self._rooms.store.read() as reader:
            if reader.get(HEADS, request.policy.encode()) is None:
                file = self._rooms.policies.file_of(request.policy)
                where = f": its history is that of {file}" if file is not None else ""
                raise NotFoundError(f"no history of a policy {request.policy!r}{where}", policy=request.policy)
            rows = PolicyBook.history(reader, request.policy, stop)
            found, token = page(rows, request.page_size, keep, reverse=True)
        return policy_pb2.GetHistoryResponse(revisions=found, next_page_token=token)

    def _policy(self, reader: Reader, value: Policy, *, with_text: bool) -> policy_pb2.Policy:
        file = self._rooms.policies.file_of(value.name)
        number = reader.get(HEADS, value.name.encode()) if file is None else None
        revision = reader.get(REVISIONS, revision_key(value.name, number)) if number else None
        rows = [reader.get(HITS, hits_key(value.name, rule.name)) or RuleHits() for rule in value.rules]
        hits = RuleHits(hits=sum(row.hits for row in rows), last_time=max(row.last_time for row in rows))
        return policy_answers.policy(value, revision, file, hits, with_text=with_text)

    # Drafts ----------------------------------------------------------------------------------------------------------

    def LintPolicies(
        self, request: policy_pb2.LintPoliciesRequest, _: grpc.ServicerContext
    ) -> policy_pb2.LintPoliciesResponse:
        """Checks policies without keeping them."""
        try:
            policies = load_texts(_texts(request.files))
            self._rooms.policies.compile(policies).close()
        except PolicyError as error:
            return policy_pb2.LintPoliciesResponse(faults=policy_answers.faults(error.faults))
        return policy_pb2.LintPoliciesResponse(
            policies=len(policies), rules=sum(len(policy.rules) for policy in policies)
        )

    def TestPolicies(
        self, request: policy_pb2.TestPoliciesRequest, context: grpc.ServicerContext
    ) -> policy_pb2.TestPoliciesResponse:
        """Runs test suites over policies."""
        beside, evaluator = texts_beside(_texts(request.files)), self._rooms.policies.evaluator
        faults: list[Fault] = []
        suites: list[ReadSuite] = []
        for name, text in _texts(request.suites).items():
            try:
                suites.append(read_suite(text, name, beside))
            except PolicyError as error:
                faults.extend(error.faults)
        evaluator.prepare([one.policies for one in suites])
        results: list[SuiteResult] = []
        for suite in suites:
            if not context.is_active():
                raise DeadlineError("the caller left before the tests were done")
            try:
                results.append(run_suite(suite, evaluator))
            except PolicyError as error:
                faults.extend(error.faults)
        if faults:
            return policy_pb2.TestPoliciesResponse(faults=policy_answers.faults(faults))
        return policy_answers.tested(results)

    def ExplainCall(
        self, request: policy_pb2.ExplainCallRequest, _: grpc.ServicerContext
    ) -> policy_pb2.ExplainCallResponse:
        """What the policies say of a call, rule by rule."""
        if request.HasField("call"):
            call = self._rooms.extractor.named(call_of(request.call, self._clock()))
        elif request.decision_id:
            call = call_of_decision(self._rooms.tracker.find_decision(request.decision_id))
        else:
            raise InvalidArgumentError("call", "say a call, or a decision_id")
        with self._engine(request.files) as engine:
            if engine is None:
                return policy_pb2.ExplainCallResponse()
            found = self._rooms.explainer.explain(call, engine)
        response = policy_pb2.ExplainCallResponse(skipped=found.skipped, facts_json=found.facts_json)
        answers.set_policy_trace(response.trace, found.said)
        return response

    def WhatIf(self, request: policy_pb2.WhatIfRequest, context: grpc.ServicerContext) -> policy_pb2.WhatIfResponse:
        """What policies would have said of recorded calls."""

        def between() -> None:
            if not context.is_active():
                raise DeadlineError("the caller left before all calls were looked at")
            time.sleep(_BREATH)

        question = Question(
            request.tool,
            self._rooms.extractor.label(request.session_id),
            request.limit or DEFAULT_CALLS,
            request.examples or _EXAMPLES,
        )
        draft = self._draft(load_texts(_texts(request.files)))
        try:
            with self._engine(()) as current:
                return policy_answers.what_if(what_if(self._rooms.store, question, draft, current, between))
        finally:
            draft.close()

    def _draft(self, policies: Iterable[Policy]) -> Engine:
        """What is in force with these policies in place of those of their names, each of them counted."""
        live = self._rooms.policies
        counted = {one.name: _counted(one) for one in policies}
        together = {**live.policies, **counted}
        return live.compile([together[name] for name in sorted(together)])

    @contextmanager
    def _engine(self, files: Iterable[policy_pb2.PolicyFile]) -> Iterator[Engine | None]:
        """The engine of these files; without any, the one in force, None where there is none."""
        texts = _texts(files)
        if texts:
            draft = self._rooms.policies.compile(load_texts(texts))
            try:
                yield draft
            finally:
                draft.close()
            return
        with self._rooms.policies.in_force() as engine:
            yield engine

    # Approvals -------------------------------------------------------------------------------------------------------

    def ListApprovals(
        self, request: policy_pb2.ListApprovalsRequest, _: grpc.ServicerContext
    ) -> policy_pb2.ListApprovalsResponse:
        """Calls that wait, or waited, for a person, newest first."""

        def keep(_: bytes, record: ApprovalRecord) -> Any:
            return answers.approval(record) if request.state in (0, int(record.state)) else None

        rows = self._rooms.approvals.newest(position_of(request.page_token) or None)
        found, token = page(rows, request.page_size, keep, reverse=True)
        return policy_pb2.ListApprovalsResponse(approvals=found, next_page_token=token)

    def ApproveCall(
        self, request: policy_pb2.ApproveCallRequest, context: grpc.ServicerContext
    ) -> policy_pb2.ApproveCallResponse:
        """Agrees to a call."""
        future = self._rooms.approvals.decide(
            request.approval_id, request.approver, tuple(request.roles), request.reason, request.uses, agreed=True
        )
        return policy_pb2.ApproveCallResponse(approval=answers.approval(wait(future, context)))

    def DenyCall(
        self, request: policy_pb2.DenyCallRequest, context: grpc.ServicerContext
    ) -> policy_pb2.DenyCallResponse:
        """Refuses a call."""
        future = self._rooms.approvals.decide(
            request.approval_id, request.approver, tuple(request.roles), request.reason, 1, agreed=False
        )
        return policy_pb2.DenyCallResponse(approval=answers.approval(wait(future, context)))


def _texts(files: Iterable[policy_pb2.PolicyFile]) -> dict[str, str]:
    """The texts by name. Raises InvalidArgumentError where there are two of a name, or too much."""
    texts: dict[str, str] = {}
    total = 0
    for number, file in enumerate(files):
        name = file.name or f"policy-{number + 1}.yaml"
        if name in texts:
            raise InvalidArgumentError(f"files[{number}].name", "there are two files of this name")
        texts[name] = file.text
        total += len(file.text)
    if total > _MAX_BYTES:
        raise InvalidArgumentError("files", f"together at most {_MAX_BYTES >> 20} MiB", limit=str(_MAX_BYTES))
    return texts


def _counted(policy: Policy) -> Policy:
    """A draft that is off is asked all the same."""
    return structs.replace(policy, mode="shadow") if policy.mode == "off" else policy
