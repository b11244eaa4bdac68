"""Two queues behind one bell: what may wait for strangers' servers holds up nothing else."""

from __future__ import annotations

from dataclasses import dataclass

from capforge_operator.keys import Key, Kind
from capforge_operator.runtime.queue import WorkQueue

SLOW = frozenset({Kind.NOTIFICATION})
"""Kinds that are worked on by a few workers of their own."""


@dataclass(frozen=True)
class Lanes:
    """The port Bell: each key goes into the queue of its kind."""

    main: WorkQueue
    slow: WorkQueue

    def ring(self, *keys: Key) -> None:
        """Ask for a reconcile of each key."""
        for key in keys:
            (self.slow if key.kind in SLOW else self.main).put(key)
