"""Entities in files: one as YAML for people to write, documents as they are."""

from __future__ import annotations

import io
import os
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from forewarn_cli.faults import UsageFault

if TYPE_CHECKING:
    from forewarn.v1 import knowledge_pb2

_CHUNK = 256 * 1024
_LIMIT = 1 << 20
_WRITTEN = ("id", "kind", "description", "triggers", "suggestedResources", "rationale", "policyDocument")
_HELP = """\
# kind is pattern or policy. Lines that begin with # are left out. An empty file changes nothing.
"""


def read_bytes(file: str) -> bytes:
    """A file, or stdin for "-"."""
    try:
        return sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
    except OSError as error:
        raise UsageFault(f"cannot read {file}: {error.strerror}") from error


def read_entity(data: bytes, where: str) -> knowledge_pb2.OrganisationalEntity:
    """One entity from YAML or JSON, with the names of the API's JSON."""
    from google.protobuf.json_format import ParseDict, ParseError
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    from forewarn.v1 import knowledge_pb2

    if len(data) > _LIMIT:
        raise UsageFault(f"{where}: one entity has at most {_LIMIT >> 20} MiB")
    try:
        fields: Any = YAML(typ="safe", pure=True).load(data.decode("utf-8"))
    except (YAMLError, UnicodeDecodeError, ValueError) as error:
        raise UsageFault(f"{where} is not YAML: {error}") from None
    if not isinstance(fields, dict):
        raise UsageFault(f"{where} holds no entity: expected a mapping with a description")
    unknown = sorted(str(name) for name in fields if name not in _WRITTEN)
    if unknown:
        raise UsageFault(f"{where}: {unknown[0]} cannot be written; known are {', '.join(_WRITTEN)}")
    kind = str(fields.get("kind", "pattern")).upper()
    try:
        return ParseDict({**fields, "kind": f"ENTITY_KIND_{kind}"}, knowledge_pb2.OrganisationalEntity())
    except ParseError as error:
        raise UsageFault(f"{where}: {error}") from None


def as_yaml(entity: knowledge_pb2.OrganisationalEntity) -> str:
    """What people write of an entity, as YAML."""
    from ruamel.yaml import YAML
    from ruamel.yaml.scalarstring import LiteralScalarString

    from forewarn.v1 import knowledge_pb2
    from forewarn_cli.wording import label

    fields: dict[str, Any] = {
        "id": entity.id,
        "kind": label(knowledge_pb2.EntityKind, entity.kind),
        "description": entity.description,
        "triggers": list(entity.triggers),
        "suggestedResources": list(entity.suggested_resources),
        "rationale": entity.rationale,
        "policyDocument": entity.policy_document,
    }
    writer = YAML()
    writer.width = 100
    writer.default_flow_style = False
    out = io.StringIO()
    writer.dump(
        {
            name: LiteralScalarString(value) if isinstance(value, str) and "\n" in value else value
            for name, value in fields.items()
            if value or name in ("triggers", "suggestedResources", "rationale")
        },
        out,
    )
    return _HELP + out.getvalue()


def edited(text: str) -> str:
    """The text as a person leaves it in $VISUAL or $EDITOR."""
    editor = os.environ.get("VISUAL") or os.environ.get("EDITOR") or "vi"
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "entity.yaml"
        path.write_text(text, encoding="utf-8")
        try:
            ended = subprocess.run([*shlex.split(editor), str(path)], check=False)  # noqa: S603 - the user's own
        except (OSError, ValueError) as error:
            raise UsageFault(f"cannot start the editor {editor!r}: {error}") from error
        if ended.returncode:
            raise UsageFault(f"{editor} ended with {ended.returncode}; nothing was changed")
        return path.read_text(encoding="utf-8")


def pieces(document: bytes, author: str) -> Iterator[knowledge_pb2.ImportEntitiesRequest]:
    """A document as the daemon takes it."""
    from forewarn.v1 import knowledge_pb2

    for start in range(0, max(1, len(document)), _CHUNK):
        yield knowledge_pb2.ImportEntitiesRequest(chunk=document[start : start + _CHUNK], author=author)
