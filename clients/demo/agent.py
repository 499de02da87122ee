"""The agent's runtime: asks before each call, makes it unless it is prevented, tells how it went, and keeps count.

What a script yields is done here: ``Call`` a tool, ``Wait``, ``Appeal`` against a decision. A call's ``Attempt`` goes
back into the script, as a result goes back into a model.
"""

from __future__ import annotations

import time
from collections.abc import Generator, Mapping
from dataclasses import dataclass
from typing import Any

from forewarn import Client, Decision, Prevented, Session, Verdict

from .tools import Tool, ToolError
from .world import World


@dataclass(frozen=True, slots=True)
class Call:
    """Use a tool. ``advised``: a decision that prevented another call named this one."""

    tool: str
    arguments: Mapping[str, Any]
    advised: bool = False


@dataclass(frozen=True, slots=True)
class Wait:
    """Do nothing for so many seconds."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Appeal:
    """Say that a prevention does not hold any more."""

    attempt: Attempt
    reason: str


@dataclass(slots=True)
class Attempt:
    """One question, and what became of the call. ``error`` is the tool's, or the rehearsal's where it was prevented."""

    session: str
    number: int
    call: Call
    decision: Decision
    prevented: bool
    error: str | None
    retry_after: float | None = None
    check_seconds: float | None = None
    """How long the question took; None where it was prevented, since the guard records that in the same step."""
    next: Attempt | None = None
    waited: float = 0.0
    """What the agent waited after it."""
    appealed: bool = False
    """The agent appealed against its decision."""

    @property
    def worked(self) -> bool:
        """It was made, and succeeded."""
        return not self.prevented and self.error is None

    @property
    def fails(self) -> bool:
        """It failed; where it was prevented: it would have failed."""
        return self.error is not None

    @property
    def called_off(self) -> bool:
        """The daemon's judgement, in any mode: prevent."""
        return self.decision.would_be is Verdict.PREVENT

    @property
    def reason(self) -> str:
        """The code of the reason that is named first."""
        return self.decision.reasons[0].code if self.decision.reasons else ""


Script = Generator[Call | Wait | Appeal, Attempt | None, None]


class Agent:
    """Runs scripts, one session each."""

    def __init__(self, client: Client, world: World) -> None:
        self._client = client
        self._world = world
        self.waited = 0.0

    def run(self, name: str, script: Script) -> list[Attempt]:
        """A whole session."""
        self._world.new_session(name)
        session = self._client.session(name, caller="demo-agent")
        attempts: list[Attempt] = []
        answer: Attempt | None = None
        while True:
            try:
                wish = script.send(answer)
            except StopIteration:
                return attempts
            answer = None
            if isinstance(wish, Wait):
                time.sleep(wish.seconds)
                self.waited += wish.seconds
                if attempts:
                    attempts[-1].waited += wish.seconds
            elif isinstance(wish, Appeal):
                self._client.appeal(wish.attempt.decision, wish.reason)
                wish.attempt.appealed = True
            else:
                answer = self._attempt(session, name, len(attempts) + 1, wish)
                if attempts:
                    attempts[-1].next = answer
                attempts.append(answer)

    def _attempt(self, session: Session, name: str, number: int, call: Call) -> Attempt:
        tool = self._world.tools[call.tool]
        error: ToolError | None = None
        prevented = False
        asked = time.perf_counter()
        answered: float | None = None
        try:
            with session.guard(call.tool, call.arguments) as made:
                answered = time.perf_counter()
                decision = made.decision
                try:
                    made.succeed(tool.run(call.arguments))
                except ToolError as failure:
                    error = failure
                    made.fail(str(failure), code=failure.code, retry_after=failure.retry_after)
        except Prevented as refusal:
            decision, prevented = refusal.decision, True
            error = rehearse(tool, call.arguments)
        return Attempt(
            session=name,
            number=number,
            call=call,
            decision=decision,
            prevented=prevented,
            error=None if error is None else str(error),
            retry_after=None if error is None else error.retry_after,
            check_seconds=None if answered is None else answered - asked,
        )


def rehearse(tool: Tool, arguments: Mapping[str, Any]) -> ToolError | None:
    """How the call would have failed; None if it would have worked."""
    try:
        tool.rehearse(arguments)
    except ToolError as error:
        return error
    return None
