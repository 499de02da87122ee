"""Starting, showing and stopping rollouts. A rollout says which arm is better; a person promotes or withdraws.

Each change is one transaction, with the change of the policy or pattern that it stands for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future
from typing import Final

from msgspec import structs

from ..capture.extractor import Extractor
from ..clock import Clock
from ..guard.policy.book import PolicyBook, Stamp
from ..guard.policy.live import LivePolicies
from ..guard.policy.writing import with_mode
from ..knowledge.repository import KnowledgeRepository
from ..model.errors import InvalidArgumentError, NotFoundError, PreconditionError
from ..model.knowledge import EntityKind
from ..policies.document import Mode, Policy
from ..store.reader import Reader
from ..store.store import Store
from ..store.tables import after_prefix
from ..store.transaction import WriteTransaction
from .comparing import Comparison
from .counting import append
from .records import (
    EVENTS,
    LEAVINGS,
    OF_EVENTS,
    ROLLOUTS,
    EventKind,
    Rollout,
    RolloutEvent,
    RolloutState,
    Side,
)
from .trials import RunningTrials

#: Rollouts at a time, and that are kept in all; beyond that the oldest that was stopped is forgotten.
AT_A_TIME: Final = 16
KEPT: Final = 50
#: Units after which there is no decision, and seconds that a session is watched, where nothing else is said.
MAX_UNITS: Final = 5_000
WINDOW: Final = 3_600.0
_REASON_BYTES: Final = 1_024
_ID_BYTES: Final = 16


class Rollouts:
    """See the module. Thread-safe. Futures complete when the change is durable.

    Raises NotFoundError, PreconditionError and InvalidArgumentError, at once or from the future, and PolicyError.
    """

    def __init__(
        self,
        store: Store,
        repository: KnowledgeRepository,
        book: PolicyBook,
        live: LivePolicies,
        trials: RunningTrials,
        extractor: Extractor,
        clock: Clock,
        ids: Callable[[], bytes],
    ) -> None:
        self._store = store
        self._repository = repository
        self._book = book
        self._live = live
        self._trials = trials
        self._extractor = extractor
        self._clock = clock
        self._ids = ids
        self._adopt()

    def start_pattern(
        self, pattern: str, share: float, *, max_units: int = MAX_UNITS, actor: str = "", reason: str = ""
    ) -> Rollout:
        """Offer a pattern to a share (above 0, below 1) of sessions only, and compare them with the rest."""
        rollout = self._new(EntityKind.PATTERN, pattern, share, max_units, 0.0)
        event = self._event(EventKind.STARTED, actor, reason)

        def job(txn: WriteTransaction) -> Rollout:
            entity = self._repository.get(txn, pattern)
            if entity.kind is not EntityKind.PATTERN:
                raise InvalidArgumentError("pattern", "is a policy of organisational knowledge, which nothing offers")
            if entity.deleted_time:
                raise PreconditionError(f"{pattern} is deleted; restore it first")
            return _begin(txn, rollout, event)

        return self._changed(self._store.submit(job).result())

    def start_policy(
        self,
        policy: str,
        share: float,
        *,
        max_units: int = MAX_UNITS,
        window: float = WINDOW,
        actor: str = "",
        reason: str = "",
    ) -> Rollout:
        """Enforce a policy of the policy book in a share of sessions, in shadow in the rest, and compare them."""
        event = self._event(EventKind.STARTED, actor, reason)
        with self._live.change:
            before = self._own(policy)
            if before.mode == "enforce" and before.enforce_percent >= 100.0:
                raise PreconditionError(f"{policy} is enforced everywhere already; there is nothing to compare with")
            rollout = self._new(EntityKind.POLICY, policy, share, max_units, window)

            def begin(txn: WriteTransaction, revision: int) -> Rollout:
                return _begin(txn, structs.replace(rollout, policy_revision=revision), event)

            return self._changed(self._set_mode(before, "enforce", round(share * 100.0, 6), rollout, actor, begin))

    def stop(self, rollout_id: str, *, promote: bool, actor: str = "", reason: str = "") -> Rollout:
        """End a rollout: for all (``promote``), or for none (a pattern is deleted, a policy in shadow again)."""
        key = _key(rollout_id)
        event = self._event(EventKind.STOPPED, actor, reason, "promoted" if promote else "withdrawn")
        with self._live.change:
            with self._store.read() as reader:
                found = self.get(reader, rollout_id)
                head = self._book.head(reader, found.subject) if found.kind is EntityKind.POLICY else None
            policy = self._live.policies.get(found.subject) if found.kind is EntityKind.POLICY else None
            same = head is not None and head.number == found.policy_revision

            def end(txn: WriteTransaction, _: int = 0) -> Rollout:
                rollout = _open(txn, key)
                changed = rollout.kind is EntityKind.POLICY and not same
                append(txn, rollout, structs.replace(event, ending="changed") if changed else event)
                return rollout

            def end_pattern(txn: WriteTransaction) -> Rollout:
                rollout = end(txn)
                entity = self._repository.find(txn, rollout.subject)
                if not promote and entity is not None and not entity.deleted_time:
                    author = f"{self._repository.person(actor) or 'forewarn'} (rollout:{rollout.rollout_id.hex()})"
                    self._repository.delete_in(txn, entity, author, event.time)
                return rollout

            if found.kind is EntityKind.PATTERN:
                return self._changed(self._store.submit(end_pattern).result())
            if policy is None or not same or found.state is RolloutState.STOPPED:
                return self._changed(self._store.submit(end).result())
            mode: Mode = "enforce" if promote else "shadow"
            return self._changed(self._set_mode(policy, mode, 100.0, found, actor, end))

    def get(self, reader: Reader, rollout_id: str) -> Rollout:
        """A rollout. Raises NotFoundError."""
        found = reader.get(ROLLOUTS, _key(rollout_id))
        if found is None:
            raise NotFoundError("there is no such rollout, or it is kept no longer")
        return found

    def newest(self, reader: Reader, stop: bytes | None = None) -> Iterator[tuple[bytes, Rollout]]:
        """Rollouts, newest first."""
        return reader.scan(ROLLOUTS, b"", stop, reverse=True)

    def events(self, reader: Reader, rollout: Rollout) -> Iterator[RolloutEvent]:
        """The journal of a rollout, oldest first."""
        for _, event in reader.scan(EVENTS, rollout.rollout_id, after_prefix(rollout.rollout_id)):
            yield event

    def settle(self) -> Future[None]:
        """Count sessions that are due now, rather than with the next commit or within seconds."""
        return self._store.submit(lambda txn: (self._trials(txn), None)[1])

    def _new(self, kind: EntityKind, subject: str, share: float, max_units: int, window: float) -> Rollout:
        return Rollout(self._ids(), kind, subject, share, max_units, window)

    def _event(self, kind: EventKind, actor: str, reason: str, ending: str = "") -> RolloutEvent:
        told = self._extractor.observation_text(reason.strip(), _REASON_BYTES)
        return RolloutEvent(self._clock(), kind, actor=self._extractor.label(actor.strip()), reason=told, ending=ending)

    def _own(self, name: str) -> Policy:
        file = self._live.file_of(name)
        if file is not None:
            raise PreconditionError(f"{name} comes from the folder: set its mode in {file}", policy=name, file=file)
        policy = self._live.policies.get(name)
        if policy is None:
            raise NotFoundError(f"no policy {name!r}", policy=name)
        return policy

    def _set_mode(
        self,
        before: Policy,
        mode: Mode,
        percent: float,
        rollout: Rollout,
        actor: str,
        then: Callable[[WriteTransaction, int], Rollout],
    ) -> Rollout:
        """Set a policy's mode in one transaction with ``then``, which is given the new revision."""
        head = self._book.revision(before.name)
        after = structs.replace(before, mode=mode, enforce_percent=percent)
        stamp = Stamp("mode", actor, f"rollout:{rollout.rollout_id.hex()}", head.origin)

        def submit(write: Callable[[WriteTransaction], int]) -> Rollout:
            return self._store.submit(lambda txn: then(txn, write(txn))).result()

        return self._book.join(before.name, after, with_mode(head.text, after), stamp, submit)

    def _changed(self, rollout: Rollout) -> Rollout:
        self._adopt()
        return rollout

    def _adopt(self) -> None:
        with self._store.read() as reader:
            self._trials.adopt([one for _, one in reader.scan(ROLLOUTS)])


def _begin(txn: WriteTransaction, rollout: Rollout, event: RolloutEvent) -> Rollout:
    kept = list(txn.scan(ROLLOUTS))
    live = [one for _, one in kept if one.state is not RolloutState.STOPPED]
    if any(one.kind is rollout.kind and one.subject == rollout.subject for one in live):
        raise PreconditionError(f"{rollout.subject} is being rolled out already; stop that first")
    if len(live) >= AT_A_TIME:
        raise PreconditionError(f"{AT_A_TIME} rollouts are under way, which is the limit", limit=str(AT_A_TIME))
    if len(kept) >= KEPT:
        oldest = next(key for key, one in kept if one.state is RolloutState.STOPPED)
        txn.delete(ROLLOUTS, oldest)
        txn.put(LEAVINGS, OF_EVENTS + oldest, b"")
    # A job may run again: what is counted in must be new each time.
    fresh = structs.replace(rollout, comparison=Comparison(), treatment=Side(), control=Side())
    append(txn, fresh, event)
    return fresh


def _open(txn: WriteTransaction, key: bytes) -> Rollout:
    rollout = txn.get(ROLLOUTS, key)
    if rollout is None:
        raise NotFoundError("there is no such rollout, or it is kept no longer")
    if rollout.state is RolloutState.STOPPED:
        raise PreconditionError(f"the rollout was stopped already ({rollout.ending})")
    return rollout


def _key(rollout_id: str) -> bytes:
    try:
        key = bytes.fromhex(rollout_id)
    except ValueError:
        key = b""
    if len(key) != _ID_BYTES:
        raise InvalidArgumentError("rollout_id", f"must be {2 * _ID_BYTES} hexadecimal digits")
    return key
