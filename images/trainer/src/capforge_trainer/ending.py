"""How the process ends: the exit code, and the last word in the pod's termination message."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import structlog

from capforge_contracts.exitcodes import REASONS, TERMINATION_LOG, TERMINATION_MESSAGE_CHARS, ExitCode, Termination
from capforge_contracts.store import Refused, StoreError
from capforge_trainer.errors import TrainerError
from capforge_trainer.memory import lacks_memory

_LOG = structlog.get_logger(__name__)
_MEMORY_ADVICE = "ask for more memory (resources.memory)"
"""Outside of training, where no parameter helps."""


def ended(work: Callable[[], None]) -> ExitCode:
    """Do the work; return the exit code, after telling why if it is not success."""
    try:
        work()
    except Exception as error:  # noqa: BLE001 - the process's last line: everything becomes an exit code
        code, message = explained(error)
        trace = error if code is ExitCode.INTERNAL_ERROR else None
        _LOG.error("run ended", reason=REASONS[code], message=message, exc_info=trace)
        _tell(Termination(reason=REASONS[code], message=message[:TERMINATION_MESSAGE_CHARS]))
        return code
    return ExitCode.SUCCESS


def explained(error: BaseException) -> tuple[ExitCode, str]:
    """Return the exit code of an error and the message for the person who asked for the run."""
    if isinstance(error, TrainerError):
        return error.exit_code, str(error)
    if isinstance(error, Refused):
        return ExitCode.BAD_CONFIGURATION, str(error)
    if isinstance(error, StoreError):
        return ExitCode.STORE_UNAVAILABLE, str(error)
    if lacks_memory(error):
        return ExitCode.OUT_OF_MEMORY, f"{type(error).__name__}: {str(error).strip()}; {_MEMORY_ADVICE}"
    if isinstance(error, ValueError) and "CAPFORGE_STORE" in str(error):
        return ExitCode.BAD_CONFIGURATION, str(error)
    return ExitCode.INTERNAL_ERROR, f"{type(error).__name__}: {error}"


def _tell(termination: Termination) -> None:
    path = Path(os.environ.get("CAPFORGE_TERMINATION_LOG", TERMINATION_LOG))
    try:
        path.write_bytes(termination.to_json())
    except OSError as error:  # outside a pod there is no such file; the log has said it
        _LOG.debug("no termination message", path=str(path), error=str(error))
