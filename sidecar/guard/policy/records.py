"""What is kept of policies: revisions, the folder's last valid documents, hits, approvals.

========================  =====================================================  =======================
table                     key                                                    value
========================  =====================================================  =======================
``policy_revisions``      name + NUL + u32 revision                              Revision
``policy_heads``          name                                                   u64: the revision in force
``policy_files``          name                                                   FolderPolicy
``policy_hits``           policy + NUL + rule                                    RuleHits
``approvals``             16-byte id, ordered by time                            ApprovalRecord
========================  =====================================================  =======================

A store that was made before there were policies gets these tables, empty, when it is opened. Records only ever get
further fields, with a default.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Final

import msgspec

from ...policies.document import Policy
from ...store.codec import U64, struct_codec
from ...store.tables import Table

_STEP: Final = b"\0"


class Revision(msgspec.Struct, frozen=True, array_like=True):
    """A policy as it was at one time. ``document`` is empty where it was deleted; ``text`` where it is not known.

    ``kind`` says what made it: apply, mode, rollback, delete. ``time`` is seconds since the epoch. ``origin`` is
    ``suggestion:ID`` where a suggestion made what it says, and empty otherwise; a change of mode keeps it.
    """

    policy: str
    number: int
    document: bytes
    text: str
    kind: str
    author: str
    reason: str
    time: float
    origin: str = ""


class FolderPolicy(msgspec.Struct, frozen=True, array_like=True):
    """A policy of the folder, as it was last valid."""

    policy: str
    file: str
    document: bytes


class RuleHits(msgspec.Struct, array_like=True):
    """How often a rule decided, or would have, and what became of the calls that were made all the same."""

    hits: int = 0
    enforced: int = 0
    failed: int = 0
    worked: int = 0
    errors: int = 0
    last_time: float = 0.0


class ApprovalState(IntEnum):
    """Where an approval stands; numbers as in ``model.proto``."""

    PENDING = 1
    APPROVED = 2
    DENIED = 3
    EXPIRED = 4
    USED = 5


class ApprovalRecord(msgspec.Struct, frozen=True, array_like=True):
    """A call that a person has to agree to. ``bound`` is what it holds for; texts are redacted. Times in seconds.

    ``uses`` is how often the call may be made, ``asked_uses`` what the policy says of that.
    """

    approval_id: bytes
    bound: bytes
    state: ApprovalState
    tool: str
    preview: str
    context: dict[str, str]
    session_id: str
    caller: str
    rule: str
    message: str
    approvers: tuple[str, ...]
    created: float
    expires: float
    decision_id: bytes
    decided_by: str = ""
    reason: str = ""
    decided: float = 0.0
    uses: int = 1
    used: int = 0
    #: The call ids that used it last: asking again about the same call is no second use.
    used_by: tuple[str, ...] = ()
    asked_uses: int = 1


REVISIONS: Final = Table("policy_revisions", struct_codec(Revision))
HEADS: Final = Table("policy_heads", U64)
FOLDER: Final = Table("policy_files", struct_codec(FolderPolicy))
HITS: Final = Table("policy_hits", struct_codec(RuleHits))
APPROVALS: Final = Table("approvals", struct_codec(ApprovalRecord))
TABLES: Final = (REVISIONS, HEADS, FOLDER, HITS, APPROVALS)
POLICY_NAMES: Final = tuple(table.name for table in TABLES)


def revision_key(policy: str, number: int) -> bytes:
    """The key of a revision."""
    return policy.encode() + _STEP + number.to_bytes(4, "big")


def hits_key(policy: str, rule: str) -> bytes:
    """The key of a rule's hits."""
    return policy.encode() + _STEP + rule.encode()


def encoded(policy: Policy) -> bytes:
    """A policy as it is kept: JSON in the very form of its YAML."""
    return msgspec.json.encode(policy)


def decoded(document: bytes) -> Policy:
    """The policy of what is kept. Raises msgspec.ValidationError for what today's form does not have."""
    return msgspec.json.decode(document, type=Policy)
