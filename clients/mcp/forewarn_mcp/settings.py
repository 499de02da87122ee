"""What the command line says."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Changes(StrEnum):
    """How tools that change what is known are offered."""

    OFF = "off"
    ASK = "ask"
    ALLOW = "allow"


@dataclass(frozen=True, slots=True)
class Settings:
    """The options. Addresses and token that are None are looked up in the environment, as the client does.

    ``timeout`` is in seconds for each question to the daemon. ``actor`` is who is recorded as deciding; None: the
    host's name and version.
    """

    address: str | None = None
    admin_address: str | None = None
    token: str | None = None
    timeout: float = 10.0
    changes: Changes = Changes.ASK
    actor: str | None = None
