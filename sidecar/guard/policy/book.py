"""Policies that are kept in the store: changes, each a new revision, and their history."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final, NamedTuple, TypeVar

import msgspec
from msgspec import structs

from ...capture.extractor import Extractor
from ...clock import Clock
from ...learning.events import add_event
from ...model.errors import NotFoundError, PreconditionError
from ...policies.document import Mode, Policy
from ...store.reader import Reader
from ...store.store import Store
from ...store.transaction import WriteTransaction
from .live import LivePolicies
from .records import HEADS, REVISIONS, Revision, decoded, encoded, revision_key
from .writing import with_mode

#: Revisions kept of one policy; the oldest go first.
MAX_REVISIONS: Final = 1_000
_NUMBER: Final = 4
T = TypeVar("T")


class Change(msgspec.Struct, frozen=True):
    """What became of a policy: ``what`` is created, changed, unchanged or deleted."""

    policy: str
    what: str
    revision: int
    before: Policy | None
    after: Policy | None


class Stamp(NamedTuple):
    """What is kept of a change beside the policy: what made it, who, why, and where the policy comes from."""

    kind: str
    author: str
    reason: str
    origin: str = ""


class PolicyBook:
    """Changes policies that are kept in the store. Thread-safe; one change at a time, each durable before it holds."""

    def __init__(self, store: Store, live: LivePolicies, extractor: Extractor, clock: Clock) -> None:
        self._store = store
        self._live = live
        self._extractor = extractor
        self._clock = clock

    def apply(
        self, written: Sequence[tuple[Policy, str]], author: str, reason: str, *, dry_run: bool = False
    ) -> list[Change]:
        """Keep policies, each with the text it was written as (empty where that is not known). All or nothing.

        Raises PolicyError, and the store's errors.
        """
        with self._live.change:
            now = self._live.policies
            wanted = {policy.name: (policy, text) for policy, text in written if now.get(policy.name) != policy}
            return self._change(
                {name: policy for name, (policy, _) in wanted.items()},
                {policy.name for policy, _ in written},
                "apply", author, reason, lambda name: wanted[name][1], dry_run=dry_run,
            )  # fmt: skip

    def delete(self, name: str, author: str, reason: str) -> Change:
        """Remove a policy; its history stays. Raises NotFoundError, PreconditionError for the folder's."""
        with self._live.change:
            self._own(name)
            return self._change({name: None}, {name}, "delete", author, reason)[0]

    def set_mode(self, name: str, mode: Mode, percent: float | None, author: str, reason: str) -> Change:
        """Set how far a policy reaches. Raises NotFoundError, PreconditionError for the folder's, PolicyError."""
        with self._live.change:
            policy = self._own(name)
            share = policy.enforce_percent if percent is None else percent
            after = structs.replace(policy, mode=mode, enforce_percent=share)
            if after == policy:
                return self._unchanged(name)
            head = self.revision(name)
            return self._change(
                {name: after}, {name}, "mode", author, reason, lambda _: with_mode(head.text, after),
                origin=head.origin,
            )[0]  # fmt: skip

    def roll_back(self, name: str, number: int, author: str, reason: str) -> Change:
        """Make a revision that says what an older one (0: the one before the newest) said.

        Raises NotFoundError, PreconditionError for one that was deleted then, PolicyError.
        """
        with self._live.change:
            if self._live.file_of(name) is not None:
                self._own(name)
            with self._store.read() as reader:
                head = reader.get(HEADS, name.encode()) or 0
                old = reader.get(REVISIONS, revision_key(name, number or head - 1)) if head else None
            if old is None:
                raise NotFoundError(f"no revision {number or 'before the newest'} of a policy {name!r}", policy=name)
            if not old.document:
                raise PreconditionError(
                    f"at revision {old.number} {name!r} was deleted; delete it instead", policy=name
                )
            after = decoded(old.document)
            if self._live.policies.get(name) == after:
                return self._unchanged(name)
            return self._change(
                {name: after}, {name}, "rollback", author, reason, lambda _: old.text, origin=old.origin
            )[0]

    def revision(self, name: str, number: int = 0) -> Revision:
        """A revision (0: the newest). Raises NotFoundError."""
        with self._store.read() as reader:
            head = reader.get(HEADS, name.encode()) or 0
            found = reader.get(REVISIONS, revision_key(name, number or head)) if head else None
        if found is None:
            raise NotFoundError(f"no policy {name!r}" + (f" with a revision {number}" if number else ""), policy=name)
        return found

    def join(
        self,
        name: str,
        policy: Policy | None,
        text: str,
        stamp: Stamp,
        submit: Callable[[Callable[[WriteTransaction], int]], T],
    ) -> T:
        """Make a change within a transaction of somebody else's: both are kept, or neither.

        ``submit`` is given what to call in its job, which writes the revision (None: a deletion) and gives its number;
        it returns once that is durable. From then on the policy is in force; should the daemon die in between, it is
        from the next start on. Raises PolicyError, and what ``submit`` raises: then nothing was changed.
        """
        with self._live.change:
            wanted = {name: policy}
            engine = self._live.with_applied(wanted)
            draft = self._drafted(name, policy, text, stamp)
            try:
                done = submit(lambda txn: _write(txn, [draft])[name])
            except BaseException:
                if engine is not None:
                    engine.close()
                raise
            self._live.adopt(wanted, engine)
            return done

    def _drafted(self, name: str, policy: Policy | None, text: str, stamp: Stamp) -> Revision:
        who, why = self._extractor.label(stamp.author), self._extractor.observation_text(stamp.reason, 4096)
        document = b"" if policy is None else encoded(policy)
        return Revision(name, 0, document, text, stamp.kind, who, why, self._clock(), stamp.origin)

    @staticmethod
    def head(reader: Reader | WriteTransaction, name: str) -> Revision | None:
        """The newest revision, a deletion too; None where there is no policy of this name, or it is the folder's."""
        number = reader.get(HEADS, name.encode())
        return reader.get(REVISIONS, revision_key(name, number)) if number else None

    @staticmethod
    def history(reader: Reader, name: str, stop: bytes | None) -> Iterator[tuple[bytes, Revision]]:
        """The revisions of a policy, newest first; ``stop``: those before this key."""
        first = revision_key(name, 0)
        return reader.scan(REVISIONS, first, stop or revision_key(name, 0xFFFFFFFF), reverse=True)

    def _own(self, name: str) -> Policy:
        file = self._live.file_of(name)
        if file is not None:
            raise PreconditionError(f"{name!r} comes from the folder: change {file} there", policy=name, file=file)
        policy = self._live.policies.get(name)
        if policy is None:
            raise NotFoundError(f"no policy {name!r}", policy=name)
        return policy

    def _unchanged(self, name: str) -> Change:
        policy = self._live.policies[name]
        return Change(name, "unchanged", self._number(name), policy, policy)

    def _number(self, name: str) -> int:
        with self._store.read() as reader:
            return reader.get(HEADS, name.encode()) or 0

    def _change(
        self,
        wanted: Mapping[str, Policy | None],
        named: set[str],
        kind: str,
        author: str,
        reason: str,
        text_of: Callable[[str], str] = lambda _: "",
        *,
        origin: str = "",
        dry_run: bool = False,
    ) -> list[Change]:
        before = self._live.policies
        changes = [self._unchanged(name) for name in sorted(named - wanted.keys())]
        if not wanted:
            return changes
        engine = self._live.with_applied(wanted)
        numbers: dict[str, int] = {}
        if dry_run:
            if engine is not None:
                engine.close()
            numbers = {name: self._number(name) for name in wanted}
        else:
            stamp = Stamp(kind, author, reason, origin)
            drafts = [self._drafted(name, policy, text_of(name), stamp) for name, policy in wanted.items()]
            try:
                numbers = self._store.submit(lambda txn: _write(txn, drafts)).result()
            except BaseException:
                if engine is not None:
                    engine.close()
                raise
            self._live.adopt(wanted, engine)
        for name, policy in wanted.items():
            what = "deleted" if policy is None else "changed" if name in before else "created"
            changes.append(Change(name, what, numbers[name], before.get(name), policy))
        return sorted(changes, key=lambda change: change.policy)


def _write(txn: WriteTransaction, drafts: Sequence[Revision]) -> dict[str, int]:
    numbers = {}
    for draft in drafts:
        key = draft.policy.encode()
        number = numbers[draft.policy] = (txn.get(HEADS, key) or 0) + 1
        txn.put(REVISIONS, revision_key(draft.policy, number), structs.replace(draft, number=number))
        txn.put(HEADS, key, number)
        if number > MAX_REVISIONS:
            txn.delete(REVISIONS, revision_key(draft.policy, number - MAX_REVISIONS))
        by = f" by {draft.author}" if draft.author else ""
        why = f": {draft.reason}" if draft.reason else ""
        add_event(txn, "policy_changed", f"{draft.policy}, revision {number} ({draft.kind}){by}{why}")
    return numbers
