"""Keeping learned weights when detectors come and go: weights are stored by place, so the places' names are too."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec

from ..store.tables import META
from ..store.transaction import WriteTransaction
from .events import add_event
from .tables import MODELS, OVERALL, SPREADS
from .tool_model import GRADIENT_FLOOR

_KEY: Final = b"features"


def align_features(txn: WriteTransaction, names: Sequence[str], first_values: Sequence[float], together: int) -> None:
    """Move every model's weights to the places that their names have now; new ones start as their detector says.

    The first ``together`` weights have a covariance, see ``spread.py``.
    """
    raw = txn.get_raw(META, _KEY)
    before: list[str] = msgspec.msgpack.decode(raw, type=list[str]) if raw else []
    if before == list(names):
        return
    txn.put(META, _KEY, msgspec.msgpack.encode(list(names)))
    if not before:
        return
    at = {name: index for index, name in enumerate(before)}
    for key, model in list(txn.scan(MODELS)):
        values, squares = [], []
        for name, first in zip(names, first_values, strict=True):
            index = at.get(name)
            values.append(model.values[index] if index is not None else first if key == OVERALL else 0.0)
            squares.append(model.squares[index] if index is not None else GRADIENT_FLOOR)
        model.values, model.squares = values, squares
        txn.put(MODELS, key, model)
    spread = txn.get(SPREADS, OVERALL)
    if spread is not None:
        txn.put(SPREADS, OVERALL, spread.arranged([at.get(name) for name in names[:together]]))
    add_event(txn, "schema_migrated", f"features of the evidence model: {', '.join(names)}")
