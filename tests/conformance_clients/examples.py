"""The examples of the clients: how each is built and run, and as which tool it records."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from build_steps.generate import install_node_modules

_GO_BINARY = Path("build/go-quickstart").resolve()


@dataclass(frozen=True)
class Example:
    """One client's example. ``needs`` is the program without which it is left out."""

    name: str
    needs: str
    tool: str
    build: Sequence[str]
    run: Sequence[str]

    def prepare(self) -> None:
        """Brings what ``build`` needs."""
        if self.needs == "npm":
            install_node_modules()


EXAMPLES = (
    Example(
        name="Go",
        needs="go",
        tool="os.Stat",
        build=("go", "build", "-C", "clients/go", "-buildvcs=false", "-o", str(_GO_BINARY), "./examples/quickstart"),
        run=(str(_GO_BINARY),),
    ),
    Example(
        name="TypeScript",
        needs="npm",
        tool="fs.stat",
        build=("npm", "run", "--silent", "--prefix", "clients/typescript", "build"),
        run=("node", "clients/typescript/dist/examples/quickstart.js"),
    ),
)
