"""How many calls of a kind may be under way at once, and how many of them one namespace's. One event loop only."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from capforge_gateway.errors import ApiError, overloaded


@dataclass
class Slots:
    """Nothing waits: who finds no room is told to come back."""

    total: int
    of_namespace: int
    share_taken: Callable[[], ApiError] = overloaded
    """The refusal for a namespace that has its share; where the whole is taken it is 503."""
    under_way: int = 0
    taken: Counter[str] = field(default_factory=Counter)

    def take(self, namespace: str) -> None:
        """Take one; raises ApiError where there is none."""
        if self.taken[namespace] >= self.of_namespace:
            raise self.share_taken()
        if self.under_way >= self.total:
            raise overloaded()
        self.under_way += 1
        self.taken[namespace] += 1

    def give(self, namespace: str) -> None:
        """Give one back."""
        self.under_way -= 1
        self.taken[namespace] -= 1
        if not self.taken[namespace]:
            del self.taken[namespace]

    @contextmanager
    def one(self, namespace: str) -> Iterator[None]:
        """Take one for the block."""
        self.take(namespace)
        try:
            yield
        finally:
            self.give(namespace)
