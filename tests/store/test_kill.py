"""kill -9 at random moments: whatever was acknowledged is there afterwards, and the store is whole."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

from sidecar.store import Store, u64, verify_pages
from sidecar.store.tables import CALL_IDS, SESSION_KEYS

ROUNDS = int(os.environ.get("FOREWARN_KILLS", "15"))

CHILD = """
import os, sys, threading
from pathlib import Path
from sidecar.store import Store, u64
from sidecar.store.tables import CALL_IDS, SESSION_KEYS
store = Store(Path(sys.argv[1]), initial_bytes=1 << 18)
def job(t):
    number = t.next_sequence()
    t.put(CALL_IDS, u64(number), number)
    t.put(SESSION_KEYS, u64(number), number.to_bytes(8, "big") * 20)
    if number % 3 == 0: t.delete(SESSION_KEYS, u64(number // 3))
    return number
def work():
    while True:
        os.write(1, b"%d\\n" % store.submit(job).result())
for _ in range(4): threading.Thread(target=work, daemon=True).start()
while True:
    store.compact().result()
"""


def test_what_was_acknowledged_survives_kills(folder: Path) -> None:
    chance = random.Random(7)
    highest = 0
    for _ in range(ROUNDS):
        with subprocess.Popen(
            [sys.executable, "-c", CHILD, str(folder)], stdout=subprocess.PIPE, cwd=Path(__file__).parents[2]
        ) as child:
            assert child.stdout is not None
            child.stdout.readline()
            time.sleep(chance.random() * 0.15)
            child.send_signal(signal.SIGKILL)
            said = child.stdout.read().split(b"\n")[:-1]
        acknowledged = max([highest, *(int(number) for number in said)])
        assert verify_pages(folder) == []
        with Store(folder) as store, store.read() as reader:
            rows = {int.from_bytes(key, "big"): number for key, number in reader.scan(CALL_IDS)}
            assert rows == {number: number for number in range(1, len(rows) + 1)}
            assert len(rows) >= acknowledged
            highest = len(rows)
            kept = {int.from_bytes(key, "big") for key, _ in reader.scan(SESSION_KEYS)}
            assert kept == {number for number in rows if number * 3 > highest}
            assert reader.get_raw(CALL_IDS, u64(highest + 1)) is None
        assert len(list(folder.glob("store-*.mdb"))) == 1
    assert highest > ROUNDS
