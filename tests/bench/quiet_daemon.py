"""The daemon as it is, except that nobody looks at completed workflows: what suggestions are to be compared with."""

from __future__ import annotations

from typing import Any

from sidecar import runtime
from sidecar.knowledge.workflows import Workflows
from sidecar.main import main
from sidecar.suggestions.analyst import Analyst


class Unwatched(Workflows):
    """Workflows whose completion leads to nothing more."""

    def __init__(self, *rooms: Any) -> None:
        unwatched: list[Any] = [None if isinstance(one, Analyst) else one for one in rooms]
        super().__init__(*unwatched)


if __name__ == "__main__":
    vars(runtime)["Workflows"] = Unwatched
    main()
