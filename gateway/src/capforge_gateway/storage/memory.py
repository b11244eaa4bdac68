"""Bytes that were used last, up to so many."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable


class Memory:
    """Holds bytes by key; the one that was not asked for the longest goes first."""

    def __init__(self, limit_bytes: int) -> None:
        self._limit_bytes = limit_bytes
        self._held: OrderedDict[Hashable, bytes] = OrderedDict()
        self.held_bytes = 0

    def get(self, key: Hashable) -> bytes | None:
        """Return the bytes and count them as used now."""
        found = self._held.get(key)
        if found is not None:
            self._held.move_to_end(key)
        return found

    def put(self, key: Hashable, data: bytes) -> None:
        """Hold the bytes; what alone is larger than the limit is not held."""
        self.held_bytes -= len(self._held.pop(key, b""))
        if len(data) > self._limit_bytes:
            return
        self._held[key] = data
        self.held_bytes += len(data)
        while self.held_bytes > self._limit_bytes:
            self.held_bytes -= len(self._held.popitem(last=False)[1])
