"""Runs case files: steps that a user could have written, each with what is expected of its answer.

    description: what the case shows
    mode: enforce                  # optional; shadow
    options: [--probe-seconds, 60] # optional; the daemon's
    xfail: why                     # optional; it is known not to hold
    steps:
      - record: {tool: search, arguments: {q: a}, session: s, outcome: failure, error: HTTP 404, at: 10}
        expect: {category: FAILURE, cause: NOT_FOUND}

Steps are `register`, `check`, `record`, `appeal`, `optimize`, `inject`, `similar`, `set_mode`, `apply` (the text of
policies), `file: {name, text}` (written into the daemon's folder of policies, and awaited), `restart: {}`, or
`rpc: Name` with `request:` as the API's JSON. A case with `policies: {name: text}` has such a folder.
`at` is virtual time: seconds of event time, from 0; or `now`. `repeat: n` does a step n times, `{n}` in its texts is
the number, from 1. `save: {name: path}` keeps a part of the answer; `$name` stands for it later.

`expect` is a subset: keys that are named must be as said, lists may be longer. A mapping with one of these words is a
test instead: `contains`, `without`, `less_than`, `more_than`, `absent`, `length`. `error: REASON` expects the
request's refusal, and `told: {…}` beside it what its metadata say.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from typing import Any, Final

import grpc
from google.protobuf.json_format import MessageToDict, ParseDict
from google.protobuf.message import Message
from google.rpc import error_details_pb2
from grpc_status import rpc_status

from forewarn.v1 import (
    admin_pb2,
    guard_pb2,
    knowledge_pb2,
    model_pb2,
    policy_pb2,
    rollout_pb2,
    suggestion_pb2,
    workflow_pb2,
)

from .running import RunningDaemon

#: Where virtual time begins: 2026-01-01.
START: Final = 1_767_225_600.0
_SERVICES: Final = {
    "guard": guard_pb2, "admin": admin_pb2, "policies": policy_pb2,
    "knowledge": knowledge_pb2, "workflow": workflow_pb2,
    "suggestion": suggestion_pb2,
    "rollout": rollout_pb2,
}  # fmt: skip
_MEANINGS: Final[dict[str, Callable[[Any, Any], bool]]] = {
    "contains": lambda found, one: str(one) in (json.dumps(found) if isinstance(found, list) else str(found)),
    "less_than": lambda found, one: bool(found < one),
    "more_than": lambda found, one: bool(found > one),
    "length": lambda found, one: len(found) == one,
    "without": lambda found, one: str(one) not in json.dumps(found),
    "is_not": lambda found, one: bool(found != one),
    "absent": lambda found, one: (not found) is one,
}
_CALL: Final = {
    "tool": "tool", "session": "session_id", "caller": "caller", "call_id": "call_id", "server": "server",
    "version": "tool_version", "context": "context", "attempt": "attempt", "roles": "caller_roles",
}  # fmt: skip
_RESULT: Final = {
    "error": "error", "error_code": "error_code", "cost": "cost", "result": "result_excerpt", "duration": "duration",
    "retry_after": "retry_after",
}  # fmt: skip


def info_of(error: Any) -> error_details_pb2.ErrorInfo:
    """The ErrorInfo in an error's details: the stable reason, and its metadata. Empty where there is none."""
    status = rpc_status.from_call(error)
    for detail in status.details if status is not None else ():
        info = error_details_pb2.ErrorInfo()
        if detail.Unpack(info):
            return info
    return error_details_pb2.ErrorInfo()


def reason_of(error: Any) -> str:
    """The stable reason in an error's details; empty where there is none."""
    return str(info_of(error).reason)


def run(case: Mapping[str, Any], daemon: RunningDaemon) -> None:
    """Run one case. Raises AssertionError that names the step."""
    saved: dict[str, Any] = {}
    if "mode" in case:
        daemon.admin.SetMode(admin_pb2.SetModeRequest(mode=model_pb2.Mode.Value(f"MODE_{case['mode'].upper()}")))
    for number, step in enumerate(case["steps"], 1):
        for n in range(1, step.get("repeat", 1) + 1):
            where = f"step {number}, {', '.join(key for key in step if key not in ('expect', 'save'))} ({n})"
            _step(_with(step, saved, n), daemon, saved, where)


def _step(step: dict[str, Any], daemon: RunningDaemon, saved: dict[str, Any], where: str) -> None:
    expected = step.pop("expect", {})
    names = step.pop("save", {})
    step.pop("repeat", None)
    refused = expected.pop("error", None) if isinstance(expected, dict) else None
    said_of_it = expected.pop("told", {}) if refused is not None else {}
    if "restart" in step:
        daemon.restart()
        return
    if "file" in step:
        _write(daemon, **step["file"])
        return
    stub, name, request = _request(step)
    rpc = getattr(getattr(daemon, stub), name)
    try:
        answer = rpc(request, timeout=30)
    except grpc.RpcError as error:
        told = info_of(error)
        assert told.reason == refused, f"{where}: refused with {told.reason}"
        problems = list(_differences(said_of_it, dict(told.metadata), ""))
        assert not problems, f"{where}: {problems[0]}\nin {told}"
        return
    assert refused is None, f"{where}: was not refused"
    document = _plain(answer)
    if set(document) in ({"decision"}, {"classification"}):
        document = next(iter(document.values()))
    elif name == "RecordCall":
        document = {**document, **document.get("classification", {})}
    for problem in _differences(expected, document, ""):
        raise AssertionError(f"{where}: {problem}\nin {json.dumps(document, indent=1)}")
    for key, path in names.items():
        value: Any = document
        for part in str(path).split("."):
            value = value[int(part)] if isinstance(value, list) else value[part]
        saved[key] = value


def _write(daemon: RunningDaemon, name: str, text: str) -> None:
    """Put a file into the folder, and wait until the daemon has read it: it says so in its log."""
    path = daemon.folder / "policies" / name
    before = len(_readings(daemon))
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    end = time.monotonic() + 30.0
    while len(_readings(daemon)) == before:
        assert time.monotonic() < end, f"{name} was not read:\n{daemon.log}"
        time.sleep(0.02)


def _readings(daemon: RunningDaemon) -> list[str]:
    return [line for line in daemon.log.splitlines() if "policies_loaded" in line or "policies_refused" in line]


def _request(step: dict[str, Any]) -> tuple[str, str, Message]:
    if "rpc" in step:
        name = step.pop("rpc")
        stub, module = next((stub, one) for stub, one in _SERVICES.items() if hasattr(one, f"{name}Request"))
        request = ParseDict(step.pop("request", {}), getattr(module, f"{name}Request")())
        assert not step, f"unknown: {step}"
        return stub, name, request
    ((verb, said),) = step.items()
    said = {"text": said} if isinstance(said, str) else dict(said)
    if verb == "register":
        if "input_schema" in said:
            said["input_schema_json"] = json.dumps(said.pop("input_schema"))
        return "guard", "RegisterTools", ParseDict({"tools": [said]}, guard_pb2.RegisterToolsRequest())
    if verb == "apply":
        files = [{"name": "case.yaml", "text": said.pop("text")}]
        return "policies", "ApplyPolicies", ParseDict({"files": files, **said}, policy_pb2.ApplyPoliciesRequest())
    if verb == "appeal":
        return "guard", "Appeal", ParseDict(said, guard_pb2.AppealRequest())
    if verb == "set_mode":
        said["mode"] = f"MODE_{said.get('mode', 'unspecified').upper()}"
        return "admin", "SetMode", ParseDict(said, admin_pb2.SetModeRequest())
    if verb == "inject":
        return "guard", "InjectContext", ParseDict(said, guard_pb2.InjectContextRequest())
    document: dict[str, Any] = {"call": _call(said)}
    if verb == "check":
        assert not said, f"unknown: {said}"
        return "guard", "ShouldPrevent", ParseDict(document, guard_pb2.ShouldPreventRequest())
    if verb == "record":
        result = {"outcome": f"OUTCOME_{said.pop('outcome').upper()}"}
        for key, field in _RESULT.items():
            if key in said:
                value = said.pop(key)
                result[field] = f"{value}s" if key in ("duration", "retry_after") else value
        document |= {"result": result, "decision_id": said.pop("decision_id", "")}
        assert not said, f"unknown: {said}"
        return "guard", "RecordCall", ParseDict(document, guard_pb2.RecordCallRequest())
    if verb == "optimize":
        return "guard", "Optimize", ParseDict(document | said, guard_pb2.OptimizeRequest())
    if verb == "similar":
        return "guard", "FindSimilar", ParseDict(document | said, guard_pb2.FindSimilarRequest())
    raise AssertionError(f"unknown step {verb}")


def _call(said: dict[str, Any]) -> dict[str, Any]:
    call = {field: said.pop(key) for key, field in _CALL.items() if key in said}
    arguments = said.pop("arguments", {})
    call["arguments_json"] = arguments if isinstance(arguments, str) else json.dumps(arguments)
    at = said.pop("at", 0)
    if at != "now":
        call["time"] = _stamp(START + float(at))
    return call


def _stamp(seconds: float) -> str:
    from google.protobuf.timestamp_pb2 import Timestamp

    made = Timestamp()
    made.FromNanoseconds(int(seconds * 1e9))
    return made.ToJsonString()


def _with(value: Any, saved: Mapping[str, Any], n: int) -> Any:
    if isinstance(value, dict):
        return {key: _with(one, saved, n) for key, one in value.items()}
    if isinstance(value, list):
        return [_with(one, saved, n) for one in value]
    if isinstance(value, str):
        if value.startswith("$"):
            return saved[value[1:]]
        return value.replace("{n}", str(n))
    return value


def _plain(message: Message) -> dict[str, Any]:
    """The answer with the API's names, enums without their prefixes, numbers as numbers."""
    document = MessageToDict(message, preserving_proto_field_name=True, always_print_fields_with_no_presence=True)
    found: dict[str, Any] = _shorten(document)
    return found


def _shorten(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _shorten(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_shorten(one) for one in value]
    if isinstance(value, str):
        for prefix in (
            "APPROVAL_STATE_",
            "RULE_OUTCOME_",
            "VERDICT_",
            "MODE_",
            "OUTCOME_",
            "CAUSE_",
            "USAGE_PATTERN_STATE_",
            "USAGE_PATTERN_LEVEL_",
        ):
            if value.startswith(prefix):
                return value.removeprefix(prefix)
        if value.endswith("s") and value[:-1].replace(".", "", 1).isdigit():
            return float(value[:-1])  # a duration
        if value.isdigit() and len(value) < 20:
            return int(value)
    return value


def _differences(expected: Any, found: Any, path: str) -> list[str]:
    if isinstance(expected, dict):
        if expected and expected.keys() <= _MEANINGS.keys():
            return [f"{path}: {found!r} is not {expected}"] if not _meets(expected, found) else []
        if not isinstance(found, dict):
            return [f"{path}: {found!r} is no mapping"]
        problems = []
        for key, one in expected.items():
            if isinstance(one, dict) and "absent" in one:
                if (key in found and found[key] not in ("", [], 0)) is one["absent"]:
                    problems.append(f"{path}.{key}: {found.get(key)!r}, expected absent={one['absent']}")
            elif key not in found:
                problems.append(f"{path}.{key}: not there, expected {one!r}")
            else:
                problems += _differences(one, found[key], f"{path}.{key}")
        return problems
    if isinstance(expected, list):
        if not isinstance(found, list) or len(found) < len(expected):
            return [f"{path}: {found!r} is shorter than {expected!r}"]
        return [
            one
            for at, (want, have) in enumerate(zip(expected, found, strict=False))
            for one in _differences(want, have, f"{path}[{at}]")
        ]
    if isinstance(expected, float | int) and not isinstance(expected, bool):
        same = isinstance(found, float | int) and abs(found - expected) < 1e-6
    else:
        same = found == expected
    return [] if same else [f"{path}: {found!r}, expected {expected!r}"]


def _meets(expected: dict[str, Any], found: Any) -> bool:
    return all(_MEANINGS[word](found, one) for word, one in expected.items())
