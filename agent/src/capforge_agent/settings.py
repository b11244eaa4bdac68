"""What the environment says, parsed once. Every variable is `CAPFORGE_` + the field's name in upper case."""

from __future__ import annotations

import socket
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from capforge_contracts.environment import parse_environment
from capforge_contracts.names import AGENT_PORT, DESIRED_FILE, TRITON_GRPC_PORT, TRITON_HTTP_PORT

PREFIX = "CAPFORGE_"
_MIB = 1024 * 1024

Positive = Annotated[int, Field(gt=0)]
Count = Annotated[int, Field(ge=0)]
Seconds = Annotated[float, Field(gt=0)]


class SettingsError(ValueError):
    """The environment holds a value that is not allowed; the message names each variable."""


class Accelerator(StrEnum):
    """Where Triton runs the models of this pool."""

    CPU = "cpu"
    GPU = "gpu"


class Settings(BaseModel):
    """All settings with their defaults; the object store has its own variables (contracts, open_store)."""

    model_config = ConfigDict(frozen=True)

    pool: str = "cpu"
    token_file: Path = Path("/etc/capforge/internal/token")
    desired_file: Path = Path("/etc/capforge/desired") / DESIRED_FILE
    control_file: Path = Path("/run/capforge/control")
    data: Path = Path("/var/lib/capforge")
    triton: str = f"127.0.0.1:{TRITON_HTTP_PORT}"
    triton_grpc: str = f"127.0.0.1:{TRITON_GRPC_PORT}"
    pod: str = Field(default_factory=socket.gethostname)
    """A pod's host name is its name."""
    agent_host: str = "0.0.0.0"
    agent_port: Annotated[int, Field(ge=1, le=65535)] = AGENT_PORT

    accelerator: Accelerator = Accelerator.CPU
    instances: Positive = 1
    intra_op_threads: Count = 0
    """0: all cores that Triton's process sees."""
    queue_delay_microseconds: Count = 0

    max_model_bytes: Positive = 1024 * _MIB
    max_golden_bytes: Positive = 128 * _MIB
    repository_limit_bytes: Positive = 8192 * _MIB
    retry_seconds: Seconds = 1.0
    refused_retry_seconds: Seconds = 300.0
    quarantine_seconds: Seconds = 6 * 3600.0
    """How long a model is left alone that took Triton down `crashes_tolerated` times."""
    crashes_tolerated: Positive = 2
    linger_seconds: Count = 30
    """How long a model stays loaded that is no longer wanted: a gateway may not have heard of that yet."""
    load_timeout_seconds: Seconds = 300.0
    infer_timeout_seconds: Seconds = 60.0

    log_level: Annotated[str, Field(pattern="^(debug|info|warning|error)$")] = "info"

    @property
    def repository(self) -> Path:
        """Triton's model repository."""
        return self.data / "models"


def settings_from(environment: Mapping[str, str]) -> Settings:
    """Parse the environment; raises SettingsError naming each wrong variable. Empty counts as not set."""
    return parse_environment(Settings, PREFIX, environment, SettingsError)
