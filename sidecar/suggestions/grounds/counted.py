"""Evidence from counts of cases, as all grounds make it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Final

from ...knowledge.intervals import share
from ...model.knowledge import Entity
from ...model.suggestion import Evidence
from ..cases import Case

#: Workflows, and intents, that evidence names.
NAMED: Final = 32
INTENTS: Final = 5

#: An entity as it is now, by its id; None where there is none, or it is deleted.
Known = Callable[[str], Entity | None]


def of_cases(
    cases: Sequence[Case],
    out_of: int,
    strength: float,
    *,
    entity_ids: Sequence[str] = (),
    with_intents: bool = False,
    lift: float = 0.0,
    leverage: float = 0.0,
    p_value: float = 1.0,
) -> Evidence:
    """Evidence from cases (newest first) out of so many."""
    measured = share(len(cases), out_of)
    return Evidence(
        cases=len(cases),
        out_of=out_of,
        low=measured.low if measured else 0.0,
        high=measured.high if measured else 1.0,
        strength=strength,
        lift=lift,
        leverage=leverage,
        p_value=p_value,
        workflow_ids=tuple(case.workflow_id for case in cases[:NAMED]),
        entity_ids=tuple(entity_ids),
        intents=tuple(dict.fromkeys(case.intent for case in cases))[:INTENTS] if with_intents else (),
    )


def lower_bound(part: int, out_of: int) -> float:
    """The lower end of the share's 95 % interval; 0 out of nothing."""
    measured = share(part, out_of)
    return measured.low if measured else 0.0


def listed(names: Iterable[str]) -> str:
    """Names for a sentence: "a, b and c"."""
    every = list(names)
    return " and ".join(part for part in (", ".join(every[:-1]), *every[-1:]) if part)


def percent(part: int, out_of: int) -> str:
    """A share for a sentence."""
    return f"{100.0 * part / out_of:.0f} %" if out_of else "0 %"


def short(text: str, limit: int = 120) -> str:
    """A text on one line, cut."""
    flat = " ".join(text.split())
    return flat if len(flat) <= limit else flat[: limit - 1] + "…"
