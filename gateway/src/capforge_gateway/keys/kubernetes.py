"""Keys in the Secret `capforge-api-keys` of each tenant namespace, watched through the Kubernetes API.

Needs get, list and watch on that one name in the tenant's namespace (a list or watch is allowed under resourceNames
when its field selector names the object). Guarantees:
- A created or deleted key counts as soon as the API server has told us; a dead connection is noticed within
  _SILENCE_SECONDS, because a healthy watch brings a bookmark about every minute.
- While the API server is away, or refuses us, the last known keys stay in force.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
from collections.abc import Iterable, Mapping
from typing import Any

import aiohttp
import orjson
import structlog

from capforge_contracts.names import KEYS_SECRET
from capforge_gateway.keys.cluster import Cluster
from capforge_gateway.keys.keyring import Keyring
from capforge_gateway.keys.records import records_from

_WATCH_SECONDS = 300
_SILENCE_SECONDS = 100.0
_LIST_SECONDS = 10.0
_FIRST_PAUSE_SECONDS = 0.25
_LONGEST_PAUSE_SECONDS = 5.0
_EXPIRED = 410
_log = structlog.get_logger()


class _WatchEndedError(Exception):
    """The server wants us to list again."""


class KubernetesKeys:
    """One watch per namespace."""

    def __init__(self, cluster: Cluster, keyring: Keyring) -> None:
        self._cluster = cluster
        self._keyring = keyring
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._answered: set[str] = set()

    def follow(self, namespaces: Iterable[str]) -> None:
        wanted = frozenset(namespaces)
        for gone in self._tasks.keys() - wanted:
            self._tasks.pop(gone).cancel()
            self._answered.discard(gone)
            self._keyring.forget(gone)
        for new in wanted - self._tasks.keys():
            self._tasks[new] = asyncio.get_running_loop().create_task(self._keep_fresh(new))

    @property
    def settled(self) -> bool:
        return self._tasks.keys() <= self._answered

    async def aclose(self) -> None:
        for task in self._tasks.values():
            task.cancel()
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)
        await self._cluster.aclose()

    async def _keep_fresh(self, namespace: str) -> None:
        """List, watch, and again, for ever; every failure waits longer, up to a limit."""
        pause = _FIRST_PAUSE_SECONDS
        while True:
            try:
                version = await self._list(namespace)
                pause = _FIRST_PAUSE_SECONDS
                await self._watch(namespace, version)
            except _WatchEndedError:
                pass
            except aiohttp.ClientResponseError as error:
                self._answered.add(namespace)  # a refusal is an answer: this namespace is not prepared
                _log.warning("keys refused by the API server", namespace=namespace, status=error.status)
            except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
                _log.warning("keys cannot be followed", namespace=namespace, error=repr(error))
            await asyncio.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE_SECONDS)

    async def _list(self, namespace: str) -> str:
        """Read the Secret as it is now; return the version to watch from."""
        timeout = aiohttp.ClientTimeout(total=_LIST_SECONDS)
        async with self._cluster.get(_path(namespace), _only_ours(), timeout) as response:
            response.raise_for_status()
            found = orjson.loads(await response.read())
        self._take(namespace, found["items"][0] if found["items"] else {})
        self._answered.add(namespace)
        return str(found["metadata"]["resourceVersion"])

    async def _watch(self, namespace: str, version: str) -> None:
        """Take every change until the server ends the watch."""
        query = {
            **_only_ours(),
            "watch": "true",
            "resourceVersion": version,
            "allowWatchBookmarks": "true",
            "timeoutSeconds": str(_WATCH_SECONDS),
        }
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=_LIST_SECONDS, sock_read=_SILENCE_SECONDS)
        async with self._cluster.get(_path(namespace), query, timeout) as response:
            response.raise_for_status()
            async for line in response.content:
                self._event(namespace, orjson.loads(line))
        raise _WatchEndedError

    def _event(self, namespace: str, event: Mapping[str, Any]) -> None:
        kind, thing = event["type"], event["object"]
        if kind == "ERROR":
            if thing.get("code") != _EXPIRED:
                _log.warning("watch of keys ended", namespace=namespace, code=thing.get("code"))
            raise _WatchEndedError
        if kind in {"ADDED", "MODIFIED"}:
            self._take(namespace, thing)
        elif kind == "DELETED":
            self._take(namespace, {})

    def _take(self, namespace: str, secret: Mapping[str, Any]) -> None:
        stored = {}
        for name, value in (secret.get("data") or {}).items():
            try:
                stored[name] = base64.b64decode(value, validate=True)
            except binascii.Error:
                _log.warning("key record cannot be read", namespace=namespace, key=name, error="not base64")
        records = records_from(namespace, stored)
        self._keyring.replace(namespace, records)
        _log.info("keys taken", namespace=namespace, keys=sorted(records))


def _path(namespace: str) -> str:
    return f"/api/v1/namespaces/{namespace}/secrets"


def _only_ours() -> dict[str, str]:
    return {"fieldSelector": f"metadata.name={KEYS_SECRET}"}
