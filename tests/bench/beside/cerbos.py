"""Cerbos, from its binary in npm, on the daemon's core, asked over gRPC by the same load generator."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import socket
import struct
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from ..load import Load
from ..machine import DAEMON_CORE, pinned
from . import UnavailableError, rules

VERSION: Final = "0.55.0"
METHOD: Final = "/cerbos.svc.v1.CerbosService/CheckResources"
_FOLDER: Final = Path("build/beside/cerbos")
_START_LIMIT: Final = 30.0  # seconds


def installed() -> Path | None:
    """The binary; it is fetched on first use. None where it cannot be."""
    binary = _FOLDER / "node_modules/@cerbos/cerbos-linux-x64/cerbos-linux-x64"
    if not binary.exists():
        npm = shutil.which("npm")
        if npm is None:
            return None
        command = [npm, "install", "--silent", "--prefix", str(_FOLDER), f"@cerbos/cerbos-linux-x64@{VERSION}"]
        if subprocess.run(command, check=False, capture_output=True).returncode or not binary.exists():
            return None
        binary.chmod(0o755)
    return binary.absolute()


@contextlib.contextmanager
def running(binary: Path, folder: Path, *, one_tool: bool) -> Iterator[str]:
    """Runs it over the rules until the block ends; its address."""
    rules.cerbos_policies(folder / "policies", one_tool=one_tool)
    http, grpc = _free_port(), _free_port()
    settings = folder / "settings.json"
    settings.write_text(
        f'{{"server": {{"httpListenAddr": "127.0.0.1:{http}", "grpcListenAddr": "127.0.0.1:{grpc}"}},'
        f' "storage": {{"driver": "disk", "disk": {{"directory": "{folder}/policies"}}}},'
        ' "telemetry": {"disabled": true}}'
    )
    environment = {**os.environ, "GOMAXPROCS": "1"}  # it has one core, and does best when it knows
    with (folder / "log").open("wb") as log:
        command = pinned(DAEMON_CORE, [str(binary), "server", "--config", str(settings)])
        process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT, env=environment)
    try:
        end = time.monotonic() + _START_LIMIT
        while not _listens(grpc):
            if process.poll() is not None or time.monotonic() > end:
                raise UnavailableError(f"Cerbos did not start:\n{(folder / 'log').read_text()[-2000:]}")
            time.sleep(0.05)
        yield f"127.0.0.1:{grpc}"
    finally:
        process.terminate()
        process.wait(20)


def question(folder: Path, arguments: rules.Arguments) -> Load:
    """The same question, as Cerbos is asked it."""
    resource = _text(1, rules.TOOL) + _text(3, "call-1")
    for name, value in arguments.items():
        resource += _part(4, _text(1, name) + _part(2, _value(value)))
    principal = _text(1, "agent") + _text(3, "agent")
    request = _text(1, "1") + _part(3, principal) + _part(4, _text(1, "call") + _part(2, resource))
    return Load(folder, f"cerbos {rules.denied(arguments)}", METHOD, request)


def effect(answer: bytes) -> bool:
    """Whether a call is allowed, by the bytes of an answer."""
    found = re.search(rb"\x0a\x04call\x10(.)", answer, re.DOTALL)
    if found is None:
        raise SystemExit(f"Cerbos answers what is not understood: {answer!r}")
    return found[1] == b"\x01"


def _value(value: str | int) -> bytes:
    """``google.protobuf.Value``."""
    return _text(3, value) if isinstance(value, str) else b"\x11" + struct.pack("<d", value)


def _text(number: int, text: str) -> bytes:
    return _part(number, text.encode())


def _part(number: int, content: bytes) -> bytes:
    """A length-delimited field of a protobuf message; shorter than 16 KiB."""
    size = len(content)
    length = bytes((size,)) if size < 128 else bytes((size & 127 | 128, size >> 7))
    return bytes((number << 3 | 2,)) + length + content


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
