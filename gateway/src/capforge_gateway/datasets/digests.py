"""Many digests in little memory: 32 bytes each, in their order, found by halving."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass

DIGEST_BYTES = 32


@dataclass(frozen=True)
class Digests:
    """Sorted; one may stand there several times."""

    joined: bytes

    def __len__(self) -> int:
        return len(self.joined) // DIGEST_BYTES

    def positions(self, digest: str) -> range:
        """Return where a digest stands; empty: nowhere."""
        wanted = bytes.fromhex(digest)
        first = bisect_left(range(len(self)), wanted, key=self._at)
        last = first
        while last < len(self) and self._at(last) == wanted:
            last += 1
        return range(first, last)

    def _at(self, position: int) -> bytes:
        return self.joined[position * DIGEST_BYTES : (position + 1) * DIGEST_BYTES]
