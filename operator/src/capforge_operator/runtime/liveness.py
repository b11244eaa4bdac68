"""Proof that the process still does its work: the loop turns, and the watches deliver what the API server holds."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from capforge_operator.ports import ResourceType

Seen = tuple[str, str]
"""Kind and uid of an object."""


@dataclass(frozen=True)
class Sighting:
    """One object in a listing."""

    kind: str
    uid: str
    resource_version: str


def sighting(resource: ResourceType, metadata: Mapping[str, str]) -> Sighting:
    """Return what is compared about an object."""
    return Sighting(resource.plural, metadata.get("uid", ""), metadata.get("resourceVersion", ""))


class Liveness:
    """Compares what the watches brought with what listings show.

    An object that two listings in a row show in a version that its watch has not brought, with nothing brought in
    between, proves that the watch is dead, whatever its socket says. (One listing proves nothing: it may have been
    overtaken.) A loop whose beat is older than `patience_seconds` does not turn.
    """

    def __init__(self, patience_seconds: float, monotonic: Callable[[], float]) -> None:
        """Take the longest allowed time between beats and a clock in seconds."""
        self._patience_seconds = patience_seconds
        self._monotonic = monotonic
        self._beat = monotonic()
        self._brought: dict[Seen, str] = {}
        self._overdue: dict[Seen, bool] = {}
        """Listed but not brought: False after the first listing, True after the second."""

    def beat(self) -> None:
        """Say that the loop turned."""
        self._beat = self._monotonic()

    def brought(self, sighting: Sighting, *, gone: bool = False) -> None:
        """Say that a watch brought this object in this version."""
        seen = (sighting.kind, sighting.uid)
        self._overdue.pop(seen, None)
        if gone:
            self._brought.pop(seen, None)
        else:
            self._brought[seen] = sighting.resource_version

    def listed(self, kind: str, sightings: Iterable[Sighting]) -> None:
        """Say that a listing showed all objects of a kind."""
        present = {(one.kind, one.uid): one.resource_version for one in sightings}
        newest = max(map(int, present.values()), default=None)
        for seen in [seen for seen in self._brought if seen[0] == kind and seen not in present]:
            if newest is None or int(self._brought[seen]) <= newest:  # else it is younger than the listing
                del self._brought[seen]  # deleted while the watch was away: nothing will come for it
        for seen in [seen for seen in self._overdue if seen[0] == kind and seen not in present]:
            del self._overdue[seen]
        for seen, version in present.items():
            self._compare(seen, version)

    def faults(self) -> list[str]:
        """Return what is wrong, empty if nothing is; to be asked by the health probe."""
        now = self._monotonic()
        found = []
        if now - self._beat > self._patience_seconds:
            found.append(f"the event loop has not turned for {now - self._beat:.0f} s")
        late = {kind for (kind, _), confirmed in self._overdue.items() if confirmed}
        found += [f"the watch of {kind} brings nothing although objects changed" for kind in sorted(late)]
        return found

    def _compare(self, seen: Seen, version: str) -> None:
        if self._brought.get(seen) == version:
            self._overdue.pop(seen, None)
        else:
            self._overdue[seen] = seen in self._overdue


async def keep_beating(liveness: Liveness, period_seconds: float = 1.0) -> None:
    """Beat as long as the event loop turns."""
    while True:
        liveness.beat()
        await asyncio.sleep(period_seconds)
