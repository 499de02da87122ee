"""A function's arguments as a tool's arguments: bound by signature, and put back when a decision rewrote them."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

from .arguments import Encode, to_json

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

_P = inspect.Parameter


class Signature:
    """How a function is called.

    Defaults are filled in, so that the same call always looks the same. ``self`` or ``cls`` in first place is left
    out, as is what ``exclude`` names. ``*args`` is a list under its name, ``**kwargs`` is spread.

    Raises:
        TypeError: it is a generator function, no function, or ``exclude`` names what it does not take.
    """

    def __init__(self, function: Callable[..., object], exclude: Collection[str]) -> None:
        if isinstance(function, (staticmethod, classmethod)):
            raise TypeError("put @guarded under @staticmethod or @classmethod, next to the function")
        if not callable(function):
            raise TypeError(f"{function!r} cannot be called")
        if inspect.isgeneratorfunction(function) or inspect.isasyncgenfunction(function):
            raise TypeError(
                f"{function.__qualname__} is a generator function: it has no single outcome; guard what consumes it"
            )
        self._signature = inspect.signature(function)
        parameters = list(self._signature.parameters.values())
        hidden = set(exclude)
        if not any(p.kind is _P.VAR_KEYWORD for p in parameters):
            unknown = hidden - set(self._signature.parameters)
            if unknown:
                raise TypeError(f"exclude names what the function does not take: {', '.join(sorted(unknown))}")
        if parameters and parameters[0].name in {"self", "cls"}:
            hidden.add(parameters[0].name)
        self._hidden = hidden
        self._spread = next((p.name for p in parameters if p.kind is _P.VAR_KEYWORD), None)
        self._positional = {p.name for p in parameters if p.kind is _P.POSITIONAL_ONLY}

    def bind(self, args: tuple[object, ...], kwargs: dict[str, Any]) -> inspect.BoundArguments:
        """What each parameter gets. Raises TypeError as the function would."""
        bound = self._signature.bind(*args, **kwargs)
        bound.apply_defaults()
        return bound

    def arguments(self, bound: inspect.BoundArguments) -> dict[str, object]:
        """The tool's arguments."""
        found: dict[str, object] = {}
        for name, value in bound.arguments.items():
            if name in self._hidden:
                continue
            # ``def f(x, /, **more)`` may be called with x twice: then ``more`` stays an object of its own.
            if name == self._spread and not self._positional & value.keys():
                found.update({key: item for key, item in value.items() if key not in self._hidden})
            else:
                found[name] = value
        return found

    def rewrite(
        self, bound: inspect.BoundArguments, arguments: Mapping[str, object], encode: Encode | None = None
    ) -> None:
        """Puts rewritten arguments in the place of what was bound. What did not change keeps its own type.

        Raises:
            TypeError: there is no parameter for one of them.
        """
        before = self.arguments(bound)
        for name, value in arguments.items():
            if name in before and to_json(before[name], name, encode) == value:
                continue
            if name in self._signature.parameters and name not in self._hidden and name != self._spread:
                bound.arguments[name] = tuple(value) if self._is_args(name) else value  # type: ignore[arg-type]
            elif self._spread is not None:
                bound.arguments[self._spread] = {**bound.arguments[self._spread], name: value}
            else:
                raise TypeError(f"the decision rewrote the argument {name!r}, which the function does not take")
        for name in before.keys() - arguments.keys():
            if self._spread is not None and name in bound.arguments[self._spread]:
                bound.arguments[self._spread].pop(name)
            elif (default := self._signature.parameters[name].default) is not _P.empty:
                bound.arguments[name] = default
            else:
                raise TypeError(f"the decision left out the argument {name!r}, which the function needs")

    def _is_args(self, name: str) -> bool:
        return self._signature.parameters[name].kind is _P.VAR_POSITIONAL
