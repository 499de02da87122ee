"""What this room refuses, beside what every room does."""

from __future__ import annotations

from ..model.errors import ForewarnError, PreconditionError


class AlreadyExistsError(ForewarnError):
    """The id is taken."""

    reason = "ALREADY_EXISTS"


class EtagMismatchError(ForewarnError):
    """What is to be changed has changed since it was read."""

    reason = "ETAG_MISMATCH"


class KnowledgeFullError(ForewarnError):
    """As many entities are kept as may be, deleted ones among them."""

    reason = "KNOWLEDGE_FULL"


class WorkflowCompletedError(PreconditionError):
    """The workflow was completed before, and otherwise."""

    reason = "WORKFLOW_COMPLETED"
