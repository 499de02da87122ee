"""What is wrong with policies: every fault with its place and what to write instead."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from forewarn_cli.faults import Invalid
from forewarn_cli.wording import counted

if TYPE_CHECKING:
    from forewarn.v1 import policy_pb2
    from forewarn_cli.connection import Door
    from forewarn_cli.screen import Screen


def faults_of(ask: Door, files: Sequence[policy_pb2.PolicyFile]) -> policy_pb2.LintPoliciesResponse:
    """The daemon's findings."""
    from forewarn.v1 import policy_pb2

    answer: policy_pb2.LintPoliciesResponse = ask(
        "LintPolicies", policy_pb2.LintPoliciesRequest(files=files), patient=True
    )
    return answer


def require_valid(ask: Door, files: Sequence[policy_pb2.PolicyFile]) -> None:
    """Ends the command, with every fault told, where the policies do not compile."""
    from forewarn_cli.screen import Screen

    found = faults_of(ask, files).faults
    if found:
        show(Screen(stderr=True), found)
        raise Invalid(summary(found))


def show(screen: Screen, faults: Iterable[policy_pb2.PolicyFault]) -> None:
    """A fault a line, as compilers write them, so that editors can jump to it."""
    from forewarn_cli.screen import Styled

    for one in faults:
        place = ":".join(part for part in (one.file, str(one.line or "")) if part)
        screen.line(
            Styled(f"{place}: " if place else "", "bold"),
            Styled(f"{one.field}: " if one.field else "", "cyan"),
            one.message,
            Styled(f"; {one.fix}" if one.fix else "", "green"),
        )


def summary(faults: Sequence[policy_pb2.PolicyFault]) -> str:
    """How much is wrong."""
    return f"{counted(len(faults), 'fault')}: this does not compile"
