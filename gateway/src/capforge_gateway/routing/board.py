"""The one place that holds the current routes.

- A table replaces the current one only if its generation is newer; equal or older ones change nothing.
- Readers take `current` once per request: they see one table from beginning to end, whatever arrives meanwhile.
"""

from __future__ import annotations

from collections.abc import Callable

from capforge_contracts.serving import RoutingTable
from capforge_gateway.routing.routes import Capability, Routes, Version, routes_from

Listener = Callable[[Routes], None]


class RouteBoard:
    """Current routes; tells listeners when they change."""

    def __init__(self) -> None:
        self.current = Routes()
        self._listeners: list[Listener] = []

    @property
    def known(self) -> bool:
        """Tell whether any table has arrived."""
        return self.current.generation >= 0

    def addresses(self, capability: Capability, version: Version) -> tuple[str, ...]:
        """Return where a version is loaded now: the routes may have changed since a request found it."""
        now = self.current.capabilities.get((capability.namespace, capability.name))
        return now.versions.get(version.version, version).addresses if now else version.addresses

    def listen(self, listener: Listener) -> None:
        """Call `listener` with every new set of routes, and now with the current one."""
        self._listeners.append(listener)
        listener(self.current)

    def offer(self, table: RoutingTable) -> bool:
        """Take the table if it is newer; tell whether it was."""
        if table.generation <= self.current.generation:
            return False
        self.current = routes_from(table)
        for listener in self._listeners:
            listener(self.current)
        return True
