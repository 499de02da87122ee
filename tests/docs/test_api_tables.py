from __future__ import annotations

import importlib
import pkgutil

import grpc

import sidecar
from forewarn.v1 import admin_pb2, guard_pb2, knowledge_pb2, policy_pb2, rollout_pb2, suggestion_pb2, workflow_pb2
from sidecar.model.errors import ForewarnError, InvalidArgumentError
from sidecar.policies.faults import Fault, PolicyError
from sidecar.server import errors

from .pages import ROOT, rows

PAGE = (ROOT / "docs/api.md").read_text()


def kinds(of: type[ForewarnError]) -> list[type[ForewarnError]]:
    return [of, *(kind for below in of.__subclasses__() for kind in kinds(below))]


def test_every_reason_is_in_the_table_with_its_code() -> None:
    for module in pkgutil.walk_packages(sidecar.__path__, "sidecar."):
        importlib.import_module(module.name)
    names = {code.value[0]: code.name for code in grpc.StatusCode}
    wanted = {}
    for kind in kinds(ForewarnError):
        error = (
            PolicyError([Fault("text")])
            if kind is PolicyError
            else kind("field", "text")
            if issubclass(kind, InvalidArgumentError)
            else kind("text")
        )
        wanted[kind.reason] = names[errors.status_of(error).code]
    wanted |= {reason: code.name for reason, code in errors._CODES.items()}
    said = {row[0]: row[1] for row in rows(PAGE) if row[0].isupper() and "_" in row[0] + "_" and len(row) == 3}
    assert {reason: code for reason, code in wanted.items() if said.get(reason) != code} == {}
    assert set(said) <= set(wanted)


def test_every_method_is_named() -> None:
    services = [
        service
        for module in (guard_pb2, admin_pb2, policy_pb2, workflow_pb2, knowledge_pb2, suggestion_pb2, rollout_pb2)
        for service in module.DESCRIPTOR.services_by_name.values()
    ]
    for service in services:
        for method in service.methods:
            assert f"`{method.name}`" in PAGE
