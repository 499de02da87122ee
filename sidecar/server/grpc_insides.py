"""The private parts of grpcio that ``inline.py`` and ``polling.py`` stand on, where they are as these want them."""

from __future__ import annotations

import importlib
from typing import Any, Final, NamedTuple

import grpc
import structlog

#: Versions of grpcio (major, minor) whose insides are as those modules want them. A new one is added here after
#: tests/server/test_inline.py and tests/server/test_polling.py have passed with it.
TESTED: Final = frozenset({"1.85"})

_log = structlog.get_logger("forewarn.rpc")


class Insides(NamedTuple):
    """``grpc._server`` and ``grpc._cython.cygrpc``."""

    server: Any
    cygrpc: Any


def insides() -> Insides | None:
    """Them; None where grpcio is not one that was tested, which is logged: all methods then go through its threads."""
    if grpc.__version__.rpartition(".")[0] not in TESTED:
        _log.warning("inline_answers_off", grpcio=grpc.__version__, tested=sorted(TESTED))
        return None
    return Insides(importlib.import_module("grpc._server"), importlib.import_module("grpc._cython.cygrpc"))
