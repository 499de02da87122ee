"""Whether a policy is about a call, and how far it reaches: tools, roles, scope, validity, mode, percentage."""

from __future__ import annotations

from functools import lru_cache
from hashlib import blake2b
from typing import Final

from .document import Policy, Scope, Valid
from .facts import Facts
from .globs import matches, specificity
from .verdict import Reach
from .windows import period

_REACH: Final = {"shadow": Reach.SHADOW, "warn": Reach.WARN, "enforce": Reach.ENFORCE}


def is_about_tool(policy: Policy, tool: str) -> bool:
    """Whether the policy names the tool."""
    return any(matches(glob, tool) for glob in policy.tools) and not any(
        matches(glob, tool) for glob in policy.except_tools
    )


def is_about(policy: Policy, facts: Facts, now: float) -> bool:
    """Whether the policy's rules are asked about this call at all."""
    return (
        policy.mode != "off"
        and is_about_tool(policy, facts.call.tool)
        and in_period(policy, now)
        and in_scope(policy, facts)
    )


def in_period(policy: Policy, now: float) -> bool:
    """Whether the policy is valid at this time."""
    start, end = period(policy.valid)
    return start <= now < end


def in_scope(policy: Policy, facts: Facts) -> bool:
    """Whether server, context and caller are those that the policy is for."""
    if policy.roles and not _any(policy.roles, facts.caller.roles):
        return False
    if policy.scope.servers and not _any(policy.scope.servers, (facts.call.server,)):
        return False
    for key, globs in policy.scope.context.items():
        value = facts.call.context.get(key)
        if value is None or not _any((globs,) if isinstance(globs, str) else globs, (value,)):
            return False
    return True


def reach_of(policy: Policy, facts: Facts) -> Reach:
    """How far the policy reaches for this call. The same session is always on the same side of a percentage."""
    reach = _REACH[policy.mode]
    if reach is Reach.ENFORCE and policy.enforce_percent < 100.0:
        call = facts.call
        return (
            reach
            if share_of(policy.name, call.lot or call.session or call.id) < policy.enforce_percent
            else Reach.SHADOW
        )
    return reach


def everywhere(policy: Policy) -> Reach | None:
    """How far a policy reaches that is about every call of its tools, at any time; None of others."""
    limited = policy.roles or policy.scope != Scope() or policy.valid != Valid() or policy.enforce_percent < 100.0
    return None if limited else _REACH[policy.mode]


def share_of(policy: str, lot: str) -> float:
    """Where a lot falls for this policy, in [0, 100): the same each time, and evenly spread."""
    digest = blake2b(f"{policy}\0{lot}".encode("utf-8", "replace"), digest_size=8).digest()
    return int.from_bytes(digest) / 2**64 * 100.0


@lru_cache(maxsize=65_536)
def specificity_of(globs: tuple[str, ...], tool: str) -> int:
    """How closely the globs name the tool: that of the closest."""
    return max((specificity(glob) for glob in globs if matches(glob, tool)), default=0)


def narrowness(policy: Policy) -> int:
    """How many things besides the tool the policy asks for."""
    return bool(policy.roles) + bool(policy.scope.servers) + len(policy.scope.context)


def _any(globs: tuple[str, ...], texts: tuple[str, ...]) -> bool:
    return any(matches(glob, text) for glob in globs for text in texts)
