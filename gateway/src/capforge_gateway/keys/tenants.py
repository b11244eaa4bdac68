"""Which namespaces are prepared: those that have the ServiceAccount of tenants' Jobs, as the tenant chart makes it.

It holds no secret, and everybody knows its name: to list it in all namespaces gives nothing away. What a tenant's keys
are is asked in its namespace, with the right that its own chart grants.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import structlog

from capforge_contracts.names import JOB_SERVICE_ACCOUNT
from capforge_gateway.keys.cluster import Cluster
from capforge_gateway.keys.watching import Thing, Watching

_PATH = "/api/v1/serviceaccounts"
_log = structlog.get_logger()


class Tenants:
    """The prepared namespaces; `told` hears of each change. Nothing is told by a server that refuses or is away."""

    def __init__(self, told: Callable[[frozenset[str]], None]) -> None:
        self._told = told
        self._found: frozenset[str] = frozenset()
        self._refused = False
        self.answered = False
        """The API server has answered once, be it by a refusal."""

    def watching(self, cluster: Cluster) -> Watching:
        """Return what follows them."""
        return Watching(cluster, _PATH, JOB_SERVICE_ACCOUNT, self)

    def listed(self, found: Sequence[Thing]) -> None:
        self._refused = False
        self._take(frozenset(_namespace(one) for one in found))
        self.answered = True

    def changed(self, kind: str, thing: Thing) -> None:
        if kind == "ADDED":
            self._take(self._found | {_namespace(thing)})
        elif kind == "DELETED":
            self._take(self._found - {_namespace(thing)})

    def refused(self, status: int) -> None:
        """Go on with the namespaces that have capabilities: the charts of an older release grant no more."""
        if not self._refused:
            _log.warning("tenants refused by the API server", status=status)
        self._refused = self.answered = True

    def lost(self, cause: str) -> None:
        _log.warning("tenants cannot be followed", error=cause)

    def _take(self, found: frozenset[str]) -> None:
        if found != self._found:
            self._found = found
            self._told(found)


def _namespace(thing: Thing) -> str:
    return str(thing["metadata"]["namespace"])
