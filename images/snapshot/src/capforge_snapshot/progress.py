"""How far a snapshot is, told to the object store every other second."""

from __future__ import annotations

from collections.abc import Callable

import structlog

from capforge_contracts.dataset import SnapshotProgress
from capforge_contracts.store import ObjectStore, StoreError

_LOG = structlog.get_logger()
INTERVAL_SECONDS = 2.0


class ProgressWriter:
    """Writes SnapshotProgress at most once in INTERVAL_SECONDS, and always when all is done."""

    def __init__(self, store: ObjectStore, key: str, clock: Callable[[], float]) -> None:
        """Write under `key`; `clock` counts seconds from anywhere."""
        self._store = store
        self._key = key
        self._clock = clock
        self._due = clock()

    def tell(self, done: int, total: int) -> None:
        """Say how many pictures are done."""
        now = self._clock()
        if now >= self._due or done == total:
            self._write(SnapshotProgress(done=done, total=total))
            self._due = now + INTERVAL_SECONDS

    def _write(self, progress: SnapshotProgress) -> None:
        try:
            self._store.put(self._key, progress.to_json())
        except StoreError as error:  # news, not results: the snapshot goes on, the next write brings it
            _LOG.warning("progress not written", error=str(error))
