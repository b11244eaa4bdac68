"""Keys in the Secret `capforge-api-keys` of each tenant namespace, watched through the Kubernetes API.

Needs get, list and watch on that one name in the tenant's namespace. Guarantees:
- The keys of a prepared namespace are known before it has any capability: what people send first are images.
- A created or deleted key counts as soon as the API server has told us.
- While the API server is away, or refuses us, the last known keys stay in force.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
from collections.abc import Callable, Iterable, Sequence

import structlog

from capforge_contracts.names import KEYS_SECRET
from capforge_gateway.keys.cluster import Cluster
from capforge_gateway.keys.keyring import Keyring
from capforge_gateway.keys.records import records_from
from capforge_gateway.keys.tenants import Tenants
from capforge_gateway.keys.watching import Thing, Watching
from capforge_gateway.tasks import cancelled

_log = structlog.get_logger()


class KubernetesKeys:
    """One watch of which namespaces are prepared, and one for each of these and of those that have capabilities."""

    def __init__(self, cluster: Cluster, keyring: Keyring) -> None:
        self._cluster = cluster
        self._keyring = keyring
        self._routed: frozenset[str] = frozenset()
        self._prepared: frozenset[str] = frozenset()
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._answered: set[str] = set()
        self._tenants = Tenants(self._prepare)
        self._looking = asyncio.get_running_loop().create_task(self._tenants.watching(cluster).keep())

    def follow(self, namespaces: Iterable[str]) -> None:
        self._routed = frozenset(namespaces)
        self._follow()

    @property
    def settled(self) -> bool:
        return self._tenants.answered and self._tasks.keys() <= self._answered

    async def aclose(self) -> None:
        await cancelled(self._looking, *self._tasks.values())
        await self._cluster.aclose()

    def _prepare(self, namespaces: frozenset[str]) -> None:
        self._prepared = namespaces
        self._follow()

    def _follow(self) -> None:
        wanted = self._routed | self._prepared
        for gone in self._tasks.keys() - wanted:
            self._tasks.pop(gone).cancel()
            self._answered.discard(gone)
            self._keyring.forget(gone)
        for new in wanted - self._tasks.keys():
            secret = _Secret(new, self._keyring, self._answered.add)
            watching = Watching(self._cluster, f"/api/v1/namespaces/{new}/secrets", KEYS_SECRET, secret)
            self._tasks[new] = asyncio.get_running_loop().create_task(watching.keep())


class _Secret:
    """The Secret of one namespace."""

    def __init__(self, namespace: str, keyring: Keyring, answered: Callable[[str], None]) -> None:
        self._namespace = namespace
        self._keyring = keyring
        self._answered = answered
        self._refused = False

    def listed(self, found: Sequence[Thing]) -> None:
        self._refused = False
        self._take(found[0] if found else {})
        self._answered(self._namespace)

    def changed(self, kind: str, thing: Thing) -> None:
        if kind in {"ADDED", "MODIFIED"}:
            self._take(thing)
        elif kind == "DELETED":
            self._take({})

    def refused(self, status: int) -> None:
        """Count it as an answer: this namespace is not prepared, or not any more."""
        if not self._refused:
            _log.warning("keys refused by the API server", namespace=self._namespace, status=status)
        self._refused = True
        self._answered(self._namespace)

    def lost(self, cause: str) -> None:
        _log.warning("keys cannot be followed", namespace=self._namespace, error=cause)

    def _take(self, secret: Thing) -> None:
        stored = {}
        for name, value in (secret.get("data") or {}).items():
            try:
                stored[name] = base64.b64decode(value, validate=True)
            except binascii.Error:
                _log.warning("key record cannot be read", namespace=self._namespace, key=name, error="not base64")
        records = records_from(self._namespace, stored)
        self._keyring.replace(self._namespace, records)
        _log.info("keys taken", namespace=self._namespace, keys=sorted(records))
