"""What people say about documents: the body is held against the document's own candidates, then it is written."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import structlog

from capforge_contracts.submissions import FieldLabel
from capforge_gateway.documents import answer
from capforge_gateway.documents.ports import Document, Owner
from capforge_gateway.documents.reading import Readers
from capforge_gateway.documents.refusals import translated
from capforge_gateway.documents.storage import Storage
from capforge_gateway.predict.pixels import PixelThreads
from capforge_gateway.routing.routes import Capability
from capforge_transforms.documents import labels_of

_log = structlog.get_logger()


@dataclass(frozen=True)
class Annotating:
    """Submit, replace, withdraw; raises ApiError."""

    storage: Storage
    readers: Readers
    threads: PixelThreads

    async def submit(
        self, capability: Capability, document_id: str, body: dict[str, Any], annotator: str, *, replace: bool
    ) -> dict[str, Any]:
        """Write an annotation and return it as the wire has it."""
        owner = Owner.of(capability)
        with translated():
            document = await self.storage.documents.get(owner, document_id)
            # Said before the labels are looked at: a person must know it first.
            document.check_turn(replace=replace)
            labels = await self._labels(owner, document, capability, body)
            submission = await self.storage.documents.submit(owner, document.id, labels, annotator, replace=replace)
        _log.info(
            "annotation written",
            namespace=owner.namespace,
            capability=owner.capability,
            document=document.id,
            sequence=submission.sequence,
        )
        return answer.annotations_of(submission, capability.fields) or {}

    async def withdraw(self, capability: Capability, document_id: str, annotator: str) -> None:
        """Remove the current annotation."""
        owner = Owner.of(capability)
        with translated():
            await self.storage.documents.withdraw(owner, document_id, annotator)

    async def _labels(
        self, owner: Owner, document: Document, capability: Capability, body: dict[str, Any]
    ) -> list[FieldLabel]:
        reading = await self.readers.of_kept(owner, document)
        return await self.threads.run(labels_of, reading, capability.fields, body)
