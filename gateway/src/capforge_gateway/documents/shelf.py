"""The kept documents of a product: the list, a single one, deletion."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from capforge_gateway.documents import answer
from capforge_gateway.documents.choices import Listing
from capforge_gateway.documents.ports import Document, Owner
from capforge_gateway.documents.reading import Readers
from capforge_gateway.documents.refusals import translated
from capforge_gateway.documents.storage import Storage
from capforge_gateway.routing.routes import Capability


@dataclass(frozen=True)
class Shelf:
    """Raises ApiError."""

    storage: Storage
    readers: Readers
    page_size: int

    async def list(self, capability: Capability, listing: Listing) -> dict[str, Any]:
        """Return a page of documents, newest first, and how many pages there are."""
        with translated():
            found = await self.storage.documents.list(Owner.of(capability), listing.page, self.page_size)
        return {
            "documents": [_shown(one, capability, listing) for one in found.documents],
            "pagination": {"page": found.page, "pages": found.pages, "total": found.total},
        }

    async def get(self, capability: Capability, document_id: str, listing: Listing) -> dict[str, Any]:
        """Return one document, with what was asked for; one that nobody has read yet is read now for its candidates."""
        owner = Owner.of(capability)
        with translated():
            document = await self.storage.documents.get(owner, document_id)
            shown = _shown(document, capability, listing)
            if listing.include_candidates:
                reading = await self.readers.of_kept(owner, document)
                candidates = await self.readers.candidates(reading, capability.fields)
                shown |= {
                    "n_pages": len(reading.pages),
                    "is_read": True,
                    "inference": answer.read(reading, capability, candidates),
                }
        return {"document": shown}

    async def delete(self, capability: Capability, document_id: str) -> None:
        """Delete a document: it counts and trains no more."""
        with translated():
            await self.storage.documents.delete(Owner.of(capability), document_id)


def _shown(document: Document, capability: Capability, listing: Listing) -> dict[str, Any]:
    shown = answer.kept(document)
    if listing.include_annotations:
        shown["annotations"] = answer.annotations_of(document.submission, capability.fields)
    return shown
