"""Policies as YAML, for people. Whatever is written here reads back as the very same policy."""

from __future__ import annotations

import io
import json
from typing import Any

import msgspec
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from ...policies.document import Policy
from ...policies.faults import PolicyError
from ...policies.loading import load
from ...policies.reading import read

_WIDTH = 100


def plain_text(policy: Policy) -> str:
    """A policy in its plain form: the same text for the same policy."""
    tree: dict[str, Any] = msgspec.to_builtins(policy)
    rules = tree.pop("rules")
    tree["rules"] = [{"name": rule.pop("name"), **rule} for rule in rules]
    yaml = YAML(typ="safe", pure=True)
    yaml.default_flow_style = False
    yaml.width = _WIDTH
    yaml.sort_base_mapping_type_on_output = False  # type: ignore[assignment]  # ruamel.yaml types it None
    out = io.StringIO()
    yaml.dump(tree, out)
    text = out.getvalue()
    # JSON is YAML in which every text is in quotes: for what the writer and our reader see differently.
    return text if _says(text, policy) else json.dumps(tree, ensure_ascii=False, indent=2) + "\n"


def text_of(policy: Policy, written: str) -> str:
    """The text that a policy was written as, where that is known and still says the same; else its plain form."""
    return written if written and _says(written, policy) else plain_text(policy)


def with_mode(written: str, after: Policy) -> str:
    """A text with another mode and percentage, its comments kept; empty where that cannot be done faithfully."""
    if not written:
        return ""
    yaml = YAML()
    yaml.width = 4_096
    out = io.StringIO()
    try:
        tree = yaml.load(written)
        tree["mode"] = after.mode
        if "enforce_percent" in tree or after.enforce_percent != 100.0:
            tree["enforce_percent"] = after.enforce_percent
        yaml.dump(tree, out)
    except (YAMLError, TypeError, ValueError, AttributeError):
        return ""
    text = out.getvalue()
    return text if _says(text, after) else ""


def single(text: str, file: str) -> bool:
    """Whether a text holds one document. Raises PolicyError."""
    return len(read(text, file)) == 1


def _says(text: str, policy: Policy) -> bool:
    try:
        return load(text) == (policy,)
    except PolicyError:
        return False
