"""Where the daemon is. Shared with the command line, so this module imports nothing heavy.

An address is ``unix:<path>`` or ``<host>:<port>``. What is not said is looked up in the environment:

=========================  ==================================================================================
``FOREWARN_ADDRESS``       the guard listener; else ``unix:<data dir>/guard.sock``
``FOREWARN_ADMIN_ADDRESS``  the admin listener; else ``unix:<data dir>/admin.sock``
``FOREWARN_DATA_DIR``      the data dir; else ``$XDG_STATE_HOME/forewarn``; else ``~/.local/state/forewarn``
``FOREWARN_TOKEN``         the bearer token; else none
=========================  ==================================================================================
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

GUARD_SOCKET: Final = "guard.sock"
ADMIN_SOCKET: Final = "admin.sock"


def data_dir(environ: Mapping[str, str] | None = None) -> Path:
    """The folder of the daemon's store and sockets. Is not made, and may not exist."""
    env = os.environ if environ is None else environ
    if said := env.get("FOREWARN_DATA_DIR"):
        return Path(said).expanduser()
    state = env.get("XDG_STATE_HOME", "")
    # The XDG specification: a relative path is invalid and must be ignored.
    if state and Path(state).is_absolute():
        return Path(state) / "forewarn"
    home = env.get("HOME")
    return (Path(home) if home else Path.home()) / ".local" / "state" / "forewarn"


def guard_address(said: str | None = None, environ: Mapping[str, str] | None = None) -> str:
    """The guard listener's address: what was said, else the environment's, else the data dir's socket."""
    env = os.environ if environ is None else environ
    return said or env.get("FOREWARN_ADDRESS") or f"unix:{data_dir(env).absolute() / GUARD_SOCKET}"


def admin_address(said: str | None = None, environ: Mapping[str, str] | None = None) -> str:
    """The admin listener's address: what was said, else the environment's, else the data dir's socket."""
    env = os.environ if environ is None else environ
    return said or env.get("FOREWARN_ADMIN_ADDRESS") or f"unix:{data_dir(env).absolute() / ADMIN_SOCKET}"


def token(said: str | None = None, environ: Mapping[str, str] | None = None) -> str | None:
    """The bearer token: what was said, else the environment's; None where there is none. ``""`` means none."""
    if said is not None:
        return said or None
    env = os.environ if environ is None else environ
    return env.get("FOREWARN_TOKEN") or None
