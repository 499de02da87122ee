"""Headless Chromium: what it makes of a page, what it complains of, and what that looks like."""

from __future__ import annotations

import os
import shutil
import struct
import subprocess
import zlib
from dataclasses import dataclass
from pathlib import Path

import pytest

_NAMES = ("chromium", "chromium-browser", "google-chrome")
_LIMIT = 90.0  # seconds; a shared machine can be slow


def find() -> str:
    """The browser's command. Skips the test where there is none; fails it where CI promises one."""
    found = next(filter(None, map(shutil.which, _NAMES)), None)
    if found is None:
        if os.environ.get("CI") == "true":
            pytest.fail("no Chromium: .ci/run installs the Debian package chromium")
        pytest.skip("no Chromium on PATH (Debian: apt-get install chromium)")
    return found


@dataclass(frozen=True)
class Looked:
    """A page as the browser has it."""

    document: str
    complaints: list[str]


class Browser:
    """Opens files in a profile of its own."""

    def __init__(self, command: str, folder: Path) -> None:
        self._command = command
        self._folder = folder

    def open(self, file: Path, *options: str) -> Looked:
        """The document after scripts ran, and what was written to the console."""
        done = self._run(file, "--dump-dom", *options)
        console = [line for line in done.stderr.splitlines() if "CONSOLE" in line]
        return Looked(done.stdout, console)

    def screenshot(self, file: Path, width: int, height: int, *, dark: bool = False) -> Picture:
        """What a window of this size shows."""
        target = self._folder / f"shot-{width}-{dark}.png"
        target.unlink(missing_ok=True)
        scheme = f"--blink-settings=preferredColorScheme={0 if dark else 1}"
        self._run(file, f"--screenshot={target}", f"--window-size={width},{height}", "--hide-scrollbars", scheme)
        return Picture.read(target)

    def _run(self, file: Path, *options: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [
                self._command,
                "--headless",
                "--no-sandbox",
                "--disable-gpu",
                "--disable-dev-shm-usage",
                "--no-first-run",
                "--disable-background-networking",
                f"--user-data-dir={self._folder / 'profile'}",
                "--enable-logging=stderr",
                "--virtual-time-budget=2000",
                *options,
                file.as_uri(),
            ],
            capture_output=True,
            text=True,
            timeout=_LIMIT,
            check=True,
        )


@dataclass(frozen=True)
class Picture:
    """Pixels of a PNG as Chromium writes them: 8 bits a channel, not interlaced."""

    width: int
    height: int
    channels: int
    rows: list[bytes]

    @classmethod
    def read(cls, file: Path) -> Picture:
        """Decode a file. The filters are those of RFC 2083, section 6."""
        data = file.read_bytes()
        assert data[:8] == b"\x89PNG\r\n\x1a\n"
        place, packed, header = 8, b"", b""
        while place < len(data):
            (length,) = struct.unpack_from(">I", data, place)
            kind, body = data[place + 4 : place + 8], data[place + 8 : place + 8 + length]
            header, packed = (body, packed) if kind == b"IHDR" else (header, packed + body * (kind == b"IDAT"))
            place += length + 12
        width, height, bits, colours, *_, interlaced = struct.unpack(">IIBBBBB", header)
        assert (bits, interlaced) == (8, 0)
        channels = {2: 3, 6: 4}[colours]
        raw = zlib.decompress(packed)
        size = width * channels
        rows: list[bytes] = []
        before = bytes(size)
        for at in range(0, len(raw), size + 1):
            before = _unfiltered(raw[at], raw[at + 1 : at + 1 + size], before, channels)
            rows.append(before)
        assert len(rows) == height
        return cls(width, height, channels, rows)

    def colours(self) -> dict[tuple[int, ...], int]:
        """How many pixels have which colour."""
        found: dict[tuple[int, ...], int] = {}
        for row in self.rows:
            for at in range(0, len(row), self.channels):
                pixel = tuple(row[at : at + 3])
                found[pixel] = found.get(pixel, 0) + 1
        return found


def _unfiltered(kind: int, line: bytes, before: bytes, step: int) -> bytes:
    if kind == 0:
        return line
    done = bytearray(line)
    for at in range(len(done)):
        left = done[at - step] if at >= step else 0
        above = before[at]
        corner = before[at - step] if at >= step else 0
        if kind == 1:
            guess = left
        elif kind == 2:
            guess = above
        elif kind == 3:
            guess = (left + above) // 2
        else:
            guess = _paeth(left, above, corner)
        done[at] = (done[at] + guess) & 0xFF
    return bytes(done)


def _paeth(left: int, above: int, corner: int) -> int:
    estimate = left + above - corner
    far = abs(estimate - left), abs(estimate - above), abs(estimate - corner)
    return (left, above, corner)[far.index(min(far))]
