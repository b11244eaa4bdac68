"""How much may be under way at once.

- At most `total` predictions, at most `per_namespace` of one namespace, at most `max_bytes` of bodies in memory.
- Nothing waits in a queue: what does not fit is told at once to come back (429 for the tenant's share, 503 for ours).
- What was taken is given back whatever happens.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from capforge_gateway.errors import overloaded, too_many_requests


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
        self.under_way = 0
        self._total = total
        self._per_namespace = per_namespace
        self._of_namespace: Counter[str] = Counter()

    @contextmanager
    def seat(self, namespace: str) -> Iterator[Seat]:
        """Admit one prediction for the block; raises 429 or 503."""
        if self._of_namespace[namespace] >= self._per_namespace:
            raise too_many_requests(self._per_namespace)
        if self.under_way >= self._total:
            raise overloaded()
        seat = Seat(self)
        self.under_way += 1
        self._of_namespace[namespace] += 1
        try:
            yield seat
        finally:
            self.held_bytes -= seat.held_bytes
            self.under_way -= 1
            self._of_namespace[namespace] -= 1
            if not self._of_namespace[namespace]:
                del self._of_namespace[namespace]
