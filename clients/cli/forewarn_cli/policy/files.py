"""Policy files and test suites on the disk of whoever calls the command."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from forewarn_cli.faults import UsageFault

if TYPE_CHECKING:
    from forewarn.v1 import policy_pb2

SUFFIXES = (".yaml", ".yml")
SUITE_ENDINGS = ("_test.yaml", "_test.yml")


def is_suite(path: Path) -> bool:
    """Whether a file holds tests, by its name."""
    return path.name.endswith(SUITE_ENDINGS)


def below(folder: Path) -> list[Path]:
    """The YAML files of a folder and below, hidden ones left out."""
    found = [path for path in folder.rglob("*") if path.suffix in SUFFIXES and path.is_file()]
    return sorted(path for path in found if not any(part.startswith(".") for part in path.relative_to(folder).parts))


def policy_files(names: Iterable[str]) -> list[policy_pb2.PolicyFile]:
    """The policies that the command line names: files, folders, or - for stdin. Suites in folders are left out."""
    from forewarn.v1 import policy_pb2

    found: list[policy_pb2.PolicyFile] = []
    for name in names:
        if name == "-":
            found.append(policy_pb2.PolicyFile(name="stdin", text=sys.stdin.read()))
            continue
        path = Path(name)
        inside = [one for one in below(path) if not is_suite(one)] if path.is_dir() else [path]
        if not inside:
            raise UsageFault(f"{name}: no policy in this folder (*.yaml)")
        found += [policy_pb2.PolicyFile(name=str(one), text=text(one)) for one in inside]
    return found


def documents_of(ask: Any, ids: Iterable[str]) -> list[policy_pb2.PolicyFile]:
    """The policy documents of organisational policies, each named by id and revision."""
    from forewarn.v1 import knowledge_pb2, policy_pb2

    found: list[policy_pb2.PolicyFile] = []
    for one in ids:
        entity = ask("GetEntity", knowledge_pb2.GetEntityRequest(id=one)).entity
        if entity.HasField("deleted_at"):
            raise UsageFault(f"{one} is deleted; `forewarn knowledge restore {one}` takes that back")
        if not entity.policy_document.strip():
            raise UsageFault(f"{one} has no policy document to apply")
        name = f"knowledge:{entity.id}, revision {entity.revision}"
        found.append(policy_pb2.PolicyFile(name=name, text=entity.policy_document))
    return found


def suites(names: Iterable[str]) -> list[Path]:
    """The test suites that the command line names, and those of its folders."""
    found: list[Path] = []
    for name in names:
        path = Path(name)
        if not path.exists():  # before its folder, which may be anything, is read whole
            raise UsageFault(f"{name}: No such file or directory")
        found += [one for one in below(path) if is_suite(one)] if path.is_dir() else [path]
    if not found:
        raise UsageFault("there is no test suite here: its file's name ends in _test.yaml")
    return list(dict.fromkeys(found))


def text(path: Path) -> str:
    """A file's text; a UsageFault where it cannot be read."""
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise UsageFault(f"{path}: is not UTF-8") from None
    except OSError as error:
        raise UsageFault(f"{path}: {error.strerror}") from None
