"""How much may be under way at once.

- At most `total` predictions, at most `per_namespace` of one namespace, at most `max_bytes` of bodies in memory.
- Nothing waits in a queue: what does not fit is told at once to come back (429 for the tenant's share, 503 for ours).
- What was taken is given back whatever happens.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from capforge_gateway.errors import overloaded, too_many_requests
from capforge_gateway.slots import Slots


@dataclass
class Seat:
    """One admitted prediction and the bytes it holds."""

    admission: Admission
    held_bytes: int = 0

    def hold(self, size: int) -> None:
        """Account for `size` more bytes; raises 503 where they do not fit."""
        if self.admission.held_bytes + size > self.admission.max_bytes:
            raise overloaded()
        self.held_bytes += size
        self.admission.held_bytes += size


class Admission:
    """Counts what is under way. Used on one event loop only, so it needs no lock."""

    def __init__(self, total: int, per_namespace: int, max_bytes: int) -> None:
        self.max_bytes = max_bytes
        self.held_bytes = 0
        self._slots = Slots(total, per_namespace, lambda: too_many_requests(per_namespace))

    @property
    def under_way(self) -> int:
        """Predictions of all namespaces."""
        return self._slots.under_way

    @contextmanager
    def seat(self, namespace: str) -> Iterator[Seat]:
        """Admit one prediction for the block; raises 429 or 503."""
        self._slots.take(namespace)
        seat = Seat(self)
        try:
            yield seat
        finally:
            self.held_bytes -= seat.held_bytes
            self._slots.give(namespace)
