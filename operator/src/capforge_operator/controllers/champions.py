"""Which version a run that begins has to beat: the one that answers."""

from __future__ import annotations

from dataclasses import dataclass

from capforge_contracts import layout
from capforge_contracts.run import Champion
from capforge_operator.controllers.catalogue import Catalogue
from capforge_operator.controllers.serving_book import ServingBook
from capforge_operator.domain.checks.case import Case
from capforge_operator.domain.serving import Release, Wish


@dataclass(frozen=True)
class Champions:
    """Reads the ledger and the routes."""

    catalogue: Catalogue
    book: ServingBook

    async def of(self, namespace: str, case: Case) -> Champion | None:
        """Return what answers now or, where nothing does yet, what is about to; only field extractors have one."""
        if case.capability is None or not case.reads_documents:
            return None
        ledger = await self.catalogue.read(namespace, case.capability_name)
        if ledger.newest is None:
            return None
        routed = await self.book.routed(namespace, case.capability_name)
        current = routed.current if routed else None
        wish = Wish(pinned=None, keep_loaded=1)
        releases = await self.catalogue.releases(namespace, ledger, case.capability.shape, wish, current)
        chosen = next((one for one in releases if one.version == current), next(iter(releases), None))
        return _champion(namespace, chosen) if chosen else None


def _champion(namespace: str, release: Release) -> Champion:
    entry = release.published
    model, card = (
        layout.attempt_file(namespace, entry.run_digest, entry.attempt, name) for name in (layout.MODEL, layout.CARD)
    )
    return Champion(version=entry.version, model_key=model, model_sha256=entry.model_sha256, card_key=card)
