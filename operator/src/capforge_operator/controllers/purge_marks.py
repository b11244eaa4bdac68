"""Which contents of a tenant's datasets a purge has removed: it leaves a mark beside the manifest of each dataset."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from capforge_contracts import layout
from capforge_operator.ports import Store

_FRESH_SECONDS = 3600.0
"""A purge runs once a day; one listing of a namespace serves all of its datasets for this long."""
_FOLDER, _MARK = ".purged", ".json"


@dataclass
class _Tenant:
    listed: float = float("-inf")
    marks: Mapping[str, frozenset[str]] = field(default_factory=dict)
    listing: asyncio.Lock = field(default_factory=asyncio.Lock)


class PurgeMarks:
    """Reads the marks; raises StoreError."""

    def __init__(self, store: Store, monotonic: Callable[[], float] = time.monotonic) -> None:
        """Start with nothing listed; the clock is in seconds."""
        self._store = store
        self._monotonic = monotonic
        self._tenants: dict[str, _Tenant] = {}

    async def known(self, namespace: str, digest: str) -> frozenset[str]:
        """Return the contents of a dataset that are gone, as of an hour ago at most."""
        tenant = self._tenants.setdefault(namespace, _Tenant())
        async with tenant.listing:
            if self._monotonic() - tenant.listed > _FRESH_SECONDS:
                tenant.marks = await self._list(namespace)
                tenant.listed = self._monotonic()
        return tenant.marks.get(digest, frozenset())

    async def _list(self, namespace: str) -> dict[str, frozenset[str]]:
        found: dict[str, set[str]] = {}
        prefix = layout.manifests_prefix(namespace)
        for info in await self._store.list(prefix):
            folder, _, name = info.key.removeprefix(prefix).partition("/")
            if folder.endswith(_FOLDER) and name.endswith(_MARK):
                found.setdefault(folder.removesuffix(_FOLDER), set()).add(name.removesuffix(_MARK))
        return {digest: frozenset(contents) for digest, contents in found.items()}
