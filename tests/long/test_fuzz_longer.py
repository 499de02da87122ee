"""The fuzzing of tests/server, for longer and at random. FOREWARN_FUZZ is the number of messages per method."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from google.protobuf.descriptor import MethodDescriptor

from forewarn.v1 import admin_pb2
from tests.server.fuzzing import METHODS, Target
from tests.server.test_fuzz import fuzz

EXAMPLES = int(os.environ.get("FOREWARN_FUZZ", "300"))


@pytest.fixture(scope="module")
def target() -> Iterator[Target]:
    made = Target()
    yield made
    print(made.daemon.log[-5000:])
    made.close()


@pytest.mark.long
@pytest.mark.timeout(600)
@pytest.mark.parametrize("method", METHODS, ids=lambda method: method.name)
def test_any_message_for_long(target: Target, method: MethodDescriptor) -> None:
    fuzz(target, method, EXAMPLES, derandomize=False)


@pytest.mark.long
def test_the_store_is_whole_after_long(target: Target) -> None:
    report = target.daemon.admin.VerifyStore(admin_pb2.VerifyStoreRequest(), timeout=60)
    assert report.ok, report.problems
