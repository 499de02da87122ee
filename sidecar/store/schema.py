"""The schema version of a store, and how an older store becomes one of today.

Migrations are ordered ``(from, to, function)``. All that are needed run in *one* transaction at open, after a backup
into ``backup-before-v<to>``: a kill at any moment leaves the old store or the new one. A store that is newer than this
program is refused before anything is touched.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

import lmdb

from sidecar.model.errors import SchemaVersionError, StoreFullError

from .backup import backup
from .environment import Environment
from .tables import META, u64
from .transaction import WriteTransaction

#: Version of the stores that this program writes.
VERSION: Final = 1


class Migration(NamedTuple):
    """Turns a store of version ``start`` into one of version ``end``. A pure function of the transaction: may rerun."""

    start: int
    end: int
    run: Callable[[WriteTransaction], None]


#: Every migration there ever was, oldest first.
MIGRATIONS: Final[tuple[Migration, ...]] = ()


class Schema:
    """The version to reach and the ways there."""

    def __init__(self, version: int = VERSION, migrations: Sequence[Migration] = MIGRATIONS) -> None:
        self.version = version
        self._migrations = migrations

    def accept(self, version: int) -> None:
        """Refuse, with SchemaVersionError, a store that is too new, or too old for a way from there to lead here."""
        if version:
            self._path(version)

    def apply(self, environment: Environment) -> int:
        """Bring the store to this version. Returns the version it had (0: new). Before anybody else uses it."""
        with environment.read() as reader:
            found = int.from_bytes(reader.get_raw(META, b"schema_version") or b"", "big")
        if found == self.version:
            return found
        path = self._path(found) if found else []
        if found:
            self._keep_copy(environment)
        while True:
            transaction = environment.begin_write()
            try:
                for migration in path:
                    migration.run(transaction)
                transaction.put(META, b"schema_version", u64(self.version))
                transaction.commit()
            except lmdb.MapFullError as error:
                transaction.abort()
                if not environment.grow():
                    raise StoreFullError("no room to migrate the store: raise its size limit") from error
            except BaseException:
                transaction.abort()
                raise
            else:
                return found

    def _path(self, version: int) -> list[Migration]:
        if version > self.version:
            raise SchemaVersionError(
                f"the store has schema version {version}, this program knows {self.version}: use a newer one",
                found=str(version), known=str(self.version),
            )  # fmt: skip
        path: list[Migration] = []
        while version < self.version:
            step = next((migration for migration in self._migrations if migration.start == version), None)
            if step is None:
                raise SchemaVersionError(f"no migration leads from schema version {version}", found=str(version))
            path.append(step)
            version = step.end
        return path

    def _keep_copy(self, environment: Environment) -> None:
        """Back up, replacing the copy of an earlier attempt only once the new one is complete."""
        target = environment.folder / f"backup-before-v{self.version}"
        draft = target.with_name(f"{target.name}-draft")
        shutil.rmtree(draft, ignore_errors=True)
        backup(environment, draft)
        shutil.rmtree(target, ignore_errors=True)
        draft.rename(target)
