"""The one module that knows durable-rules: a ruleset that tells which rules match the facts it is shown.

It is C code with sharp edges (docs/decisions/0022-policies.md), so little of it is used: facts whose properties are
all 1, tests for equality, joins. No events, negation, timers, state, ``$or``, ``$mt``. Of an action nothing is used but
its name. There is one constant ``sid``, and every fact is retracted. Not thread-safe: hold ``LOCK``.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import durable_rules_engine as durable

from ..faults import EvaluationError

#: durable-rules mixes up its rulesets' memory when two threads are inside; one lock for all.
LOCK: Final = threading.Lock()

#: What fits: rules in a ruleset (64 branches may match at once), properties that its facts may have in all (255 in a
#: message), tests in one pattern and facts in one rule (32 and 16).
RULES: Final = 40
PROPERTIES: Final = 180
TESTS: Final = 24
JOINS: Final = 14

_WARM: Final = '{"id":0,"sid":1,"k":"w"}'

#: A rule: for each kind of fact that it joins, the properties that must be there.
Patterns = Mapping[str, Sequence[str]]


def definition(rules: Mapping[str, Patterns]) -> str:
    """The rules in durable-rules' own form."""
    written: dict[str, object] = {"w": {"all": [{"m": {"k": "w"}}]}}
    for name, patterns in rules.items():
        written[name] = {
            "all": [
                {f"m{at}": {"$and": [{"k": kind}, *({one: 1} for one in needed)]} if needed else {"k": kind}}
                for at, (kind, needed) in enumerate(patterns.items())
            ]
        }
    return json.dumps(written)


def fact(number: int, kind: str, properties: Iterable[str]) -> str:
    """A fact of a kind with properties; ``number`` (from 1) tells those apart that are there at the same time."""
    return f'{{"id":{number},"sid":1,"k":"{kind}"' + "".join([f',"{one}":1' for one in properties]) + "}"


class Ruleset:
    """A compiled ruleset. Hold ``LOCK`` around every method."""

    __slots__ = ("_asserted", "_handle")

    def __init__(self, name: str, text: str) -> None:
        """``text`` is a ``definition``. Raises EvaluationError where durable-rules refuses it."""
        try:
            self._handle: int = durable.create_ruleset(name, text)
            self._asserted: list[str] = []
            # Freeing a ruleset that has never matched anything corrupts the heap.
            warm = self.show(_WARM)
            self.forget()
        except Exception as error:  # the C module raises what it likes
            raise EvaluationError(f"the rule engine refuses the rules: {error}") from error
        if warm != ["w"]:
            raise EvaluationError("the rule engine does not find what it should")

    def show(self, text: str) -> list[str]:
        """Assert a ``fact``; the names of the rules that match now and did not before."""
        self._asserted.append(text)
        state = durable.assert_fact(self._handle, text)[1]
        fired = []
        started = durable.start_action_for_state(self._handle, state)
        action = started[1] if started else None
        while action:
            fired.append(action[2 : action.index('"', 2)])  # {"name":{…}}
            action = durable.complete_and_start_action(self._handle, state)
        return fired

    def forget(self) -> None:
        """Retract what was asserted."""
        while self._asserted:
            durable.retract_fact(self._handle, self._asserted.pop())

    def close(self) -> None:
        """Free it. Nothing may be asked of it afterwards."""
        durable.delete_state(self._handle, "1")
        durable.delete_ruleset(self._handle)
