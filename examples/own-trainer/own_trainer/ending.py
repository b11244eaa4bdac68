"""How the process ends. The exit code decides whether it is tried again; the last word is what people read."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from capforge_contracts.exitcodes import REASONS, TERMINATION_LOG, TERMINATION_MESSAGE_CHARS, ExitCode, Termination
from capforge_contracts.store import Refused, StoreError


class EndError(Exception):
    """The run ends here, for a reason that has a code."""

    def __init__(self, code: ExitCode, message: str) -> None:
        super().__init__(message)
        self.code = code


class Stopping:
    """SIGTERM (the pod is taken away) as a question between two steps."""

    def __init__(self) -> None:
        self._asked = False
        signal.signal(signal.SIGTERM, self._hear)

    def check(self) -> None:
        """Raise EndError if somebody asked the process to stop."""
        if self._asked:
            raise EndError(ExitCode.INTERRUPTED, "stopped; the next attempt begins again, which takes seconds")

    def _hear(self, *_: object) -> None:
        self._asked = True


def ended(work: Callable[[], None]) -> ExitCode:
    """Do the work; return the exit code, after telling why if it is not success."""
    try:
        work()
    except Exception as error:  # noqa: BLE001 - the process's last line: everything becomes an exit code
        code, message = _explained(error)
        print(f"{REASONS[code]}: {message}", file=sys.stderr)  # noqa: T201 - the pod's log
        _tell(Termination(reason=REASONS[code], message=message[:TERMINATION_MESSAGE_CHARS]))
        return code
    return ExitCode.SUCCESS


def _explained(error: Exception) -> tuple[ExitCode, str]:
    if isinstance(error, EndError):
        return error.code, str(error)
    if isinstance(error, Refused):  # the store's account may not: trying again does not help
        return ExitCode.BAD_CONFIGURATION, str(error)
    if isinstance(error, StoreError):
        return ExitCode.STORE_UNAVAILABLE, str(error)
    if isinstance(error, MemoryError):
        return ExitCode.OUT_OF_MEMORY, "the crops need more memory than there is; ask for more, or make them smaller"
    return ExitCode.INTERNAL_ERROR, f"{type(error).__name__}: {error}"


def _tell(termination: Termination) -> None:
    with suppress(OSError):  # outside a pod there is no such file
        Path(os.environ.get("CAPFORGE_TERMINATION_LOG", TERMINATION_LOG)).write_bytes(termination.to_json())
