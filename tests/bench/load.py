"""Load from h2load (Debian's nghttp2-client), which speaks HTTP/2 and so gRPC, and is not Python."""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from google.protobuf.message import Message

from .machine import LOAD_CORE, pinned

#: Connections and calls in flight on each.
Shape = tuple[int, int]


@dataclass(frozen=True)
class Loaded:
    """What a run came to. ``data`` is the bytes of all answers: an answer with an error has none."""

    rate: float
    answered: int
    failed: int
    data: int


class Load:
    """One kind of request, written to a file as h2load wants it."""

    def __init__(self, folder: Path, name: str, path: str, message: Message | bytes) -> None:
        self.name = name
        self._path = path
        self._rate = 1_000.0  # at first; then what was found
        raw = self.message = message if isinstance(message, bytes) else message.SerializeToString()
        self._file = folder / f"{re.sub(r'[^a-z0-9]', '_', name)}.bin"
        self._file.write_bytes(b"\0" + len(raw).to_bytes(4, "big") + raw)

    def command(self, address: str, shape: Shape, amount: list[str]) -> list[str]:
        """The command line of a run."""
        clients, streams = shape
        command = [
            *("h2load", *amount, "-c", str(clients), "-m", str(streams), "-d", str(self._file)),
            *("-H", "content-type: application/grpc", "-H", "te: trailers"),
        ]
        if address.startswith("unix:"):
            # h2load sends the socket's path as :authority unless told otherwise, and gRPC refuses that.
            return pinned(
                LOAD_CORE, [*command, "-B", address, "-H", ":authority: localhost", f"http://localhost{self._path}"]
            )
        return pinned(LOAD_CORE, [*command, f"http://{address}{self._path}"])

    def start(self, address: str, shape: Shape, seconds: float) -> subprocess.Popen[str]:
        """Start a run of ``seconds`` beside others; ``loaded`` waits for it."""
        amount = ["-D", f"{seconds * 1000:.0f}ms", "--warm-up-time", "500ms"]
        return subprocess.Popen(self.command(address, shape, amount), stdout=subprocess.PIPE, text=True)

    def run(self, address: str, shape: Shape, seconds: float) -> Loaded:
        """A run to its end, of about as many seconds: of a number of requests, all of which are counted."""
        count = max(2 * shape[0] * shape[1], int(seconds * self._rate))
        command = self.command(address, shape, ["-n", str(count)])
        run = loaded(subprocess.Popen(command, stdout=subprocess.PIPE, text=True))
        self._rate = run.rate
        return run


def loaded(process: subprocess.Popen[str]) -> Loaded:
    """What a run came to, when it has ended. Stops the benchmark where a request failed."""
    text, _ = process.communicate(timeout=120)
    if process.returncode:
        raise SystemExit(f"h2load failed: {text}")
    found = re.search(r"finished in [\d.]+m?s, ([\d.]+) req/s", text)
    done = re.search(r"(\d+) done, (\d+) succeeded, (\d+) failed", text)
    data = re.search(r"\((\d+)\) data", text)
    if not (found and done and data):
        raise SystemExit(f"h2load said what is not understood:\n{text}")
    run = Loaded(float(found[1]), int(done[2]), int(done[3]), int(data[1]))
    if run.failed or not run.answered:
        raise SystemExit(f"{run.failed} of {run.answered + run.failed} requests failed:\n{text}")
    return run


def require() -> None:
    """Say how to get what is needed where it is missing."""
    for program, package in (("h2load", "nghttp2-client"), ("taskset", "util-linux")):
        if shutil.which(program) is None:
            raise SystemExit(f"{program} is needed: apt-get install {package}")
