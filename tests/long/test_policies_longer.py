"""Policies for longer: engine against reference, hostile files, reloads under load, memory that stays flat.

FOREWARN_COMPARISONS is the number of decisions that are compared. What is generated is new in each run; a failure names
its seed.
"""

from __future__ import annotations

import gc
import os
import threading
import time
from pathlib import Path
from random import Random

import pytest

from sidecar.model.call import JSON
from sidecar.policies.current import CurrentPolicies
from sidecar.policies.document import Policy
from sidecar.policies.engine.evaluator import DurableEvaluator
from sidecar.policies.engine.probe import probe
from sidecar.policies.facts import CallFacts, Facts
from sidecar.policies.faults import PolicyError
from sidecar.policies.loading import check, load
from sidecar.policies.verdict import PolicyVerdict
from tests.policies.hostile_yaml import SEEDS, damaged
from tests.policies.test_agreement import compare
from tests.policies.test_quick_reading import quickly, scrambled, slowly

COMPARISONS = int(os.environ.get("FOREWARN_COMPARISONS", "200000"))
RELOADS = 1_000
EVALUATIONS = 1_000_000


def _resident() -> int:
    """The memory of this process, bytes."""
    gc.collect()
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def _policies(generation: int) -> tuple[Policy, ...]:
    """Two hundred rules of which one prevents; each generation says which it is."""
    rules = "".join(
        f"  - name: r{at}\n"
        f"    when: {{all: [{{field: call.arguments.n, equal: {at}}}, {{field: derived.g, exists: true}}]}}\n"
        f"    then: {{prevent: {{message: g{generation}}}}}\n"
        for at in range(200)
    )
    first = "  - {name: derives, when: {field: call.arguments.n, less: 300}, then: {derive: {g: 1}}}\n"
    return load(f"policy: p\nmode: enforce\nrules:\n{first}{rules}")


@pytest.mark.long
@pytest.mark.timeout(1_200)
def test_engine_and_reference_agree_for_long() -> None:
    base = time.time_ns()
    compared = 0
    while compared < COMPARISONS:
        compared += compare(base + compared, 40)
    assert compared >= COMPARISONS


@pytest.mark.long
@pytest.mark.timeout(600)
def test_damaged_policy_files_for_long() -> None:
    base = time.time_ns()
    refused = 0
    for number in range(4_000):
        random = Random(base + number)
        text = damaged(random, random.choice(SEEDS))
        try:
            check(load(text, "f.yaml"))
        except PolicyError as error:
            assert error.faults, base + number  # noqa: PT017  # either way is right
            refused += 1
        except Exception as error:
            raise AssertionError(f"seed {base + number}") from error
    assert 1_000 < refused < 4_000


@pytest.mark.long
@pytest.mark.timeout(900)
def test_a_thousand_reloads_under_load_have_no_gap_and_no_leak() -> None:
    sets = [_policies(generation) for generation in range(2)]
    quick, probed = DurableEvaluator(probing=None), DurableEvaluator(probe)
    current = CurrentPolicies(quick.compile(sets[0], "0"))
    stop = threading.Event()
    wrong: list[object] = []
    decided = [0, 0]

    def ask(which: int) -> None:
        number = 0
        while not stop.is_set():
            number = (number + 1) % 200
            decision = current.decide(Facts(CallFacts("t", {"n": number})), 0.0)
            decided[which] += 1
            if decision.verdict is not PolicyVerdict.PREVENT or decision.message != f"g{int(decision.revision) % 2}":
                wrong.append(decision)
                return

    threads = [threading.Thread(target=ask, args=(which,)) for which in range(2)]
    for thread in threads:
        thread.start()
    before = 0
    try:
        for reload in range(1, RELOADS + 1):
            evaluator = probed if reload % 100 == 0 else quick
            current.swap(evaluator.compile(sets[reload % 2], str(reload)))
            seen = decided[0]
            while decided[0] == seen and threads[0].is_alive():
                time.sleep(0)  # so that each engine decides something
            if reload == RELOADS // 5:
                before = _resident()
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    after = _resident()
    assert not wrong
    assert min(decided) >= RELOADS / 2
    assert after < before * 1.02 + (1 << 20), f"{before / 1e6:.1f} MB became {after / 1e6:.1f} MB"


@pytest.mark.long
@pytest.mark.timeout(900)
def test_memory_is_flat_over_a_million_evaluations() -> None:
    engine = DurableEvaluator(probing=None).compile(_policies(0), "r")
    before = 0
    for number in range(EVALUATIONS):
        if number == EVALUATIONS // 10:
            before = _resident()
        # Every other call fires two rules; tools, texts and values are new all the time.
        arguments: dict[str, JSON] = {"n": number % 400, "text": f"text {number}"}
        decision = engine.decide(Facts(CallFacts(f"tool {number}", arguments)), float(number))
        assert (decision.verdict is PolicyVerdict.PREVENT) is (number % 400 < 200)
    after = _resident()
    engine.close()
    assert after < before * 1.02 + (1 << 20), f"{before / 1e6:.1f} MB became {after / 1e6:.1f} MB"


@pytest.mark.long
@pytest.mark.timeout(600)
def test_what_is_read_quickly_is_what_ruamel_reads_for_long() -> None:
    base = time.time_ns()
    for number in range(40_000):
        text = scrambled(Random(base + number))
        read = quickly(text)
        assert read is None or read == slowly(text), base + number
