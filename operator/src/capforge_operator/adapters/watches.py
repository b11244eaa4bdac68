"""Keeps the mirror true: lists a kind, watches it, and begins anew whenever the stream breaks."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable, Iterable
from contextlib import aclosing

import structlog

from capforge_operator.adapters.kubernetes_api import KubernetesApi, Target
from capforge_operator.ports import Json, PortError, ResourceType
from capforge_operator.runtime.mirror import Mirror

Heard = Callable[[ResourceType, Json, bool], None]
"""Told of an object that is new, changed, or gone (True)."""

_PAGE_OBJECTS = 100
"""A page is parsed at once, managed fields and all: 25 KiB of dictionaries for an object of 1 KiB."""
_SERVER_SECONDS = 300
"""After this the server ends a watch; it goes on from where it was."""
_CLIENT_SECONDS = 310.0
"""A stream that is open longer than that is dead."""
_PAUSE_SECONDS = 1.0
_LONGEST_PAUSE_SECONDS = 30.0

_log: structlog.stdlib.BoundLogger = structlog.get_logger("watches")


class _Expired(Exception):  # noqa: N818 - reads as the fact it states
    """The server no longer knows what happened since: list anew."""


class Watches:
    """One endless loop per kind.

    - Whatever a listing or a watch brings goes into the mirror first, and nothing older than what is there is told on.
    - A listing also finds what went while nobody watched.
    - A kind that cannot be watched (rights, an outage) is tried again for ever and holds up no other.
    """

    def __init__(self, api: KubernetesApi, mirror: Mirror, heard: Heard) -> None:
        """Fill the mirror and tell what is new."""
        self._api = api
        self._mirror = mirror
        self._heard = heard

    async def run(self, kinds: Iterable[ResourceType]) -> None:
        """Follow the kinds until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            for kind in kinds:
                tasks.create_task(self._follow(kind), name=f"watch-{kind.plural}")

    async def _follow(self, kind: ResourceType) -> None:
        failures, version = 0, ""
        while True:
            began = time.monotonic()
            try:
                version = version or await self._list(kind)
                failures = 0
                version = await self._watch(kind, version)
            except _Expired:
                version = ""
            except PortError as error:
                version, failures = "", failures + 1
                pause = min(_PAUSE_SECONDS * 2.0 ** (failures - 1), _LONGEST_PAUSE_SECONDS)
                _log.info("watched anew", resource=kind.plural, cause=str(error), again_seconds=pause)
                await asyncio.sleep(pause * (0.5 + 0.5 * random.random()))  # noqa: S311 - spreads, protects nothing
                continue
            # A stream that ends at once, or a version that is always expired, is no reason to storm the server.
            await asyncio.sleep(max(0.0, began + _PAUSE_SECONDS - time.monotonic()))

    async def _list(self, kind: ResourceType) -> str:
        """Take all objects, page by page; returns the version to watch from."""
        before = dict(self._mirror.versions(kind))
        query = {"limit": str(_PAGE_OBJECTS)}
        while True:
            page = await self._api.list(Target(kind), query)
            for item in page["items"]:
                metadata = item["metadata"]
                before.pop((metadata.get("namespace", ""), metadata["name"]), None)
                self._take(kind, {"apiVersion": kind.api_version, "kind": kind.kind, **item})
            following = page["metadata"].get("continue")
            if not following:
                break
            query["continue"] = following
        listed = int(page["metadata"]["resourceVersion"])
        for (namespace, name), held in before.items():
            if held.version <= listed:
                metadata = {"namespace": namespace, "name": name, "uid": held.uid}
                self._drop(kind, {**held.document(), "metadata": metadata})
        self._mirror.complete(kind).set()
        return str(listed)

    async def _watch(self, kind: ResourceType, version: str) -> str:
        """Follow the changes until the server ends the stream; returns the version to go on from."""
        query = {"resourceVersion": version, "allowWatchBookmarks": "true", "timeoutSeconds": str(_SERVER_SECONDS)}
        async with aclosing(self._api.watch(Target(kind), query, _CLIENT_SECONDS)) as events:
            async for event in events:
                what, found = event["type"], event["object"]
                if what == "ERROR":
                    raise _Expired(str(found.get("message", "")))
                version = found["metadata"]["resourceVersion"]
                if what == "DELETED":
                    self._drop(kind, found)
                elif what != "BOOKMARK":
                    self._hear(kind, found)
        return version

    def _hear(self, kind: ResourceType, document: Json) -> None:
        """Tell of a change, also of our own write: the mirror has it already, whoever waits for the object has not."""
        metadata = document["metadata"]
        self._mirror.put(kind, document)
        held = self._mirror.versions(kind).get((metadata.get("namespace", ""), metadata["name"]))
        if held is not None and held.version == int(metadata["resourceVersion"]):
            self._heard(kind, document, False)

    def _take(self, kind: ResourceType, document: Json) -> None:
        if self._mirror.put(kind, document):
            self._heard(kind, document, False)

    def _drop(self, kind: ResourceType, document: Json) -> None:
        metadata = document["metadata"]
        self._mirror.remove(kind, metadata.get("namespace", ""), metadata["name"], metadata["uid"])
        self._heard(kind, document, True)
