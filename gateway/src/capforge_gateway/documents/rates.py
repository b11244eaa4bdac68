"""How often one key may ask: a bucket of tokens for each key, in this process. Pure but for the clock that it is given.

- A key may ask `per_minute` times at once, and then as often as its bucket fills again.
- What a key has not used within a minute is not remembered, so that the number of buckets stays bounded.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from capforge_gateway.errors import too_often

_MINUTE_SECONDS = 60.0
_SWEEP_EVERY = 1024
"""Requests, between two looks for buckets that are full again."""


@dataclass
class _Bucket:
    tokens: float
    at: float


class Rates:
    """Buckets by (namespace, key name). One event loop only."""

    def __init__(self, per_minute: int, clock: Callable[[], float]) -> None:
        """Take the limit (0: none) and a clock in seconds."""
        self._per_minute = per_minute
        self._clock = clock
        self._buckets: dict[tuple[str, str], _Bucket] = {}
        self._asked = 0

    def spend(self, namespace: str, key: str) -> None:
        """Take one token; raises 429 with the seconds until there is one."""
        if not self._per_minute:
            return
        now = self._clock()
        self._sweep(now)
        bucket = self._buckets.setdefault((namespace, key), _Bucket(self._per_minute, now))
        bucket.tokens, bucket.at = self._filled(bucket, now), now
        if bucket.tokens < 1:
            raise too_often(self._per_minute, math.ceil((1 - bucket.tokens) * _MINUTE_SECONDS / self._per_minute))
        bucket.tokens -= 1

    def _filled(self, bucket: _Bucket, now: float) -> float:
        return min(self._per_minute, bucket.tokens + (now - bucket.at) * self._per_minute / _MINUTE_SECONDS)

    def _sweep(self, now: float) -> None:
        self._asked += 1
        if self._asked % _SWEEP_EVERY == 0:
            self._buckets = {
                name: bucket for name, bucket in self._buckets.items() if self._filled(bucket, now) < self._per_minute
            }
