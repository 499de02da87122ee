"""The embedded store: nothing acknowledged is lost, readers never wait, everything is bounded.

``Store`` is the door. Inside, from the bottom: ``codec`` and ``tables`` (what is kept), ``folder`` (files that survive
power loss), ``generation`` (one LMDB file and its gate), ``environment`` (the file in use), ``reader`` and
``transaction`` (views and changes), ``backlog`` and ``writer`` (group commit), ``retention``, ``backup``, ``schema``,
``verify``.
"""

from .backup import FolderNotEmptyError
from .codec import RAW, U64, Codec, struct_codec
from .faults import ForkedStoreError
from .folder import FolderLockedError
from .reader import Reader
from .retention import Limits, Removed, Retention
from .schema import Migration, Schema
from .store import Store
from .tables import Table, age_key, hash16, tool_key, u64
from .transaction import WriteTransaction
from .verify import Check, Report, verify_pages

__all__ = [
    "RAW", "U64", "Check", "Codec", "FolderLockedError", "FolderNotEmptyError", "ForkedStoreError", "Limits",
    "Migration", "Reader", "Removed", "Report", "Retention", "Schema", "Store", "Table", "WriteTransaction", "age_key",
    "hash16", "struct_codec", "tool_key", "u64", "verify_pages",
]  # fmt: skip
