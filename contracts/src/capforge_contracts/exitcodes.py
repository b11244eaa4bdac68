"""How a Job's process tells why it ended: exit codes and the termination message."""

from __future__ import annotations

from enum import IntEnum

from capforge_contracts.model import Stored

TERMINATION_LOG = "/dev/termination-log"
TERMINATION_MESSAGE_CHARS = 2000


class ExitCode(IntEnum):
    """Exit codes of trainer and snapshot; a team's own image keeps them too."""

    SUCCESS = 0
    INTERNAL_ERROR = 1
    BAD_CONFIGURATION = 64
    BAD_DATA = 65
    OUT_OF_MEMORY = 66
    NON_FINITE_LOSS = 67
    PARITY_FAILED = 68
    STORE_UNAVAILABLE = 69
    """Worth another try."""
    INTERRUPTED = 70
    """SIGTERM: a checkpoint was saved; worth another try."""


FINAL: frozenset[ExitCode] = frozenset(
    {ExitCode.BAD_CONFIGURATION, ExitCode.BAD_DATA, ExitCode.NON_FINITE_LOSS, ExitCode.PARITY_FAILED}
)
"""A retry would end the same way."""

REASONS: dict[ExitCode, str] = {
    ExitCode.INTERNAL_ERROR: "InternalError",
    ExitCode.BAD_CONFIGURATION: "BadConfiguration",
    ExitCode.BAD_DATA: "BadData",
    ExitCode.OUT_OF_MEMORY: "OutOfMemory",
    ExitCode.NON_FINITE_LOSS: "NonFiniteLoss",
    ExitCode.PARITY_FAILED: "ParityFailed",
    ExitCode.STORE_UNAVAILABLE: "StoreUnavailable",
    ExitCode.INTERRUPTED: "Interrupted",
}


class Termination(Stored):
    """The JSON in the pod's termination message."""

    reason: str
    message: str
