"""``@client.guarded``: from a function's own arguments to a guarded call, and back when a decision rewrote them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar, cast

from .calls import GuardedFields, GuardFields
from .guard import Spec
from .signature import Signature

if TYPE_CHECKING:
    from collections.abc import Collection

    from .arguments import Encode
    from .attempt import GuardedCall

T = TypeVar("T")

Context: TypeAlias = "Mapping[str, str] | Callable[[Mapping[str, object]], Mapping[str, str]]"
"""Where calls happen: fixed, or a function of the call's arguments."""


def bind_function(
    function: Callable[..., T],
    tool: str | None,
    exclude: Collection[str],
    context: Context | None,
    said: GuardedFields,
    encode: Encode | None,
) -> Callable[[tuple[Any, ...], dict[str, Any]], tuple[Spec, Callable[[GuardedCall], T]]]:
    """Turns the arguments of one call into what is to be guarded, and the function that makes the call."""
    signature = Signature(function, exclude)
    name = tool or getattr(function, "__name__", "")
    if not name:
        raise TypeError(f"{function!r} has no name: say tool=…")

    def bind(args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[Spec, Callable[[GuardedCall], T]]:
        first = signature.bind(args, kwargs)
        arguments = signature.arguments(first)
        fields = cast("GuardFields", said.copy())
        if context is not None:
            fields["context"] = context(arguments) if callable(context) else context

        def call(guarded: GuardedCall) -> T:
            if guarded.arguments is arguments:
                return function(*first.args, **first.kwargs)
            bound = signature.bind(args, kwargs)  # anew: each attempt starts from what the caller gave
            signature.rewrite(bound, guarded.arguments, encode)
            return function(*bound.args, **bound.kwargs)

        return Spec(name, arguments, fields), call

    return bind
