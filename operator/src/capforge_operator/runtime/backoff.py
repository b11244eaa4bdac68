"""How long to wait before trying a key again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from capforge_operator.keys import Key

_MAX_DOUBLINGS = 30
"""2**30 times any base is beyond any limit; more would only cost digits."""


@dataclass(frozen=True)
class BackoffLimits:
    """First and longest wait, in seconds."""

    base_seconds: float = 0.5
    max_seconds: float = 60.0
    """Also how long everything may still stand after an API server or an object store came back."""


class Backoff:
    """Doubles the wait with every failure of a key; each wait is drawn from its upper half, so that keys spread."""

    def __init__(self, limits: BackoffLimits, random: Callable[[], float]) -> None:
        """Take limits and a source of numbers in [0, 1)."""
        self._limits = limits
        self._random = random
        self._failures: dict[Key, int] = {}

    def next(self, key: Key) -> float:
        """Count one more failure of the key and return the seconds to wait."""
        failures = self._failures.get(key, 0)
        self._failures[key] = min(failures + 1, _MAX_DOUBLINGS)
        longest = min(self._limits.base_seconds * 2.0**failures, self._limits.max_seconds)
        return longest * (0.5 + 0.5 * self._random())

    def forget(self, key: Key) -> None:
        """Forget the key's failures."""
        self._failures.pop(key, None)
