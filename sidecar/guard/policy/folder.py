"""The folder of policies: what stands in it, and whether that has changed since it was last read."""

from __future__ import annotations

from pathlib import Path
from typing import TypeAlias

from ...policies.document import Policy
from ...policies.faults import Fault, PolicyError
from ...policies.loading import SUFFIXES, load_texts, texts_in

#: Path, time of change, size and inode of each file: what differs where a file was changed, moved or replaced.
Look: TypeAlias = "tuple[tuple[str, int, int, int], ...]"


class PolicyFolder:
    """A folder, by polling: it works on every file system, for mounted configuration and for editors that replace."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def look(self) -> Look:
        """How the folder looks; equal as long as nothing in it changed. A folder that is not there looks empty."""
        found = []
        for path in self.path.rglob("*"):
            if path.suffix not in SUFFIXES:
                continue
            try:
                facts = path.stat()
            except OSError:  # it went away in between, or may not be looked at: reading it will tell
                found.append((str(path), 0, 0, 0))
            else:
                found.append((str(path), facts.st_mtime_ns, facts.st_size, facts.st_ino))
        return tuple(sorted(found))

    def read(self) -> dict[str, tuple[str, Policy]]:
        """The policies by name, each with its file. Raises PolicyError with the faults of all files."""
        if not self.path.is_dir():
            raise PolicyError([Fault("is no folder", "make it, or name another with --policies", str(self.path))])
        texts = texts_in(self.path)
        load_texts(texts)  # faults of all files together, names that clash among them
        return {policy.name: (file, policy) for file, text in texts.items() for policy in load_texts({file: text})}
