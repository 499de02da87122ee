"""CEL, for what structured conditions cannot say, by Google's own implementation (cel-cpp), imported when first used.

An expression reads the groups of facts as maps (``call.arguments.items``, ``session.calls``). It is checked when it is
compiled: names, functions, types as far as they are known, and that it gives true or false. When it is evaluated, loops
have a budget (10,000 steps in all), regular expressions are RE2, and what stumbles (a missing key, a text where a
number is needed) fails the condition. ``has(call.arguments.x)`` asks whether something is there.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Final

import msgspec

from ..model.call import JSON
from .facts import WEEKDAYS, Facts, moment, plain
from .faults import EvaluationError

#: Values and characters of texts that an expression may be given: they are copied for each call that asks.
MAX_VALUES: Final = 10_000
MAX_CHARS: Final = 1 << 20
_TYPES: Final = {"text": "STRING", "number": "DYN", "truth": "BOOL"}
_LARGEST: Final = 2**63


class Expression:
    """A compiled CEL expression that gives true or false. Immutable, safe to share between threads."""

    def __init__(self, source: str) -> None:
        """Raises ValueError, with what is wrong and where in the expression."""
        if "\0" in source:
            raise ValueError("is not CEL: it has a NUL character")
        environment, boolean = _environment()
        try:
            self._compiled = environment.compile(source.encode("utf-8", "replace").decode())
        except RuntimeError as error:
            raise ValueError(f"is not CEL: {_reason(error)}") from None
        kind = self._compiled.return_type()
        if kind.name() != boolean:
            raise ValueError(f"gives {kind.name().lower()}, not true or false; compare it with something")

    def holds(self, given: Given) -> bool:
        """Whether it holds. Raises EvaluationError when it cannot be evaluated or costs too much."""
        try:
            result = self._compiled.eval(given.activation())
            value = result.value()
        except RuntimeError as error:
            raise EvaluationError(f"CEL: {_reason(error)}") from None
        if value is True or value is False:
            return bool(value)
        raise EvaluationError(f"CEL: {_reason(value if isinstance(value, Exception) else result)}")


@lru_cache(maxsize=4_096)
def expression(source: str) -> Expression:
    """The compiled expression, from memory where it was compiled before. Raises ValueError."""
    return Expression(source)


class Given:
    """What expressions may read of one question; made once, when the first asks."""

    __slots__ = ("_activation", "_error", "_facts", "_now")

    def __init__(self, facts: Facts, now: float) -> None:
        self._facts, self._now = facts, now
        self._activation: Any = None
        self._error = ""

    def activation(self) -> Any:  # the library has no types for it
        """The values, for the library. Raises EvaluationError where they are too many or no CEL value."""
        if self._activation is None and not self._error:
            try:
                self._activation = _environment()[0].Activation(_values(self._facts, self._now))
            except EvaluationError as error:
                self._error = str(error)
            except RuntimeError as error:
                self._error = f"CEL: {_reason(error)}"
        if self._error:
            raise EvaluationError(self._error)
        return self._activation


@lru_cache(maxsize=1)
def _environment() -> tuple[Any, str]:
    from cel_expr_python import cel

    facts = cel.Type.Map(cel.Type.STRING, cel.Type.DYN)
    groups = ("call", "tool", "pattern", "session", "caller", "time")
    return cel.NewEnv(variables=dict.fromkeys(groups, facts)), cel.Type.BOOL.name()


def _values(facts: Facts, now: float) -> dict[str, Any]:
    budget = _Budget()
    values: dict[str, Any] = {
        group: budget.copied(msgspec.structs.asdict(getattr(facts, group)))
        for group in ("call", "tool", "pattern", "session", "caller")
        if group not in facts.unknown  # what names it fails
    }
    at = moment(now)
    values["time"] = {"epoch": now}
    if at is not None:
        values["time"] |= {
            "hour": at.hour, "minute": at.minute, "weekday": WEEKDAYS[at.weekday()], "date": at.strftime("%Y-%m-%d")
        }  # fmt: skip
    return values


class _Budget:
    """Copies values as CEL has them: nulls left out, whole numbers beyond 64 bits as broken ones."""

    def __init__(self) -> None:
        self._values, self._chars = MAX_VALUES, MAX_CHARS

    def copied(self, value: JSON) -> Any:
        """The value. Raises EvaluationError where there is too much."""
        self._values -= 1
        if isinstance(value, dict):
            return {str(plain(key)): self.copied(one) for key, one in value.items() if one is not None}
        if isinstance(value, list | tuple):
            return [self.copied(one) for one in value if one is not None]
        single = plain(value)
        if isinstance(single, str):
            self._chars -= len(single)
        if self._values < 0 or self._chars < 0:
            raise EvaluationError("CEL: the call has more values than an expression may read")
        if isinstance(single, int) and not isinstance(single, bool) and not -_LARGEST <= single < _LARGEST:
            try:
                return float(single)
            except OverflowError:
                return float("inf") if single > 0 else -float("inf")
        return single


def _reason(error: object) -> str:
    """What the library says, in one line without its codes."""
    lines = str(error).splitlines() or [""]
    return lines[0].replace("INVALID_ARGUMENT: ", "").replace("ERROR: ", "").replace("<input>", "position")[:200]
