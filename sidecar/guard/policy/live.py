"""The policies in force: those of the folder and those that were applied, compiled into one engine.

A change is compiled beside what is in force and takes its place by one assignment: there is never a moment without
rules. The old engine is closed once the last question to it is answered. What cannot be compiled changes nothing.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from hashlib import blake2b
from typing import Final

import structlog

from ...policies.document import Policy
from ...policies.evaluator import Engine, Evaluator
from ...policies.faults import Fault, PolicyError
from ...policies.loading import check
from ...store.store import Store
from ...store.transaction import WriteTransaction
from .folder import Look, PolicyFolder
from .records import FOLDER, HEADS, REVISIONS, FolderPolicy, decoded, encoded, revision_key

#: Seconds between looks at the folder. What changed must look the same twice before it is read.
LOOK_SECONDS: Final = 0.5
#: Tools of which it is remembered what their rules read.
_TOOLS: Final = 10_000
_log = structlog.get_logger("forewarn.policies")


class Serving:
    """An engine in use: closed when it was replaced and nobody asks it any more."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self._lock = threading.Lock()
        self._users = 0
        self._replaced = False
        self._groups: dict[str, frozenset[str]] = {}

    def groups(self, tool: str) -> frozenset[str] | None:
        """What rules for a tool read; empty where there is nothing to ask. None where it was closed already."""
        known = self._groups.get(tool)
        if known is None:
            if not self.enter():
                return None
            try:
                known = self.engine.wants(tool)
            finally:
                self.leave()
            if len(self._groups) >= _TOOLS:
                self._groups = {}
            self._groups[tool] = known
        return known

    def enter(self) -> bool:
        """Keep the engine open; False where it was closed already: ask the one in force then. To be left again."""
        with self._lock:
            if self._replaced and not self._users:
                return False
            self._users += 1
            return True

    def leave(self) -> None:
        """The question is answered."""
        with self._lock:
            self._users -= 1
            last = self._replaced and not self._users
        if last:
            self.engine.close()

    def replace(self) -> None:
        """It is not in force any more."""
        with self._lock:
            self._replaced = True
            idle = not self._users
        if idle:
            self.engine.close()


class LivePolicies:
    """See the module. Thread-safe; ``change`` is held by whoever changes what is in force."""

    def __init__(self, store: Store, evaluator: Evaluator, folder: PolicyFolder | None) -> None:
        """Compile what is stored and what the folder holds.

        Raises PolicyError for a folder that cannot be used and of which nothing valid is known from before.
        """
        self.change = threading.RLock()
        self._told: Callable[[bool], None] = lambda _healthy: None
        self._store = store
        self.evaluator = evaluator
        self.folder = folder
        #: What is wrong with the folder, and with stored policies that today's program cannot use.
        self.folder_faults: tuple[Fault, ...] = ()
        self.stored_faults: tuple[Fault, ...] = ()
        self.serving: Serving | None = None
        self._files: dict[str, str] = {}
        self._from_folder: dict[str, Policy] = {}
        self._applied = self._load_applied()
        self._look: Look = folder.look() if folder is not None else ()
        self._put_in_force(self._start())
        self._stop = threading.Event()
        self._watcher = threading.Thread(target=self._watch, name="forewarn-policies", daemon=True)
        if folder is not None:
            self._watcher.start()

    # What is in force ------------------------------------------------------------------------------------------------

    @property
    def revision(self) -> str:
        """The revision of all policies in force; empty where there are none."""
        serving = self.serving
        return serving.engine.revision if serving is not None else ""

    @property
    def policies(self) -> dict[str, Policy]:
        """All policies in force, by name, those in mode off too."""
        return dict(sorted({**self._applied, **self._from_folder}.items()))

    def file_of(self, policy: str) -> str | None:
        """The folder's file that a policy stands in; None of one that was applied."""
        return self._files.get(policy)

    @property
    def faults(self) -> tuple[Fault, ...]:
        """What keeps policies that somebody wrote from being in force."""
        return self.folder_faults + self.stored_faults

    def entered(self) -> Serving | None:
        """What is in force, kept open until it is left; None where there is no policy."""
        while True:
            serving = self.serving
            if serving is None or serving.enter():
                return serving
            # It was replaced and closed in between: what is in force now is another.

    @contextmanager
    def in_force(self) -> Iterator[Engine | None]:
        """The engine in force, kept open meanwhile; None where there is no policy."""
        serving = self.entered()
        try:
            yield serving.engine if serving is not None else None
        finally:
            if serving is not None:
                serving.leave()

    def compile(self, policies: Sequence[Policy]) -> Engine:
        """An engine of its own, for a draft; the caller closes it. Raises PolicyError."""
        return self.evaluator.compile(policies, revision_of(policies))

    def tell(self, told: Callable[[bool], None]) -> None:
        """Say now, and whenever it may have changed, whether all policies that somebody wrote are in force."""
        self._told = told
        told(not self.faults)

    # Changes ---------------------------------------------------------------------------------------------------------

    def with_applied(self, changed: Mapping[str, Policy | None]) -> Engine | None:
        """What would be in force with these policies applied (None: deleted). Hold ``change``. Raises PolicyError.

        The engine is to be given to ``adopt``, or closed.
        """
        clashes = [
            Fault("is already the name of a policy of the folder", "rename it, or change the folder's file", name)
            for name, policy in changed.items()
            if policy is not None and name in self._from_folder
        ]
        if clashes:
            raise PolicyError(clashes)
        return self._compiled(self._from_folder, self._merged(changed))

    def adopt(self, changed: Mapping[str, Policy | None], engine: Engine | None) -> None:
        """These policies are kept now: from here on they are in force. Hold ``change``."""
        self._applied = self._merged(changed)
        self.stored_faults = tuple(fault for fault in self.stored_faults if fault.file not in changed)
        self._put_in_force(engine)
        self._told(not self.faults)

    def _merged(self, changed: Mapping[str, Policy | None]) -> dict[str, Policy]:
        merged = {**self._applied, **changed}
        return {name: policy for name, policy in merged.items() if policy is not None}

    def reload(self) -> bool:
        """Read the folder anew. False where it cannot be used: its last valid policies stay in force."""
        if self.folder is None:
            return True
        with self.change:
            try:
                found = self.folder.read()
                policies = {name: policy for name, (_, policy) in found.items()}
                _refuse_clashes(policies, self._applied, {name: file for name, (file, _) in found.items()})
                engine = self._compiled(policies, self._applied)
            except PolicyError as error:
                self._tell(error)
                return False
            self._adopt_folder(found)
            self._put_in_force(engine)
        _log.info("policies_loaded", policies=len(self.policies), revision=self.revision)
        return True

    def close(self) -> None:
        """Stop watching, close the engine."""
        self._stop.set()
        if self._watcher.is_alive():
            self._watcher.join(5.0)
        with self.change:
            serving, self.serving = self.serving, None
        if serving is not None:
            serving.replace()

    def _watch(self) -> None:
        seen = self._look
        while not self._stop.wait(LOOK_SECONDS):
            assert self.folder is not None  # noqa: S101 - only then is there a watcher
            now = self.folder.look()
            # A file that is being written looks different the next time: half of it is never read.
            if now == seen and now != self._look:
                self._look = now
                try:
                    self.reload()
                except Exception:  # noqa: BLE001 - told in log and status; the watcher goes on
                    _log.exception("policies_not_loaded")
                    self.folder_faults = (Fault("could not be loaded", "the daemon's log has the error"),)
                    self._told(False)
            seen = now

    def _tell(self, error: PolicyError) -> None:
        self.folder_faults = error.faults
        self._told(False)
        folder = str(self.folder.path) if self.folder is not None else ""
        _log.error("policies_refused", folder=folder, faults=[str(fault) for fault in error.faults[:20]])

    def _adopt_folder(self, found: Mapping[str, tuple[str, Policy]]) -> None:
        self.folder_faults = ()
        self._from_folder = {name: policy for name, (_, policy) in found.items()}
        self._files = {name: file for name, (file, _) in found.items()}
        rows = [FolderPolicy(name, file, encoded(policy)) for name, (file, policy) in found.items()]
        self._told(not self.faults)
        # A restart with a bad file falls back on these.
        self._store.submit(lambda txn: _keep_folder(txn, rows)).result()

    def _start(self) -> Engine | None:
        """The engine to begin with: of what the folder holds, else of what it last held that could be used."""
        if self.folder is None:
            return self._compiled({}, self._applied)
        try:
            found = self.folder.read()
            policies = {name: policy for name, (_, policy) in found.items()}
            _refuse_clashes(policies, self._applied, {name: file for name, (file, _) in found.items()})
            engine = self._compiled(policies, self._applied)
        except PolicyError as error:
            with self._store.read() as reader:
                rows = [row for _, row in reader.scan(FOLDER)]
            if not rows:
                raise
            self._from_folder = {row.policy: decoded(row.document) for row in rows}
            self._files = {row.policy: row.file for row in rows}
            self._tell(error)
            return self._compiled(self._from_folder, self._applied)
        self._adopt_folder(found)
        return engine

    def _load_applied(self) -> dict[str, Policy]:
        found: dict[str, Policy] = {}
        faults: list[Fault] = []
        with self._store.read() as reader:
            for key, number in reader.scan(HEADS):
                name = key.decode()
                revision = reader.get(REVISIONS, revision_key(name, number))
                if revision is None or not revision.document:
                    continue
                try:
                    policy = decoded(revision.document)
                    check((policy,))
                except (ValueError, PolicyError) as error:
                    faults.append(Fault(f"as it is stored cannot be used: {error}", "apply it anew", name))
                else:
                    found[name] = policy
        self.stored_faults = tuple(faults)
        for fault in faults:
            _log.error("policy_not_in_force", policy=fault.file, why=fault.message)
        return found

    def _compiled(self, from_folder: Mapping[str, Policy], applied: Mapping[str, Policy]) -> Engine | None:
        together = {**applied, **from_folder}
        return self.compile([together[name] for name in sorted(together)]) if together else None

    def _put_in_force(self, engine: Engine | None) -> None:
        before, self.serving = self.serving, Serving(engine) if engine is not None else None
        if before is not None:
            before.replace()


def revision_of(policies: Sequence[Policy]) -> str:
    """The revision of a set of policies: equal exactly for equal sets. Twelve hexadecimal digits."""
    digest = blake2b(digest_size=6)
    for document in sorted(encoded(policy) for policy in policies):
        digest.update(len(document).to_bytes(8, "big") + document)
    return digest.hexdigest()


def _refuse_clashes(policies: Mapping[str, Policy], applied: Mapping[str, Policy], files: Mapping[str, str]) -> None:
    clashes = [
        Fault(f"“{name}” is already the name of a policy that was applied", "rename one, or delete the other",
              files[name], 0, "policy")
        for name in policies
        if name in applied
    ]  # fmt: skip
    if clashes:
        raise PolicyError(clashes)


def _keep_folder(txn: WriteTransaction, rows: Sequence[FolderPolicy]) -> None:
    names = {row.policy.encode() for row in rows}
    for key, _ in list(txn.scan(FOLDER)):
        if key not in names:
            txn.delete(FOLDER, key)
    for row in rows:
        if txn.get(FOLDER, row.policy.encode()) != row:
            txn.put(FOLDER, row.policy.encode(), row)
