"""Which waiting images go to a model server together. Pure.

- An image that comes while fewer than `in_flight` requests for its model are under way is sent at once, alone: nobody
  waits for company.
- What comes while the servers are busy waits and goes together, as soon as one of them has answered.
- A full batch never waits: holding it back would save nothing.
- A batch holds at most `most` images; the first that came go first.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import Generic, TypeVar

MOST_IMAGES = 8
"""Beyond, a batch saves nothing more, and its first image waits for its last."""
MOST_BYTES = 4 * 1024 * 1024
T = TypeVar("T")


def most_together(max_batch_size: int, image_bytes: int) -> int:
    """Return how many images of one model may share a request."""
    return max(1, min(max_batch_size, MOST_IMAGES, MOST_BYTES // image_bytes))


@dataclass
class Lane(Generic[T]):
    """What waits for one model, and how many requests for it are under way."""

    most: int
    waiting: deque[T] = field(default_factory=deque)
    under_way: int = 0

    def take(self, in_flight: int) -> list[T]:
        """Return the next batch, now under way; empty where none should be sent yet."""
        if not self.waiting or (self.under_way >= in_flight and len(self.waiting) < self.most):
            return []
        self.under_way += 1
        return [self.waiting.popleft() for _ in range(min(self.most, len(self.waiting)))]
