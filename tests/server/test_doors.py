"""Two doors: who may come in, what is behind each, and what does not fit through."""

from __future__ import annotations

import stat
import threading
import time
from pathlib import Path
from typing import Any

import grpc
import pytest
from grpc_channelz.v1 import channelz_pb2, channelz_pb2_grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase

from forewarn.v1 import admin_pb2, admin_pb2_grpc, guard_pb2, guard_pb2_grpc, model_pb2
from tests.conftest import StartDaemon

from .case_runner import reason_of
from .messages import ask, call, record
from .running import RunningDaemon

TOKEN = "a-token-of-sixteen-or-more"
SERVING, NOT_SERVING = health_pb2.HealthCheckResponse.SERVING, health_pb2.HealthCheckResponse.NOT_SERVING


@pytest.fixture
def locked(start_daemon: StartDaemon, tmp_path: Path) -> RunningDaemon:
    token = tmp_path / "token"
    token.write_text(TOKEN + "\n")
    token.chmod(0o600)
    return start_daemon(
        "--guard-token-file", str(token), "--admin-token-file", str(token), "--admin-address", "127.0.0.1:0"
    )


@pytest.mark.parametrize("sent", [None, "Bearer wrong", TOKEN, f"bearer {TOKEN}", f"Bearer {TOKEN} ", ""])
def test_without_the_token_nobody_comes_in(locked: RunningDaemon, sent: str | None) -> None:
    metadata = () if sent is None else (("authorization", sent),)
    guard = guard_pb2_grpc.GuardServiceStub(locked.channel(locked.tcp_address))
    rpcs: list[Any] = [
        lambda: guard.ShouldPrevent(ask(), metadata=metadata, timeout=10),
        lambda: list(guard.RecordCalls(iter([]), metadata=metadata, timeout=10)),
        lambda: locked.admin.GetStats(admin_pb2.GetStatsRequest(), metadata=metadata, timeout=10),
        lambda: next(locked.admin.TailDecisions(admin_pb2.TailDecisionsRequest(), metadata=metadata, timeout=10)),
        lambda: locked.admin.ImportUsagePatterns(_never(), metadata=metadata, timeout=10),
    ]
    for rpc in rpcs:
        with pytest.raises(grpc.RpcError) as caught:
            rpc()
        assert caught.value.code() is grpc.StatusCode.UNAUTHENTICATED
        assert reason_of(caught.value) == "UNAUTHENTICATED"


def _never() -> Any:
    threading.Event().wait(3)
    yield from ()


def test_with_the_token_all_is_open_and_health_always_is(locked: RunningDaemon) -> None:
    metadata = (("authorization", f"Bearer {TOKEN}"),)
    channel = locked.channel(locked.tcp_address)
    guard = guard_pb2_grpc.GuardServiceStub(channel)
    assert guard.ShouldPrevent(ask(), metadata=metadata, timeout=10).decision.decision_id
    answers = guard.RecordCalls(iter([guard_pb2.RecordCallsRequest(record=record())]), metadata=metadata, timeout=10)
    assert [one.WhichOneof("result") for one in answers] == ["recorded"]
    health: Any = health_pb2_grpc.HealthStub(channel)
    assert health.Check(health_pb2.HealthCheckRequest(), timeout=10).status == SERVING
    with pytest.raises(grpc.RpcError) as caught:
        ProtoReflectionDescriptorDatabase(channel).get_services()
    assert caught.value.code() is grpc.StatusCode.UNAUTHENTICATED


def test_each_door_has_its_own_service(shared_daemon: RunningDaemon) -> None:
    with pytest.raises(grpc.RpcError) as caught:
        admin_pb2_grpc.AdminServiceStub(shared_daemon.channel()).GetStats(admin_pb2.GetStatsRequest(), timeout=10)
    assert caught.value.code() is grpc.StatusCode.UNIMPLEMENTED
    with pytest.raises(grpc.RpcError) as caught:
        guard_pb2_grpc.GuardServiceStub(shared_daemon.channel(shared_daemon.admin_address)).ShouldPrevent(ask())
    assert caught.value.code() is grpc.StatusCode.UNIMPLEMENTED


def test_sockets_are_the_owners(shared_daemon: RunningDaemon) -> None:
    for address in (shared_daemon.guard_address, shared_daemon.admin_address):
        assert stat.S_IMODE(Path(address.removeprefix("unix:")).stat().st_mode) == 0o600
    assert stat.S_IMODE(shared_daemon.data_dir.stat().st_mode) & 0o077 == 0
    for path in shared_daemon.data_dir.iterdir():
        assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0, path


def test_reflection_names_what_is_behind_a_door(shared_daemon: RunningDaemon) -> None:
    guard = set(ProtoReflectionDescriptorDatabase(shared_daemon.channel()).get_services())
    admin = set(ProtoReflectionDescriptorDatabase(shared_daemon.channel(shared_daemon.admin_address)).get_services())
    assert "forewarn.v1.GuardService" in guard
    assert "forewarn.v1.AdminService" not in guard
    assert "forewarn.v1.AdminService" in admin
    assert "forewarn.v1.GuardService" not in admin
    database = ProtoReflectionDescriptorDatabase(shared_daemon.channel())
    assert database.FindFileContainingSymbol("forewarn.v1.GuardService").name == "forewarn/v1/guard.proto"


def test_channelz_is_the_administrators(shared_daemon: RunningDaemon) -> None:
    channelz = channelz_pb2_grpc.ChannelzStub(shared_daemon.channel(shared_daemon.admin_address))
    servers = channelz.GetServers(channelz_pb2.GetServersRequest(), timeout=10).server
    assert len(servers) >= 2
    with pytest.raises(grpc.RpcError) as caught:
        channelz_pb2_grpc.ChannelzStub(shared_daemon.channel()).GetServers(channelz_pb2.GetServersRequest(), timeout=10)
    assert caught.value.code() is grpc.StatusCode.UNIMPLEMENTED


def test_health_says_not_serving_while_draining(start_daemon: StartDaemon) -> None:
    daemon = start_daemon("--drain-seconds", "1")
    for address, service in (
        (daemon.guard_address, "forewarn.v1.GuardService"),
        (daemon.admin_address, "forewarn.v1.AdminService"),
    ):
        health: Any = health_pb2_grpc.HealthStub(daemon.channel(address))
        for name in ("", service):
            assert health.Check(health_pb2.HealthCheckRequest(service=name), timeout=10).status == SERVING
    health = health_pb2_grpc.HealthStub(daemon.channel())
    watched = health.Watch(health_pb2.HealthCheckRequest(service="forewarn.v1.GuardService"))
    assert next(watched).status == SERVING
    began = time.monotonic()
    stopped: list[int] = []
    thread = threading.Thread(target=lambda: stopped.append(daemon.stop()))
    # The channels stay open until the daemon is gone: the watch must see it coming.
    daemon._close_channels = lambda: None  # type: ignore[method-assign]
    thread.start()
    assert next(watched).status == NOT_SERVING
    thread.join(20)
    assert stopped == [0]
    assert time.monotonic() - began < 15


def test_message_limits(shared_daemon: RunningDaemon) -> None:
    big = "x" * 1_048_576
    with pytest.raises(grpc.RpcError) as caught:  # a field's limit
        shared_daemon.guard.RecordCall(record("limits", {"a": big}), timeout=20)
    assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert "call.arguments_json" in str(caught.value.details())
    full = {"a": "x" * (1_048_576 - 10)}
    answer = shared_daemon.guard.RecordCall(record("limits", full, error=big, outcome=2, excerpt="y" * 65_536))
    assert answer.call_id
    with pytest.raises(grpc.RpcError) as caught:  # the message's limit
        shared_daemon.guard.RecordCall(record("limits", {"a": "x" * (5 << 20)}), timeout=20)
    assert caught.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    kept = shared_daemon.admin.QueryCalls(admin_pb2.QueryCallsRequest(tool="limits")).calls
    assert [one.call_id for one in kept] == [answer.call_id]
    assert len(kept[0].arguments_json) <= 2_200
    assert len(kept[0].error) <= 8_300


def test_a_status_fits_into_what_clients_take(shared_daemon: RunningDaemon) -> None:
    """Of a thousand mistakes the first few are told; the client's limit of metadata is 8 KiB."""
    tools = [model_pb2.ToolDescriptor(tool="x" * 300, server="y" * 300) for _ in range(1000)]
    with pytest.raises(grpc.RpcError) as caught:
        shared_daemon.guard.RegisterTools(guard_pb2.RegisterToolsRequest(tools=tools), timeout=20)
    assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert reason_of(caught.value) == "INVALID_ARGUMENT"
    trailing: Any = caught.value.trailing_metadata()
    size = sum(len(key) + len(value) + 32 for key, value in trailing)
    assert size < 6_000
    context = {f"{n:064}": "v" * 2000 for n in range(33)}
    with pytest.raises(grpc.RpcError) as caught:
        shared_daemon.guard.ShouldPrevent(guard_pb2.ShouldPreventRequest(call=call(context=context)), timeout=20)
    assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert len(str(caught.value.details())) <= 500
