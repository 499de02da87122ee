"""The two clients are one surface: the same methods with the same parameters."""

from __future__ import annotations

import inspect

import pytest

import forewarn

PAIRS = [
    (forewarn.Client, forewarn.AsyncClient),
    (forewarn.Session, forewarn.AsyncSession),
    (forewarn.Rollouts, forewarn.AsyncRollouts),
]


@pytest.mark.parametrize("pair", PAIRS, ids=["client", "session", "rollouts"])
def test_the_same_methods_with_the_same_parameters(pair: tuple[type, type]) -> None:
    def surface(owner: type) -> dict[str, list[tuple[str, object, object]]]:
        return {
            name: [(p.name, p.kind, p.default) for p in inspect.signature(member).parameters.values()]
            for name, member in inspect.getmembers(owner, inspect.isfunction)
            if not name.startswith("_") or name == "__init__"
        }

    sync, asynchronous = (surface(owner) for owner in pair)
    assert list(sync) == list(asynchronous)
    for name in sync.keys() - ({"__init__"} if pair[0] is forewarn.Session else set()):
        assert sync[name] == asynchronous[name], name
