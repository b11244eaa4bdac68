"""Objects of one name, listed and then watched through the Kubernetes API, for ever.

Needs list and watch on that one name: both are allowed under resourceNames when the field selector names the object, in
one namespace or in all. A dead connection is noticed within _SILENCE_SECONDS, because a healthy watch brings a bookmark
about every minute.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import aiohttp
import orjson

from capforge_gateway.keys.cluster import Cluster

_WATCH_SECONDS = 300
_SILENCE_SECONDS = 100.0
_LIST_SECONDS = 10.0
_FIRST_PAUSE_SECONDS = 0.25
_LONGEST_PAUSE_SECONDS = 5.0
_EXPIRED = 410

Thing = Mapping[str, Any]
"""An object as the API server tells it."""


class Sight(Protocol):
    """Who is told what is seen."""

    def listed(self, found: Sequence[Thing]) -> None:
        """Take all objects that there are."""

    def changed(self, kind: str, thing: Thing) -> None:
        """Take one change: ADDED, MODIFIED or DELETED (or BOOKMARK)."""

    def refused(self, status: int) -> None:
        """Take the API server's refusal; it is asked again."""

    def lost(self, cause: str) -> None:
        """Take that nothing is seen at the moment; it is tried again."""


class _WatchEndedError(Exception):
    """The server wants us to list again."""


@dataclass(frozen=True)
class Watching:
    """One collection, and the name of the objects in it that are followed."""

    cluster: Cluster
    path: str
    name: str
    sight: Sight

    async def keep(self) -> None:
        """List, watch, and again; every failure waits longer, up to a limit."""
        pause = _FIRST_PAUSE_SECONDS
        while True:
            try:
                version = await self._list()
                pause = _FIRST_PAUSE_SECONDS
                await self._watch(version)
            except _WatchEndedError:
                pass
            except aiohttp.ClientResponseError as error:
                self.sight.refused(error.status)
            except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
                self.sight.lost(repr(error))
            await asyncio.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE_SECONDS)

    async def _list(self) -> str:
        """Read what there is now; return the version to watch from."""
        timeout = aiohttp.ClientTimeout(total=_LIST_SECONDS)
        async with self.cluster.get(self.path, self._only_ours(), timeout) as response:
            response.raise_for_status()
            found = orjson.loads(await response.read())
        self.sight.listed(found["items"])
        return str(found["metadata"]["resourceVersion"])

    async def _watch(self, version: str) -> None:
        """Take every change until the server ends the watch."""
        query = {
            **self._only_ours(),
            "watch": "true",
            "resourceVersion": version,
            "allowWatchBookmarks": "true",
            "timeoutSeconds": str(_WATCH_SECONDS),
        }
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=_LIST_SECONDS, sock_read=_SILENCE_SECONDS)
        async with self.cluster.get(self.path, query, timeout) as response:
            response.raise_for_status()
            async for line in response.content:
                self._event(orjson.loads(line))
        raise _WatchEndedError

    def _event(self, event: Thing) -> None:
        kind, thing = event["type"], event["object"]
        if kind == "ERROR":
            if thing.get("code") != _EXPIRED:
                self.sight.lost(f"the watch ended: {thing.get('code')}")
            raise _WatchEndedError
        self.sight.changed(kind, thing)

    def _only_ours(self) -> dict[str, str]:
        return {"fieldSelector": f"metadata.name={self.name}"}
