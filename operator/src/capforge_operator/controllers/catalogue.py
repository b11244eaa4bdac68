"""What the object store knows about capabilities: ledgers and model cards, read once since both are written once."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import structlog

from capforge_contracts import layout
from capforge_contracts.ledger import VersionPublished, read_entry
from capforge_contracts.run import ModelCard, RunResult, RunSpec
from capforge_contracts.store import AlreadyExists
from capforge_operator.controllers.reading import stored
from capforge_operator.domain.ledger import Entry, Ledger
from capforge_operator.domain.publishing import TrainedModel
from capforge_operator.domain.serving import Release, ServedCard, Wish
from capforge_operator.domain.shape import Shape, fits
from capforge_operator.ports import Store
from capforge_operator.runtime.packing import Packing

_FRESH_SECONDS = 3600.0
"""A listing of this age is made anew: nobody but the operator appends, but people restore buckets."""
_RESULTS_KEPT = 1024

_log: structlog.stdlib.BoundLogger = structlog.get_logger("catalogue")


@dataclass
class _Tenant:
    """The ledgers of one namespace, by capability."""

    listed: float = float("-inf")
    keys: dict[str, list[str]] = field(default_factory=dict)
    entries: dict[str, tuple[bytes, ...]] = field(default_factory=dict)
    """What was fetched, packed."""
    reading: asyncio.Lock = field(default_factory=asyncio.Lock)


class Catalogue:
    """Reads ledgers and cards, and appends to ledgers.

    - What is written once is fetched once. All ledgers of a namespace are found by one listing, so a capability without
      a ledger costs no call at all.
    - `append` takes the next number of a ledger or, where someone else took it, says so; the next `read` lists anew.
    """

    def __init__(self, store: Store, monotonic: Callable[[], float] = time.monotonic) -> None:
        """Start with nothing fetched; the clock is in seconds."""
        self._store = store
        self._monotonic = monotonic
        self._packing = Packing()
        self._tenants: dict[str, _Tenant] = {}
        self._cards: dict[str, ServedCard] = {}
        self._shapes: dict[str, Shape] = {}
        self._results: dict[tuple[str, str], TrainedModel] = {}

    async def read(self, namespace: str, capability: str) -> Ledger:
        """Return the ledger; raises StoreError, pydantic.ValidationError."""
        tenant = self._tenants.setdefault(namespace, _Tenant())
        async with tenant.reading:
            if self._monotonic() - tenant.listed > _FRESH_SECONDS:
                await self._list(namespace, tenant)
        before = tenant.entries.get(capability)
        known = before or ()
        missing = tenant.keys.get(capability, [])[len(known) :]
        if missing:
            known = (*known, *[self._packing.pack(await self._store.get(key)) for key in missing])
        ledger = self._unpacked(known)
        if tenant.entries.get(capability) is before:  # otherwise another read was faster, and may know more
            tenant.entries[capability] = known  # only what could be parsed is kept
        return ledger

    async def known(self, namespace: str, capability: str) -> Ledger:
        """Return the ledger as it was read last, reading it the first time."""
        tenant = self._tenants.get(namespace)
        if tenant is None or capability not in tenant.entries:
            return await self.read(namespace, capability)
        return self._unpacked(tenant.entries[capability])

    def extent(self, namespace: str, capability: str) -> int:
        """Return how many entries of a ledger were read, -1 if it was not read yet."""
        tenant = self._tenants.get(namespace)
        return len(tenant.entries[capability]) if tenant and capability in tenant.entries else -1

    async def append(self, namespace: str, capability: str, entry: Entry) -> bool:
        """Write the entry under its number; False where that number is taken. Raises StoreError."""
        key, data = layout.ledger_entry(namespace, capability, entry.sequence), entry.to_json()
        tenant = self._tenants.setdefault(namespace, _Tenant())
        try:
            await self._store.put_new(key, data)
        except AlreadyExists:
            tenant.listed = float("-inf")
            return False
        known = tenant.keys.setdefault(capability, [])
        if key not in known[-1:]:  # a listing that was made meanwhile found it already
            known.append(key)
        return True

    async def trained(self, namespace: str, run_digest: str) -> TrainedModel | None:
        """Return what a run left, None while its result is not written; raises StoreError."""
        if (namespace, run_digest) in self._results:
            return self._results[namespace, run_digest]
        result = await stored(self._store, layout.run_result(namespace, run_digest), RunResult)
        if result is None:
            return None
        spec = RunSpec.from_json(await self._store.get(layout.run_spec(namespace, run_digest)))
        chosen = (*spec.datasets.train, *spec.datasets.dev, *spec.datasets.test)
        digests = tuple(sorted({selection.digest for selection in chosen}))
        if len(self._results) >= _RESULTS_KEPT:
            self._results.clear()
        shape = Shape(spec.capability_type, tuple(spec.outputs), tuple(spec.fields))
        model = TrainedModel(result.attempt, result.model_sha256, digests, shape)
        if spec.champion is not None:
            card = await self._store.get(layout.attempt_file(namespace, run_digest, result.attempt, layout.CARD))
            comparison = ModelCard.from_json(card).comparison
            model = replace(model, champion=spec.champion.version, comparison=comparison)
        self._results[namespace, run_digest] = model
        return model

    async def lost(self, namespace: str, ledger: Ledger, wish: Wish, target: Release | None) -> list[str]:
        """Return the versions that come before the target and have no model card; raises StoreError."""
        ahead = [entry for entry in ledger.published[: wish.keep_loaded] if wish.pinned in {None, entry.version}]
        if target is not None:
            ahead = [entry for entry in ahead if entry.sequence > target.published.sequence and not wish.pinned]
        return [entry.version for entry in ahead if await self._card_of(namespace, entry) is None]

    async def releases(
        self, namespace: str, ledger: Ledger, shape: Shape, wish: Wish, before: str | None
    ) -> list[Release]:
        """Return the versions that may be served, newest first: the latest ones, the pinned one, the one before.

        Older than the first that does not fit the shape are none: the capability was made anew since. One whose
        files somebody deleted is left out. Raises StoreError, pydantic.ValidationError.
        """
        found: list[Release] = []
        for number, entry in enumerate(ledger.published):
            if number >= wish.keep_loaded and entry.version not in {wish.pinned, before}:
                continue
            card = await self._card_of(namespace, entry)
            if card is None:
                _log.warning("model card is missing", namespace=namespace, version=entry.version, run=entry.run)
                continue
            if not fits(card.shape, shape):
                break
            found.append(Release(entry, card))
        return found

    def _unpacked(self, entries: Sequence[bytes]) -> Ledger:
        return Ledger.of(read_entry(self._packing.unpack(data)) for data in entries)

    async def _list(self, namespace: str, tenant: _Tenant) -> None:
        found: dict[str, list[str]] = {}
        prefix = layout.ledgers_prefix(namespace)
        for info in await self._store.list(prefix):
            capability = info.key.removeprefix(prefix).partition("/")[0]
            if info.key.startswith(layout.ledger_prefix(namespace, capability)):
                found.setdefault(capability, []).append(info.key)
        for capability in [one for one, keys in tenant.keys.items() if found.get(one) != keys]:
            tenant.entries.pop(capability, None)
        tenant.keys = found
        tenant.listed = self._monotonic()

    async def _card_of(self, namespace: str, entry: VersionPublished) -> ServedCard | None:
        return await self._card(layout.attempt_file(namespace, entry.run_digest, entry.attempt, layout.CARD))

    async def _card(self, key: str) -> ServedCard | None:
        if key not in self._cards:
            card = await stored(self._store, key, ModelCard)
            if card is None:
                return None
            served = ServedCard.of(card)
            # Thousands of cards have the same few shapes.
            self._cards[key] = replace(served, shape=self._shapes.setdefault(str(served.shape), served.shape))
        return self._cards[key]
