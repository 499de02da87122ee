"""Who checks and tests policies: the running daemon, or one of our own where none runs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from forewarn_cli.connection import Door, policies
from forewarn_cli.faults import Unreachable

if TYPE_CHECKING:
    import typer


@contextmanager
def any_daemon(context: typer.Context) -> Iterator[Door]:
    """A door to policies. A daemon that was named must answer; without one, a private daemon is started and ended.

    Nothing is kept by what is asked here, so it does not matter which daemon answers.
    """
    from forewarn.v1 import policy_pb2
    from forewarn_cli.replay.private_daemon import private_doors

    with policies(context) as door:
        try:
            door("ListPolicies", policy_pb2.ListPoliciesRequest(page_size=1))
            missing = None
        except Unreachable as fault:
            missing = fault
        if missing is None:
            yield door
            return
    if context.obj.admin_address is not None:
        raise missing
    with private_doors("shadow") as (_, address), policies(context, address) as door:
        yield door
