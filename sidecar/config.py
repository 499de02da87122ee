"""The daemon's settings: one declaration gives flags, environment, file and help.

Precedence: flags (``--guard-address``), environment (``FOREWARN_GUARD_ADDRESS``), the TOML file named by
``FOREWARN_CONFIG``, defaults. A value that cannot be used stops the start with the field's name.
"""

from __future__ import annotations

import ipaddress
import os
import tomllib
from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator
from pydantic_settings import (
    BaseSettings,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

_UNIX_PATH_LIMIT = 107  # sizeof(sun_path) - 1 on Linux


def default_data_dir() -> Path:
    """Where the store lives unless told otherwise; the Python client and the CLI look there too."""
    state = os.environ.get("XDG_STATE_HOME") or str(Path.home() / ".local" / "state")
    return Path(state) / "forewarn"


class Settings(BaseSettings):
    """Forewarn: remembers how tool calls turn out and says so before the next one."""

    model_config = SettingsConfigDict(
        env_prefix="FOREWARN_",
        cli_prog_name="forewarn-sidecar",
        cli_kebab_case=True,
        cli_implicit_flags=True,
        cli_avoid_json=True,
        cli_hide_none_type=True,
        # The environment also holds the clients' settings (FOREWARN_ADDRESS, FOREWARN_TOKEN), which are not ours.
        extra="ignore",
    )

    data_dir: Path = Field(default_factory=default_data_dir, description="Folder of the store, made if missing.")
    guard_address: Annotated[list[str], NoDecode] = Field(
        default_factory=list,
        description="Where runtimes reach it: unix:PATH or HOST:PORT; repeatable. "
        "Default: DATA_DIR/guard.sock and 127.0.0.1:7621.",
    )
    admin_address: Annotated[list[str], NoDecode] = Field(
        default_factory=list,
        description="Where administrators reach it; repeatable. Default: DATA_DIR/admin.sock. "
        "TCP needs --admin-token-file.",
    )
    guard_token_file: Path | None = Field(
        None, description="File with the bearer token that runtimes must send. Required beyond loopback."
    )
    admin_token_file: Path | None = Field(
        None, description="File with the bearer token that administrators must send. Required for TCP."
    )
    mode: Literal["off", "shadow", "warn", "enforce"] | None = Field(
        None, description="Mode for all tools, set at start. Default: as last set, shadow at first."
    )
    policies: Path | None = Field(
        None, description="Folder of policies (YAML), watched for changes. Default: only those applied by the API."
    )
    ready_file: Path | None = Field(None, description="File to write, as JSON, once serving.")
    false_prevention_budget: float = Field(
        0.01, gt=0, le=0.5, description="Largest share of successful calls that learning may prevent."
    )
    holdout_share: float = Field(
        0.03, ge=0, le=0.2, description="Share of learned preventions that is let through by lot, to learn from."
    )
    blast_cap: float = Field(
        0.5, gt=0, le=1, description="Largest share of a tool's recent calls that learning may prevent."
    )
    seed: int | None = Field(
        None, ge=0, description="Seed of the holdout's lots and of exploration. Default: from the system."
    )
    store_limit_bytes: int = Field(
        16 << 30, ge=16 << 20, le=1 << 46, description="Size that the store may grow to, in bytes."
    )
    queue_limit: int = Field(8192, ge=64, le=1 << 20, description="Entries that may wait for a commit.")
    max_calls: int = Field(1_000_000, ge=100, description="Calls to keep in the journal.")
    max_decisions: int = Field(1_000_000, ge=100, description="Decisions to keep in the journal.")
    max_sessions: int = Field(100_000, ge=10, description="Sessions to remember.")
    max_patterns_per_tool: int = Field(20_000, ge=10, description="Usage patterns to keep of one tool.")
    max_patterns: int = Field(2_000_000, ge=10, description="Usage patterns to keep in all.")
    max_tools: int = Field(10_000, ge=10, description="Tools to remember.")
    max_entities: int = Field(200_000, ge=10, description="Organisational patterns and policies to keep.")
    embeddings: Literal["off", "wordllama"] = Field(
        "off", description="Match intents by meaning too, with a small model that ships in a package."
    )
    vectors: Literal["memory", "qdrant"] = Field("memory", description="Where the vectors of embeddings are kept.")
    qdrant_url: str = Field("", description="A Qdrant server. Default: embedded, in DATA_DIR/qdrant.")
    qdrant_key_file: Path | None = Field(None, description="File with the Qdrant server's API key.")
    qdrant_collection: str = Field(
        "forewarn", pattern="^[A-Za-z0-9_-]{1,64}$", description="Collection in Qdrant; one for each daemon."
    )
    qdrant_timeout: float = Field(
        0.02, gt=0, le=5, description="Seconds that Qdrant may take before an intent is matched by words alone."
    )
    max_workflow_events: int = Field(1_000_000, ge=100, description="Workflow events to keep in the journal.")
    workflow_retention_days: float = Field(400.0, gt=0, description="Days to keep workflow events.")
    retention_days: float = Field(30.0, gt=0, description="Days to keep calls and decisions.")
    guard_threads: int = Field(4, ge=1, le=64, description="Threads for checks that are large, or want context.")
    record_threads: int = Field(64, ge=1, le=512, description="Threads of registrations and appeals.")
    max_concurrent_calls: int = Field(1024, ge=1, description="RPCs in flight per listener; more are refused.")
    max_streams: int = Field(32, ge=1, le=256, description="Streams open at a time, per kind.")
    probe_seconds: float = Field(1200.0, gt=0, description="Seconds until a learned prevention is first probed.")
    drain_seconds: float = Field(5.0, ge=0, le=300, description="Seconds to finish calls in flight when stopping.")
    suggestion_min_confidence: float = Field(
        0.6, ge=0, le=1, description="Least confidence with which something is suggested."
    )
    suggestions_per_day: int = Field(5, ge=0, le=1000, description="Suggestions to make in a day at most.")
    drafting: Literal["statistics", "claude"] = Field(
        "statistics", description="Who words suggestions; claude sends redacted evidence to Anthropic."
    )
    llm_model: str = Field("claude-haiku-5-5", description="Model that drafts.")
    llm_key_file: Path | None = Field(None, description="File with the model's API key. Default: $ANTHROPIC_API_KEY.")
    llm_base_url: str = Field("", description="Where the model is served. Default: Anthropic's own.")
    llm_timeout: float = Field(20.0, gt=0, le=600, description="Seconds that a model may take.")
    llm_at_once: int = Field(4, ge=1, le=128, description="Requests to the model at a time.")
    llm_requests_per_minute: int = Field(30, ge=1, le=10_000, description="Requests to the model in a minute.")
    llm_tokens_per_day: int = Field(500_000, ge=0, description="Tokens that drafting may cost in a day (UTC).")
    log_level: Literal["debug", "info", "warning", "error"] = Field("info", description="Least level to log.")
    log_format: Literal["auto", "console", "json"] = Field(
        "auto", description="How to log; auto: console on a terminal, else JSON lines."
    )

    @field_validator("guard_address", "admin_address", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        """Allow one comma-separated string, which is what an environment variable can hold."""
        if isinstance(value, str):
            return [part.strip() for part in value.split(",") if part.strip()]
        return value

    @field_validator(
        "data_dir", "guard_token_file", "admin_token_file", "policies", "ready_file", "qdrant_key_file", "llm_key_file",
        mode="before",
    )  # fmt: skip
    @classmethod
    def _named(cls, value: object) -> object:
        """Refuse an empty path, which would be the folder that the daemon happens to be started in."""
        if isinstance(value, str) and not value.strip():
            raise ValueError("is empty; name a path, or leave the setting out")
        return value

    @field_validator("guard_address", "admin_address")
    @classmethod
    def _well_formed(cls, value: list[str]) -> list[str]:
        for address in value:
            check_address(address)
        return value

    @model_validator(mode="after")
    def _doors(self) -> Settings:
        """Fill in default addresses, and refuse doors that anybody could walk through."""
        if not self.guard_address:
            self.guard_address = [f"unix:{self.data_dir / 'guard.sock'}", "127.0.0.1:7621"]
        if not self.admin_address:
            self.admin_address = [f"unix:{self.data_dir / 'admin.sock'}"]
        for address in (*self.guard_address, *self.admin_address):
            check_address(address)
        if self.guard_token_file is None:
            for address in self.guard_address:
                if not (address.startswith("unix:") or is_loopback(address)):
                    raise ValueError(f"guard_address {address} is not loopback and needs guard_token_file")
        if self.admin_token_file is None:
            for address in self.admin_address:
                if not address.startswith("unix:"):
                    raise ValueError(f"admin_address {address} is TCP and needs admin_token_file")
        return self

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - pydantic's signature
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Flags, environment, then the TOML file named by FOREWARN_CONFIG."""
        known = tuple(settings_cls.model_fields)
        for name in os.environ:
            # Others' variables may begin like ours, so only what is nearly a setting is taken for a slip.
            setting = name.removeprefix("FOREWARN_").lower()
            if name.startswith("FOREWARN_") and setting not in known and (meant := _meant(setting, known)):
                raise ValueError(f"{name}: no such setting; did you mean FOREWARN_{meant.upper()}?")
        path = os.environ.get("FOREWARN_CONFIG")
        if not path:
            return (init_settings, env_settings)
        if not Path(path).is_file():
            raise ValueError(f"FOREWARN_CONFIG: no file at {path}")
        try:
            file = TomlConfigSettingsSource(settings_cls, Path(path))
        except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
            raise ValueError(f"{path}: {error}") from None
        for name in file.toml_data:
            if name not in known:
                meant = _meant(name, known)
                raise ValueError(f"{path}: {name}: no such setting" + (f"; did you mean {meant}?" if meant else ""))
        return (init_settings, env_settings, file)


def _meant(name: str, known: Sequence[str]) -> str:
    """The setting that a name is nearly the name of; empty where there is none."""
    return next(iter(get_close_matches(name, known, 1, 0.85)), "")


def check_address(address: str) -> None:
    """Raise ValueError unless ``address`` is ``unix:PATH`` (at most 107 bytes) or ``HOST:PORT``."""
    if address.startswith("unix:"):
        path = address.removeprefix("unix:")
        if not path:
            raise ValueError(f"{address}: no path")
        if len(os.fsencode(path)) > _UNIX_PATH_LIMIT:
            raise ValueError(f"{address}: a socket's path has at most {_UNIX_PATH_LIMIT} bytes")
        return
    host, colon, port = address.rpartition(":")
    if not (colon and host and port.isascii() and port.isdigit() and int(port) <= 65535):
        raise ValueError(f"{address}: expected unix:PATH or HOST:PORT")


def is_loopback(address: str) -> bool:
    """Whether a ``HOST:PORT`` can only be reached from this machine."""
    host = address.rpartition(":")[0].strip("[]")
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
