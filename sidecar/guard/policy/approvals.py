"""Calls that wait for a person. An approval holds for one very call: what it is bound to is hashed, nothing is parsed.

Approvals that can still change anything are in memory, because a decision waits for no disk; each change is posted to
the store behind it, and they are read again when the daemon starts. A grant is used in memory at once, under a lock:
two calls never share one use. Only a crash in the moments before a use is written (about 50 ms) gives that use again.

Times are the daemon's own, not those that calls say: a runtime cannot make an approval last longer.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import Future
from hashlib import blake2b
from typing import Final

from msgspec.structs import replace

from ...capture.extractor import Extractor
from ...clock import Clock, TimeOrderedIds
from ...learning.events import add_event
from ...model.call import Call
from ...model.errors import InvalidArgumentError, NotFoundError, PreconditionError
from ...policies.verdict import Approval
from ...store.store import Store
from ...store.transaction import WriteTransaction
from .records import APPROVALS, ApprovalRecord, ApprovalState

#: Approvals that may be alive at a time; of too many the oldest that nobody decided on end.
MAX_ALIVE: Final = 10_000
#: Approvals kept, with those that ended.
MAX_KEPT: Final = 20_000
_REMEMBERED_USERS: Final = 8
_ALIVE: Final = frozenset({ApprovalState.PENDING, ApprovalState.APPROVED, ApprovalState.DENIED})


class Approvals:
    """Thread-safe."""

    def __init__(self, store: Store, extractor: Extractor, clock: Clock) -> None:
        self._store = store
        self._extractor = extractor
        self._clock = clock
        self._ids = TimeOrderedIds(clock)
        self._lock = threading.Lock()
        self._by_id: dict[bytes, ApprovalRecord] = {}
        self._by_bound: dict[bytes, bytes] = {}
        now = clock()
        with store.read() as reader:
            for _, record in reader.scan(APPROVALS):
                if record.state in _ALIVE and record.expires > now:
                    self._remember(record)

    def bound_of(self, call: Call, server: str, approvers: tuple[str, ...]) -> bytes:
        """What an approval of this call holds for: tool, arguments (all of them), context, server, session or caller.

        And who may agree: what one role agreed to is not agreed to by another.
        """
        features = self._extractor.features_of(call.tool, call.arguments, {})
        parts = [
            *(text for pair in sorted(call.context.items()) for text in pair), "\1", server, "\1",
            *(("session", call.session_id) if call.session_id else ("caller", call.caller)), "\1", *sorted(approvers),
        ]  # fmt: skip
        digest = blake2b(features.fingerprint, digest_size=16)
        for text in parts:
            raw = text.encode("utf-8", "surrogatepass")
            digest.update(len(raw).to_bytes(4, "big") + raw)
        return digest.digest()

    def ask(
        self, call: Call, server: str, wanted: Approval, rule: str, message: str, decision_id: bytes
    ) -> ApprovalRecord:
        """The approval of a call: as it stands, a use of it where it was granted, or a new one that waits.

        Raises QueueFullError where it cannot be kept.
        """
        bound = self.bound_of(call, server, wanted.approvers)
        now = self._clock()
        with self._lock:
            key = self._by_bound.get(bound)
            record = self._by_id.get(key) if key is not None else None
            if record is not None and record.expires > now:
                if record.state in (ApprovalState.PENDING, ApprovalState.DENIED):
                    return record
                label = self._extractor.label(call.call_id)
                if label and label in record.used_by:
                    return replace(record, state=ApprovalState.APPROVED)
                if record.state is ApprovalState.APPROVED:
                    return self._use(record, label)
            return self._new(call, wanted, bound, rule, message, decision_id, now)

    def find(self, approval_id: str) -> ApprovalRecord:
        """An approval as it stands now. Raises NotFoundError."""
        key = _key(approval_id)
        record = self._by_id.get(key)
        if record is None:
            with self._store.read() as reader:
                record = reader.get(APPROVALS, key)
        if record is None:
            raise NotFoundError(f"no approval {approval_id}", approval_id=approval_id)
        return self.current(record)

    def current(self, record: ApprovalRecord) -> ApprovalRecord:
        """The record with the state that it has by now."""
        if record.state in _ALIVE and record.expires <= self._clock():
            return replace(record, state=ApprovalState.EXPIRED)
        return record

    def newest(self, stop: bytes | None) -> Iterator[tuple[bytes, ApprovalRecord]]:
        """All that are kept, newest first, as they stand now; ``stop``: those before this key."""
        with self._lock:
            fresh = sorted(self._by_id.items(), reverse=True)
        with self._store.read() as reader:
            stored = reader.scan(APPROVALS, b"", stop, reverse=True)
            ahead = iter([(key, record) for key, record in fresh if stop is None or key < stop])
            one, other = next(ahead, None), next(stored, None)
            while one is not None or other is not None:
                if other is None or (one is not None and one[0] >= other[0]):
                    assert one is not None  # noqa: S101 - else other is not None
                    yield one[0], self.current(one[1])
                    if other is not None and other[0] == one[0]:
                        other = next(stored, None)
                    one = next(ahead, None)
                else:
                    yield other[0], self.current(other[1])
                    other = next(stored, None)

    def decide(
        self, approval_id: str, approver: str, roles: tuple[str, ...], reason: str, uses: int, *, agreed: bool
    ) -> Future[ApprovalRecord]:
        """Agree to a call, or refuse it; the future completes when that is durable, and from then on it holds.

        ``uses`` is how often the call may be made, 1 to 1,000; 0: as often as the policy says.

        Raises NotFoundError, and PreconditionError where it is not open any more or another role has to agree.
        """
        record = self.find(approval_id)
        if record.state not in (ApprovalState.PENDING, ApprovalState.APPROVED, ApprovalState.DENIED):
            state = record.state.name.lower()
            raise PreconditionError(
                f"approval {approval_id} is {state}: nothing can be said of it any more", state=state
            )
        if record.approvers and not set(record.approvers) & set(roles):
            wanted = ", ".join(record.approvers)
            raise PreconditionError(f"this needs one of these roles: {wanted}", roles=wanted)
        decided = replace(
            record,
            state=ApprovalState.APPROVED if agreed else ApprovalState.DENIED,
            decided_by=self._extractor.label(approver),
            reason=self._extractor.observation_text(reason, 4096),
            decided=self._clock(),
            uses=uses or record.asked_uses,
            used=0,
            used_by=(),
        )
        future: Future[ApprovalRecord] = self._store.submit(lambda txn: _decided(txn, decided))
        held: Future[ApprovalRecord] = Future()

        def hold(done: Future[ApprovalRecord]) -> None:
            error = done.exception()
            if error is not None:
                held.set_exception(error)
                return
            with self._lock:
                self._remember(decided)
            held.set_result(decided)

        future.add_done_callback(hold)
        return held

    def _use(self, record: ApprovalRecord, label: str) -> ApprovalRecord:
        last = record.used + 1 >= record.uses
        used = replace(
            record,
            used=record.used + 1,
            used_by=(*record.used_by, label)[-_REMEMBERED_USERS:] if label else record.used_by,
            state=ApprovalState.USED if last else ApprovalState.APPROVED,
        )
        self._post(used)
        self._remember(used)  # also when it is used up: asking again about the same call is no second use
        return replace(used, state=ApprovalState.APPROVED)

    def _new(
        self, call: Call, wanted: Approval, bound: bytes, rule: str, message: str, decision_id: bytes, now: float
    ) -> ApprovalRecord:
        label, features = self._extractor.label, self._extractor.features_of(call.tool, call.arguments, call.context)
        record = ApprovalRecord(
            approval_id=self._ids(), bound=bound, state=ApprovalState.PENDING, tool=call.tool,
            preview=features.preview, context=features.context, session_id=label(call.session_id),
            caller=label(call.caller), rule=rule, message=message, approvers=wanted.approvers, created=now,
            expires=now + wanted.expires_seconds, decision_id=decision_id, uses=wanted.uses,
            asked_uses=wanted.uses,
        )  # fmt: skip
        self._post(record)
        self._remember(record)
        return record

    def _post(self, record: ApprovalRecord) -> None:
        self._store.post(lambda txn: _keep(txn, record), droppable=False)

    def _remember(self, record: ApprovalRecord) -> None:
        self._by_id[record.approval_id] = record
        self._by_bound[record.bound] = record.approval_id
        if len(self._by_id) > MAX_ALIVE:
            now = self._clock()
            for one in list(self._by_id.values()):
                if one.expires <= now or one.state is ApprovalState.USED:
                    self._forget(one)
            while len(self._by_id) > MAX_ALIVE:
                oldest = next(iter(self._by_id.values()))
                self._post(replace(oldest, state=ApprovalState.EXPIRED))
                self._forget(oldest)

    def _forget(self, record: ApprovalRecord) -> None:
        self._by_id.pop(record.approval_id, None)
        if self._by_bound.get(record.bound) == record.approval_id:
            del self._by_bound[record.bound]


def _keep(txn: WriteTransaction, record: ApprovalRecord) -> None:
    txn.put(APPROVALS, record.approval_id, record)
    excess = txn.count(APPROVALS) - MAX_KEPT
    if excess > 0:
        for key, _ in txn.scan(APPROVALS, limit=min(excess, 8)):
            txn.delete(APPROVALS, key)


def _decided(txn: WriteTransaction, record: ApprovalRecord) -> ApprovalRecord:
    _keep(txn, record)
    what = "approved" if record.state is ApprovalState.APPROVED else "denied"
    add_event(txn, f"call_{what}", f"by {record.decided_by}: {record.rule}: {record.message}", tool=record.tool)
    return record


def _key(approval_id: str) -> bytes:
    try:
        key = bytes.fromhex(approval_id)
    except ValueError:
        key = b""
    if len(key) != 16:
        raise InvalidArgumentError("approval_id", "must be 32 hexadecimal digits")
    return key
