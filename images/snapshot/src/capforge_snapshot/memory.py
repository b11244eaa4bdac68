"""Memory for decoding, shared by the threads of one snapshot."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Condition


class ByteBudget:
    """Never more than `total` bytes are held together; who asks for more than is free waits. Thread-safe."""

    def __init__(self, total: int) -> None:
        """Start with all of it free."""
        self.total = total
        self._free = total
        self._changed = Condition()

    @contextmanager
    def held(self, size: int) -> Iterator[None]:
        """Hold `size` bytes (at most `total`) for the block, once they are free."""
        with self._changed:
            self._changed.wait_for(lambda: size <= self._free)
            self._free -= size
        try:
            yield
        finally:
            with self._changed:
                self._free += size
                self._changed.notify_all()
