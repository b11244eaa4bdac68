"""Where desired documents come from, and which of them counts."""

from __future__ import annotations

from pathlib import Path

import structlog

from capforge_agent.desired import NOTHING, Desired, parse_desired

_log = structlog.get_logger()


class Intake:
    """Keeps the newest document. Not thread-safe: its owner holds a lock.

    - The newest generation wins, wherever it comes from: a PUT, the mounted file, or an earlier process of this pod.
    - What was accepted is remembered on the pod's volume: the mounted file lags behind a PUT by up to a minute, and an
      agent that restarts within it must not unload what is in use.
    """

    def __init__(self, pool: str, file: Path, remembered: Path) -> None:
        self._pool = pool
        self._file = file
        self._remembered = remembered
        self._file_bytes: bytes | None = None
        self.current: Desired = NOTHING

    def offer(self, data: bytes) -> Desired | None:
        """Take a document; None if it is not newer than the current one. Raises DesiredError."""
        desired = parse_desired(data, self._pool)
        if desired.generation <= self.current.generation:
            return None
        self._remember(data)
        self.current = desired
        return desired

    def recalled(self) -> bytes | None:
        """Return the document that an earlier process accepted last."""
        try:
            return self._remembered.read_bytes()
        except FileNotFoundError:
            return None

    def changed_file(self) -> bytes | None:
        """Return the mounted file's content once per change."""
        try:
            data = self._file.read_bytes()
        except FileNotFoundError:
            return None  # the ConfigMap is optional: a new pool has none yet
        if data == self._file_bytes:
            return None
        self._file_bytes = data
        return data

    def _remember(self, data: bytes) -> None:
        partial = self._remembered.with_name(f"{self._remembered.name}.partial")
        try:
            partial.write_bytes(data)
            partial.replace(self._remembered)
        except OSError as error:  # a full disk must not keep a document from being served
            _log.warning("desired document not remembered", error=str(error))
