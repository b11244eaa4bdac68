"""What the object store knows about capabilities: ledgers and model cards, read once since both are written once."""

from __future__ import annotations

from collections.abc import Sequence

import structlog

from capforge_contracts import layout
from capforge_contracts.ledger import read_entry
from capforge_contracts.run import ModelCard, Output, RunResult, RunSpec
from capforge_contracts.store import AlreadyExists
from capforge_operator.controllers.reading import stored
from capforge_operator.domain.ledger import Entry, Ledger
from capforge_operator.domain.publishing import TrainedModel, fits
from capforge_operator.domain.serving import Release, Wish
from capforge_operator.ports import Store

_CARDS_KEPT = 4096

_log: structlog.stdlib.BoundLogger = structlog.get_logger("catalogue")


class Catalogue:
    """Reads ledgers and cards, and appends to ledgers.

    - What is written once is fetched once; a ledger is listed anew only where `read` is asked for.
    - `append` takes the next number of a ledger or, where someone else took it, says so and re-reads.
    """

    def __init__(self, store: Store) -> None:
        """Start with nothing fetched."""
        self._store = store
        self._entries: dict[str, Entry] = {}
        self._ledgers: dict[tuple[str, str], Ledger] = {}
        self._cards: dict[str, ModelCard] = {}

    async def read(self, namespace: str, capability: str) -> Ledger:
        """List the ledger and return it; raises StoreError, pydantic.ValidationError."""
        listed = await self._store.list(layout.ledger_prefix(namespace, capability))
        ledger = Ledger.of([await self._entry(info.key) for info in listed])
        self._ledgers[namespace, capability] = ledger
        return ledger

    async def known(self, namespace: str, capability: str) -> Ledger:
        """Return the ledger as it was read last, reading it the first time."""
        return self._ledgers.get((namespace, capability)) or await self.read(namespace, capability)

    async def append(self, namespace: str, capability: str, entry: Entry) -> bool:
        """Write the entry under its number; False where that number is taken. Raises StoreError."""
        key = layout.ledger_entry(namespace, capability, entry.sequence)
        try:
            await self._store.put_new(key, entry.to_json())
        except AlreadyExists:
            return False
        return True

    async def trained(self, namespace: str, run_digest: str) -> TrainedModel | None:
        """Return what a run left, None while its result is not written; raises StoreError."""
        result = await stored(self._store, layout.run_result(namespace, run_digest), RunResult)
        if result is None:
            return None
        spec = RunSpec.from_json(await self._store.get(layout.run_spec(namespace, run_digest)))
        chosen = (*spec.datasets.train, *spec.datasets.dev, *spec.datasets.test)
        digests = tuple(sorted({selection.digest for selection in chosen}))
        return TrainedModel(result.attempt, result.model_sha256, digests, tuple(spec.outputs))

    async def releases(
        self, namespace: str, ledger: Ledger, outputs: Sequence[Output], wish: Wish, before: str | None
    ) -> list[Release]:
        """Return the versions that may be served, newest first: the latest ones, the pinned one, the one before.

        Older than the first that does not fit the outputs are none: the capability was made anew since. One whose
        files somebody deleted is left out. Raises StoreError, pydantic.ValidationError.
        """
        found: list[Release] = []
        for number, entry in enumerate(ledger.published):
            if number >= wish.keep_loaded and entry.version not in {wish.pinned, before}:
                continue
            card = await self._card(layout.attempt_file(namespace, entry.run_digest, entry.attempt, layout.CARD))
            if card is None:
                _log.warning("model card is missing", namespace=namespace, version=entry.version, run=entry.run)
                continue
            if not fits(card.outputs, outputs):
                break
            found.append(Release(entry, card))
        return found

    async def _entry(self, key: str) -> Entry:
        if key not in self._entries:
            self._entries[key] = read_entry(await self._store.get(key))
        return self._entries[key]

    async def _card(self, key: str) -> ModelCard | None:
        if key not in self._cards:
            card = await stored(self._store, key, ModelCard)
            if card is None:
                return None
            if len(self._cards) >= _CARDS_KEPT:
                self._cards.clear()
            self._cards[key] = card
        return self._cards[key]
