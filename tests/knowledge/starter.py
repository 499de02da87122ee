"""The starter set, and what people ask for in other words (intents.yaml)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from sidecar.model.knowledge import Entity, EntityKind

FOLDERS = {"patterns": EntityKind.PATTERN, "policies": EntityKind.POLICY}
_ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Asked:
    """An intent; ``meant`` is "" where nothing is."""

    text: str
    kind: EntityKind
    meant: str
    held_out: bool


def _read(path: Path) -> Any:
    return YAML(typ="safe").load(path.read_text())


@cache
def entities() -> list[Entity]:
    found = []
    for name, kind in FOLDERS.items():
        for one in _read(_ROOT / "examples/knowledge" / f"{name}.yaml")[name]:
            resources = tuple(one.get("suggestedResources", ()))
            entity = Entity(
                one["id"], kind, one["description"], tuple(one["triggers"]), one["rationale"], resources, "", 0.0, "",
                "imported", 1, 0.0, "",
            )  # fmt: skip
            found.append(entity)
    return found


@cache
def intents() -> list[Asked]:
    cases = _read(Path(__file__).parent / "intents.yaml")
    found = [
        Asked(text, kind, meant, bool(number % 2))
        for name, kind in FOLDERS.items()
        for number, (meant, texts) in enumerate(cases[name].items())
        for text in texts
    ]
    for number, text in enumerate(cases["foreign"]):
        found += [Asked(text, kind, "", bool(number % 2)) for kind in EntityKind]
    return found
