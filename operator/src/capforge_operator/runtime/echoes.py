"""Events that only tell us what we have just written ourselves."""

from __future__ import annotations

from capforge_operator.runtime.liveness import Seen, Sighting


class Echoes:
    """Remembers the version of each object that our last status write made.

    That write was made on the condition that nothing had changed since the object was read. So an event with exactly
    this version holds nothing that the reconcile that wrote it has not seen.
    """

    def __init__(self) -> None:
        """Expect nothing."""
        self._written: dict[Seen, str] = {}

    def wrote(self, sighting: Sighting) -> None:
        """Say that a status write made this version."""
        self._written[sighting.kind, sighting.uid] = sighting.resource_version

    def is_echo(self, sighting: Sighting) -> bool:
        """Tell whether an event is the echo of a write; each is told once. A later version means that all is news."""
        return self._written.pop((sighting.kind, sighting.uid), None) == sighting.resource_version
