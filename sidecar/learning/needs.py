"""Whether calls of a tool need something that has to work first: tested so that chance is hardly ever taken for it.

Each need is an e-process, as conditions are in ``forms.py``: its wealth is the likelihood of how calls went without it,
and with it, at the rates seen before, over the likelihood at what is known anyhow: the rate of calls of the kind, or of
calls in sessions where the tool had not worked yet, and once the need is met what the call was given. A need that is
believed takes others over: while it is not met they are not looked at, and when it becomes believed what makes less of
a difference begins anew. So what merely comes along with it, as all that happens later in a session does, wins nothing.
"""

from __future__ import annotations

from math import log
from typing import Final

from ..native import needs
from .evidence import logit
from .forms import ERROR_RATE
from .half_life import PERMANENT_HALF_LIFE
from .tool_model import Model, Precondition

#: Needs of one tool under test, of either sort: other tools, and steps of its own. The poorest of too many go.
MAX_NEEDED: Final = 8
#: A need of a step begins with this, its mark in hexadecimal digits follows; no tool's name does.
OWN: Final = "\0"
STRENGTH: Final = 2.0
#: Failures without it, and successes with it, before it is believed.
_LEAST: Final = 2.0


def enough(place: int) -> float:
    """The log-wealth from which the need that was tested as the how-manieth is believed."""
    return log(place * (place + 1.0) / ERROR_RATE)


def difference(need: Precondition, p: float) -> float:
    """How much more calls fail without it than with it, in log-odds; ``p`` is the tool's rate."""
    return logit(need.before.mean(p, STRENGTH)) - logit(need.after.mean(p, STRENGTH))


def believe(model: Model, p: float) -> None:
    """Believe the needs that passed, and those no more that lost it all again.

    What makes less of a difference than a new one has to prove itself beside it.
    """
    if not needs.unsettled(model.preconditions, enough(1)):
        return  # as of most calls
    for need in list(model.preconditions.values()):
        need.believed &= need.wealth > 0.0  # what it had won is lost again
        if need.believed or not _passed(need):
            continue
        need.believed = True
        for key, other in model.preconditions.items():
            if other is not need and difference(other, p) < difference(need, p):
                model.preconditions[key] = Precondition(place=other.place, words=other.words)


def begin(model: Model, key: str, session: int, now: float) -> None:
    """Begin to test a need that was seen to mend what failed; what brought it in is no evidence."""
    model.needs_tried += 1
    need = model.preconditions[key] = Precondition(place=model.needs_tried, session=session)
    need.before.add(True, now, PERMANENT_HALF_LIFE)
    need.after.add(False, now, PERMANENT_HALF_LIFE)
    own = key.startswith(OWN)
    same = [one for one in model.preconditions if one.startswith(OWN) is own]
    if len(same) > MAX_NEEDED:
        poorest = min(same, key=lambda one: (model.preconditions[one].believed, model.preconditions[one].wealth))
        del model.preconditions[poorest]


def _passed(need: Precondition) -> bool:
    return (
        need.several
        and need.wealth >= enough(need.place)
        and need.before.failures >= _LEAST
        and need.after.successes >= _LEAST
    )
