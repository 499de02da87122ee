"""What a suggested policy would have stopped, by running its rules over recorded calls.

It is asked alone, as if it were enforced; what it would add to policies in force, `forewarn policy what-if` tells.
"""

from __future__ import annotations

import msgspec
from msgspec import structs

from ...policies.single import only_policy
from ...store.store import Store
from .live import LivePolicies
from .what_if import STOPPING, Between, Question, Tally, WhatIf, what_if


class SuggestedWhatIf(msgspec.Struct, frozen=True):
    """Calls that were looked at, and what became of those that the policy would have stopped."""

    found: WhatIf
    stopped: Tally


def suggested_what_if(
    store: Store, live: LivePolicies, document: str, limit: int, examples: int, between: Between
) -> SuggestedWhatIf:
    """Run a policy document over the newest ``limit`` calls. Raises InvalidArgumentError where it is none."""
    policy = only_policy(document, "draft.policy_document")
    if policy.mode == "off":
        policy = structs.replace(policy, mode="shadow")
    engine = live.compile([policy])
    try:
        found = what_if(store, Question(limit=limit, examples=examples), engine, None, between)
    finally:
        engine.close()
    stopped = Tally()
    for verdict, tally in found.draft.items():
        if verdict in STOPPING:
            stopped.calls += tally.calls
            stopped.failed += tally.failed
            stopped.worked += tally.worked
    found.examples = [one for one in found.examples if one.draft.would_be in STOPPING]
    return SuggestedWhatIf(found, stopped)
