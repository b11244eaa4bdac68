"""What the outside may know meanwhile, written in the background: a store in trouble holds up no training."""

from __future__ import annotations

import threading
import time

import structlog

from capforge_contracts.store import ObjectStore, StoreError

_LOG = structlog.get_logger(__name__)


class News:
    """One thread that writes the newest content of each key. What it cannot write is logged and given up."""

    def __init__(self, store: ObjectStore) -> None:
        """Start with nothing to write; the thread is made with the first news and never keeps the process alive."""
        self._store = store
        self._pending: dict[str, bytes] = {}
        self._changed = threading.Condition()
        self._writing = False
        self._thread: threading.Thread | None = None

    def tell(self, key: str, data: bytes) -> None:
        """Have this written soon, unless something newer for the key comes first."""
        with self._changed:
            self._pending[key] = data
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="news", daemon=True)
                self._thread.start()
            self._changed.notify_all()

    def drain(self, seconds: float) -> bool:
        """Wait until all is written or given up, but not longer than this; True if it is."""
        until = time.monotonic() + seconds
        with self._changed:
            return self._changed.wait_for(lambda: not self._pending and not self._writing, until - time.monotonic())

    def _work(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._pending)
                key = next(iter(self._pending))
                data = self._pending.pop(key)
                self._writing = True
            try:
                self._store.put(key, data)
            except StoreError as error:  # news, not results: the run goes on, the next write brings it
                _LOG.warning("progress not written", key=key, error=str(error))
            finally:
                with self._changed:
                    self._writing = False
                    self._changed.notify_all()
