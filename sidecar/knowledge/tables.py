"""The tables of this room. Each is written by jobs of the store's one writer.

====================  ==========================================  ==========================================
table                 key                                         value
====================  ==========================================  ==========================================
``knowledge``         kind (1 byte), id                           ``Entity`` as it is
``knowledge_past``    kind, id, 0, u32 revision                   ``Entity`` as it was; the last 50
``workflow_events``   u64 sequence                                ``WorkflowEvent``: the append-only journal
``workflows``         16-byte id, rises with time                 ``Workflow``: a run, as its events tell it
``workflow_scopes``   scope, UTF-8                                nothing: scopes that have metrics
``usage``             side, id, 0, scope (empty: over all)        ``Usage``
``usage_together``    side, id                                    ``Neighbours``
``usage_totals``      side                                        ``WorkflowTotals``
====================  ==========================================  ==========================================

``side`` is one byte: ``KEPT`` counts every event there ever was, ``REMOVED`` those that retention took from the
journal. So *kept = removed, then the journal, in order*, at any moment: that is what ``verification.py`` checks.
"""

from __future__ import annotations

from typing import Final

import msgspec

from ..model.knowledge import Entity, EntityKind, Neighbours, Usage, Workflow, WorkflowEvent, WorkflowTotals
from ..store.codec import RAW, Codec, struct_codec
from ..store.tables import Table

KEPT: Final = b"\0"
REMOVED: Final = b"\1"

_event_codec: Final[Codec[WorkflowEvent]] = Codec(
    "WorkflowEvent", msgspec.msgpack.Encoder().encode, msgspec.msgpack.Decoder(WorkflowEvent).decode
)

ENTITIES: Final = Table("knowledge", struct_codec(Entity))
PAST: Final = Table("knowledge_past", struct_codec(Entity))
WORKFLOW_EVENTS: Final = Table("workflow_events", _event_codec)
WORKFLOWS: Final = Table("workflows", struct_codec(Workflow))
SCOPES: Final = Table("workflow_scopes", RAW)
USAGE: Final = Table("usage", struct_codec(Usage), cached=True)
TOGETHER: Final = Table("usage_together", struct_codec(Neighbours), cached=True)
TOTALS: Final = Table("usage_totals", struct_codec(WorkflowTotals), cached=True)

ALL: Final = (ENTITIES, PAST, WORKFLOW_EVENTS, WORKFLOWS, SCOPES, USAGE, TOGETHER, TOTALS)


def entity_key(kind: EntityKind, entity_id: str) -> bytes:
    """The key of an entity."""
    return bytes((kind,)) + entity_id.encode("utf-8", "surrogatepass")


def past_key(kind: EntityKind, entity_id: str, revision: int) -> bytes:
    """The key of an entity's revision."""
    return entity_key(kind, entity_id) + b"\0" + revision.to_bytes(4, "big")


def usage_key(side: bytes, entity_id: str, scope: str = "") -> bytes:
    """The key of an entity's metrics in a scope, or over all."""
    return side + entity_id.encode("utf-8", "surrogatepass") + b"\0" + scope.encode("utf-8", "surrogatepass")


def together_key(side: bytes, entity_id: str) -> bytes:
    """The key of what is used together with an entity."""
    return side + entity_id.encode("utf-8", "surrogatepass")
