"""A draft as a file that a person edits: YAML, with comments that say what it is about."""

from __future__ import annotations

import io
import os
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from forewarn_cli.faults import Fault, UsageFault
from forewarn_cli.wording import clean, percent

if TYPE_CHECKING:
    from forewarn.v1 import suggestion_pb2


class Unchanged(Fault):
    """Somebody looked at a draft and left it as it was, or emptied the file: there is nothing to do."""


_FAULT = "# ! "
_LISTS = ("triggers", "suggested_resources")
_TEXTS = ("description", "rationale", "policy_document")
_LIMIT = 1 << 20


def written(suggestion: suggestion_pb2.Suggestion) -> str:
    """The draft with what it is about above it."""
    from ruamel.yaml import YAML
    from ruamel.yaml.scalarstring import LiteralScalarString

    draft = suggestion.draft
    fields: dict[str, Any] = {"description": draft.description, "triggers": list(draft.triggers)}
    fields |= {"suggested_resources": list(draft.suggested_resources), "rationale": draft.rationale}
    if draft.policy_document:
        fields["policy_document"] = LiteralScalarString(draft.policy_document)
    out = io.StringIO()
    yaml = YAML()
    yaml.width = 100
    yaml.dump(fields, out)
    about = [
        f"{suggestion.suggestion_id}: {' '.join(clean(suggestion.reason).split())}",
        f"Confidence {percent(suggestion.confidence, 0)}. Save to approve it so; an empty file leaves it as it is.",
    ]
    return "".join(f"# {line}\n" for line in about) + out.getvalue()


def with_fault(text: str, fault: str) -> str:
    """The text with what was wrong with it on top."""
    kept = [line for line in text.splitlines() if not line.startswith(_FAULT)]
    return "\n".join([*(f"{_FAULT}{line}" for line in clean(fault).splitlines()), *kept]) + "\n"


def read(path: str) -> str:
    """A file's text, or standard input's."""
    try:
        text = sys.stdin.read(_LIMIT) if path == "-" else Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeError) as error:
        raise UsageFault(f"{path} cannot be read: {error}") from error
    return text


def edit(text: str) -> str:
    """What the user's editor makes of a text."""
    command = os.environ.get("VISUAL") or os.environ.get("EDITOR") or "vi"
    with tempfile.TemporaryDirectory(prefix="forewarn-") as folder:  # of its own, so that nobody else may read it
        path = Path(folder) / "draft.yaml"
        path.write_text(text, encoding="utf-8")
        try:
            code = subprocess.run([*shlex.split(command), str(path)], check=False).returncode  # noqa: S603 (the user's)
        except (OSError, ValueError) as error:
            raise UsageFault(f"the editor {command!r} cannot be started: {error}. Set $EDITOR.") from error
        if code:
            raise Fault(f"the editor ended with exit code {code}: nothing was done")
        return path.read_text(encoding="utf-8", errors="replace")


def draft_of(text: str) -> suggestion_pb2.SuggestionDraft:
    """The draft in a text. A Fault where it is empty or not one."""
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    from forewarn.v1 import suggestion_pb2

    try:
        document = YAML(typ="safe", pure=True).load(text)
    except (YAMLError, ValueError, RecursionError) as error:
        raise UsageFault(f"the draft is not YAML: {error}") from error
    if document is None:
        raise Unchanged("the file is empty: nothing was done")
    if not isinstance(document, dict):
        raise UsageFault("the draft must have fields, as “description: …”")
    unknown = [str(name) for name in document if name not in (*_LISTS, *_TEXTS)]
    if unknown:
        raise UsageFault(f"there is no field {unknown[0]!r}; there are {', '.join((*_TEXTS, *_LISTS))}")
    for name in _LISTS:
        if not isinstance(document.get(name) or [], list):
            raise UsageFault(f"{name} must be a list")
    for name in _TEXTS:
        if not isinstance(document.get(name) or "", str):
            raise UsageFault(f"{name} must be a text; put it in quotes")
    return suggestion_pb2.SuggestionDraft(
        description=document.get("description") or "",
        triggers=[str(one) for one in document.get("triggers") or []],
        rationale=document.get("rationale") or "",
        suggested_resources=[str(one) for one in document.get("suggested_resources") or []],
        policy_document=document.get("policy_document") or "",
    )
