"""One verdict of two: what policies say, and what was learned.

==========================  ========================================================================================
policies say                the decision is
==========================  ========================================================================================
prevent                     PREVENT, whatever was learned
require approval            REQUIRE_APPROVAL, whatever was learned: a person sees the reasons and decides
rewrite                     REWRITE; PREVENT where what was learned prevents, with the rewritten call as alternative
suggest, warn               WARN; PREVENT where what was learned prevents
allow                       ALLOW: what was learned is set aside
nothing                     what was learned
==========================  ========================================================================================

Policies have modes of their own, so they speak whatever the mode of the tool, ``off`` too. They are never subject to
holdout, probes, budget or blast cap. A policy's prevention, demand or permission overrules what was learned: no lot is
drawn then, and no probe granted.
"""

from __future__ import annotations

from typing import Final

from ...model.vocabulary import Verdict
from ...policies.verdict import PolicyVerdict

_OVERRULING: Final = {
    PolicyVerdict.PREVENT: Verdict.PREVENT,
    PolicyVerdict.REQUIRE_APPROVAL: Verdict.REQUIRE_APPROVAL,
    PolicyVerdict.ALLOW: Verdict.ALLOW,
}
_ADVISING: Final = {
    PolicyVerdict.REWRITE_ARGUMENT: Verdict.REWRITE,
    PolicyVerdict.SUGGEST_ALTERNATIVE: Verdict.WARN,
    PolicyVerdict.WARN: Verdict.WARN,
}


def overrules(said: PolicyVerdict) -> bool:
    """Whether policies decide in place of what was learned."""
    return said in _OVERRULING


def combined(said: PolicyVerdict, learned: Verdict) -> Verdict:
    """The verdict of both."""
    if said in _OVERRULING:
        return _OVERRULING[said]
    if learned is Verdict.PREVENT:
        return learned
    return _ADVISING.get(said, learned)


def verdict_of(said: PolicyVerdict) -> Verdict | None:
    """A policy's verdict in the words of decisions; None for nothing."""
    return _OVERRULING.get(said) or _ADVISING.get(said)
