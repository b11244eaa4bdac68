"""Keys that nothing is known to have happened to: looked at in the gaps, evenly, so that whoever comes finds one."""

from __future__ import annotations

from collections import OrderedDict

from capforge_operator.keys import Key

_LONGEST_PAUSE_SECONDS = 0.05
"""Between two keys, however few there are: a few objects need not take minutes."""


class IdleLane:
    """Keys in the order in which they came, one at a time with pauses in between.

    - A key waits at most once.
    - As many as wait at once are given out over `span_seconds`, evenly, or faster where that makes long pauses.
    - Who takes a little late finds the next key sooner; what was missed for longer is not made up for.

    Seconds are on any clock that goes forward.
    """

    def __init__(self, span_seconds: float = 0.0) -> None:
        """Take how long all keys together may take; 0 means no pauses."""
        self._span_seconds = span_seconds
        self._keys: OrderedDict[Key, None] = OrderedDict()
        self._pause_seconds = 0.0
        self._due = float("-inf")

    def __len__(self) -> int:
        """Return how many keys wait."""
        return len(self._keys)

    @property
    def due(self) -> float:
        """When the next key may be taken."""
        return self._due

    def put(self, key: Key) -> None:
        """Add a key at the end, unless it waits already."""
        longest = self._pause_seconds if self._keys else _LONGEST_PAUSE_SECONDS
        self._keys[key] = None
        # What is left of many keeps their pace when a few are added.
        self._pause_seconds = min(longest, self._span_seconds / len(self._keys))

    def discard(self, key: Key) -> None:
        """Take a key out of the order, if it waits."""
        self._keys.pop(key, None)

    def take(self, now: float) -> Key | None:
        """Return the next key, None where there is none or its time has not come."""
        if not self._keys or now < self._due:
            return None
        on_time = now - self._due <= _LONGEST_PAUSE_SECONDS
        self._due = (self._due if on_time else now) + self._pause_seconds
        return self._keys.popitem(last=False)[0]
