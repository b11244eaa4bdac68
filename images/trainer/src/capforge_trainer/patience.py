"""A store that is waited for: hours of training are not thrown away because the store was away for minutes."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import IO, TypeVar

import structlog

from capforge_contracts.store import (
    AlreadyExists,
    NotFound,
    ObjectInfo,
    ObjectStore,
    Refused,
    StoreError,
    StorePatience,
)
from capforge_trainer.stopping import Stopping

T = TypeVar("T")
CLIENT_PATIENCE = StorePatience(attempts=2)
"""Of the client itself: between its tries it hears no SIGTERM, and what may be lost (progress) is not waited for."""
PATIENCE_SECONDS = 600.0
"""Of one call; with a Job's retries a store may be away for the better part of an hour."""
_PAUSE_SECONDS = 1.0
_LONGEST_PAUSE_SECONDS = 30.0
_ANSWERS = (NotFound, AlreadyExists, Refused)
_LOG = structlog.get_logger(__name__)


def patience_seconds(environment: Mapping[str, str]) -> float:
    """Return how long a store is waited for: `CAPFORGE_STORE_PATIENCE_SECONDS`, else ten minutes."""
    chosen = environment.get("CAPFORGE_STORE_PATIENCE_SECONDS", "")
    return float(chosen) if chosen.isdecimal() else PATIENCE_SECONDS


class PatientStore:
    """Asks again while the store cannot be asked, until the patience of the call ends or somebody stops the run."""

    def __init__(
        self, store: ObjectStore, stopping: Stopping, seconds: float = PATIENCE_SECONDS, pause: float = _PAUSE_SECONDS
    ) -> None:
        """Take the store, what says that the run is to stop, and how long a call may be repeated."""
        self._store, self._stopping, self._seconds, self._pause = store, stopping, seconds, pause

    @property
    def uri(self) -> str:
        """The store's own."""
        return self._store.uri

    def get(self, key: str) -> bytes:
        """Return the object's bytes."""
        return self._patiently(lambda: self._store.get(key))

    def open(self, key: str) -> IO[bytes]:
        """Return a stream of the object; what breaks off while it is read is the reader's affair."""
        return self._patiently(lambda: self._store.open(key))

    def put(self, key: str, data: bytes) -> None:
        """Write or replace the object."""
        self._patiently(lambda: self._store.put(key, data))

    def put_file(self, key: str, path: Path) -> None:
        """Write or replace the object with a file's contents."""
        self._patiently(lambda: self._store.put_file(key, path))

    def put_new(self, key: str, data: bytes) -> None:
        """Write the object only if there is none."""
        self._patiently(lambda: self._store.put_new(key, data))

    def exists(self, key: str) -> bool:
        """Tell whether there is an object under this key."""
        return self._patiently(lambda: self._store.exists(key))

    def list(self, prefix: str) -> Iterator[ObjectInfo]:
        """Yield the objects whose key starts with the prefix, in key order."""
        yield from self._patiently(lambda: [*self._store.list(prefix)])

    def delete(self, key: str) -> None:
        """Delete the object; no error if there is none."""
        self._patiently(lambda: self._store.delete(key))

    def _patiently(self, call: Callable[[], T]) -> T:
        until, pause = time.monotonic() + self._seconds, self._pause
        while True:
            try:
                return call()
            except _ANSWERS:
                raise
            except StoreError as error:
                if time.monotonic() + pause > until:
                    raise
                _LOG.warning("waiting for the object store", seconds=pause, error=str(error))
            self._sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE_SECONDS)

    def _sleep(self, seconds: float) -> None:
        """Sleep in small pieces, so that SIGTERM is heard at once; raises StoppedError."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self._stopping.check("waiting for the object store")
            time.sleep(min(0.2, max(0.0, end - time.monotonic())))
