"""The running daemon: rooms behind two listeners, and the order in which they start and stop."""

from __future__ import annotations

import json
import os
import tempfile
import time
from pathlib import Path

import structlog

from forewarn.v1 import admin_pb2, guard_pb2, knowledge_pb2, policy_pb2, rollout_pb2, suggestion_pb2, workflow_pb2

from . import __version__
from .config import Settings
from .model.errors import ForewarnError
from .paths import SettingError, door, prepare
from .runtime import Rooms, open_rooms
from .server.admin_service import AdminService, DaemonFacts
from .server.grpc_insides import insides
from .server.guard_service import GuardService
from .server.knowledge_service import KnowledgeService
from .server.listener import AddressError, Listener
from .server.policy_service import PolicyService
from .server.polling import Polling
from .server.rollout_service import RolloutService
from .server.suggestion_service import SuggestionService
from .server.workflow_service import WorkflowService

_ADMIN_THREADS = 12


#: The name under which the health service tells whether all policies that somebody wrote are in force.
_POLICIES = "forewarn.policies"


class StartError(Exception):
    """The daemon cannot start; the text says why and what would help."""


class Daemon:
    """One sidecar: opens the store, binds, serves; ``stop`` drains and closes in the reverse order."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._log = structlog.get_logger("forewarn")
        self._rooms: Rooms | None = None
        self._listeners: list[Listener] = []
        self._services: list[
            GuardService
            | AdminService
            | PolicyService
            | KnowledgeService
            | WorkflowService
            | SuggestionService
            | RolloutService
        ] = []
        self._serving = False
        self.guard_addresses: list[str] = []
        self.admin_addresses: list[str] = []

    def start(self) -> None:
        """Serve. Raises SettingError or StartError, having closed what was opened."""
        began = time.monotonic()
        try:
            self._start()
            if self._settings.ready_file is not None:
                self._write_ready_file(self._settings.ready_file)
        except SettingError:
            self.stop()
            raise
        except (AddressError, ForewarnError, OSError, ValueError) as error:
            self.stop()
            raise StartError(str(error)) from error
        self._serving = True
        self._log.info(
            "ready",
            guard=self.guard_addresses,
            admin=self.admin_addresses,
            data_dir=str(self._settings.data_dir),
            seconds=round(time.monotonic() - began, 3),
        )

    def _start(self) -> None:
        settings = self._settings
        guard_door = door("guard_token_file", settings.guard_token_file)
        admin_door = door("admin_token_file", settings.admin_token_file)
        prepare(settings.data_dir, settings.ready_file)
        rooms = self._rooms = open_rooms(settings)
        facts = DaemonFacts(start_time=time.time(), version=__version__)

        grpc_insides = insides()
        polling = None if grpc_insides is None else Polling(grpc_insides)
        guard = Listener(
            [
                guard_pb2.DESCRIPTOR.services_by_name["GuardService"].full_name,
                workflow_pb2.DESCRIPTOR.services_by_name["WorkflowService"].full_name,
            ],
            settings.guard_threads,
            settings.max_concurrent_calls,
            guard_door,
            polling=polling,
        )
        self._listeners.append(guard)
        guard_service = GuardService(rooms, time.time, settings.record_threads, settings.max_streams)
        self._services.append(guard_service)
        guard_service.add_to(guard.server, guard.inline)
        workflow_service = WorkflowService(rooms, settings.max_streams)
        self._services.append(workflow_service)
        workflow_service.add_to(guard.server)
        guard.bind(settings.guard_address)

        admin = Listener(
            [
                admin_pb2.DESCRIPTOR.services_by_name["AdminService"].full_name,
                policy_pb2.DESCRIPTOR.services_by_name["PolicyService"].full_name,
                knowledge_pb2.DESCRIPTOR.services_by_name["KnowledgeService"].full_name,
                suggestion_pb2.DESCRIPTOR.services_by_name["SuggestionService"].full_name,
                rollout_pb2.DESCRIPTOR.services_by_name["RolloutService"].full_name,
            ],
            _ADMIN_THREADS,
            settings.max_concurrent_calls,
            admin_door,
            polling=polling,
            with_channelz=True,
        )
        self._listeners.append(admin)
        admin_service = AdminService(rooms, time.time, facts, settings.max_streams)
        self._services.append(admin_service)
        admin_service.add_to(admin.server)
        policy_service = PolicyService(rooms, time.time)
        self._services.append(policy_service)
        policy_service.add_to(admin.server)
        knowledge_service = KnowledgeService(rooms)
        self._services.append(knowledge_service)
        knowledge_service.add_to(admin.server)
        suggestion_service = SuggestionService(rooms, settings.max_streams)
        self._services.append(suggestion_service)
        suggestion_service.add_to(admin.server)
        rollout_service = RolloutService(rooms)
        self._services.append(rollout_service)
        rollout_service.add_to(admin.server)
        admin.bind(settings.admin_address)

        facts.guard_addresses = self.guard_addresses = guard.addresses
        facts.admin_addresses = self.admin_addresses = admin.addresses
        for listener in self._listeners:
            listener.start()
        rooms.policies.tell(lambda healthy: admin.say(_POLICIES, serving=healthy))

    def stop(self) -> None:
        """Finish what is in flight, then close. Safe to call at any stage, once."""
        for listener in self._listeners:
            listener.drain()
        for service in self._services:
            service.drain()
        for listener in self._listeners:
            listener.stop(self._settings.drain_seconds)
        for service in self._services:
            service.close()
        if self._rooms is not None:
            self._rooms.close()
        if not self._serving:
            return  # it never was: a ready file that is there is another daemon's
        if self._settings.ready_file is not None:
            self._settings.ready_file.unlink(missing_ok=True)
        self._log.info("stopped")

    def _write_ready_file(self, path: Path) -> None:
        facts = {
            "pid": os.getpid(),
            "version": __version__,
            "guard": self.guard_addresses,
            "admin": self.admin_addresses,
        }
        try:
            with tempfile.NamedTemporaryFile("w", dir=path.parent, prefix=path.name, delete=False) as file:
                json.dump(facts, file)
            Path(file.name).replace(path)
        except OSError as error:
            raise SettingError("ready_file", f"{path} cannot be written: {error.strerror or error}") from error
