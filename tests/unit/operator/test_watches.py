"""What a watch tells on: every change, once, in whichever order our own write and its event arrive."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any, cast

from capforge_operator.adapters.kubernetes_api import KubernetesApi
from capforge_operator.adapters.watches import Watches
from capforge_operator.ports import Json
from capforge_operator.resource_types import DATASETS
from capforge_operator.runtime.mirror import Mirror


def _dataset(version: int, **status: str) -> Json:
    metadata = {"namespace": "team", "name": "train", "uid": "u", "resourceVersion": str(version), "generation": 1}
    return {"apiVersion": DATASETS.api_version, "kind": DATASETS.kind, "metadata": metadata, "status": status}


class _Api:
    """One object in the listing, then these events, then silence."""

    def __init__(self, *events: Json) -> None:
        self._events = events
        self.told = asyncio.Event()

    async def list(self, *_: Any) -> Json:
        return {"metadata": {"resourceVersion": "5"}, "items": [_dataset(5)]}

    async def watch(self, *_: Any) -> AsyncIterator[Json]:
        for document in self._events:
            yield {"type": "MODIFIED", "object": document}
        self.told.set()
        await asyncio.Event().wait()


async def _heard(*events: Json, own_write: Json | None = None) -> list[str]:
    api, mirror, heard = _Api(*events), Mirror([DATASETS]), list[str]()

    def hear(_: Any, document: Json, gone: bool) -> None:
        heard.append("gone" if gone else document["metadata"]["resourceVersion"])
        if own_write and len(heard) == 1:
            mirror.put_status(DATASETS, _dataset(5), own_write["status"], own_write["metadata"]["resourceVersion"])

    watching = asyncio.create_task(Watches(cast("KubernetesApi", api), mirror, hear).run([DATASETS]))
    await asyncio.wait_for(api.told.wait(), 5)
    watching.cancel()
    return heard


async def test_our_own_write_is_told_to_those_who_wait_although_the_mirror_has_it() -> None:
    written = _dataset(6, digest="d")
    assert await _heard(written, own_write=written) == ["5", "6"]


async def test_what_is_older_than_our_own_write_is_not_told() -> None:
    assert await _heard(_dataset(6), own_write=_dataset(7, digest="d")) == ["5"]
