"""One document in, one answer out: keep it if asked, read it, ask the model, tell what was found."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from capforge_gateway.documents import answer
from capforge_gateway.documents.choices import Choices
from capforge_gateway.documents.extractor import Extractor
from capforge_gateway.documents.keeping import keep_file
from capforge_gateway.documents.ports import Document, KnownReading, NewDocument, Owner, ReaderAway
from capforge_gateway.documents.reading import Readers
from capforge_gateway.documents.refusals import translated
from capforge_gateway.documents.storage import Storage
from capforge_gateway.documents.upload import Upload
from capforge_gateway.errors import ApiError, bad_request, reader_away
from capforge_gateway.requests import Facts
from capforge_gateway.routing.routes import Capability, Version


@dataclass(frozen=True)
class Prediction:
    """Makes the `document` of the envelope; raises ApiError."""

    storage: Storage
    readers: Readers
    extractor: Extractor
    wake_reader: Callable[[], None]
    """Called when a document was kept that nobody has read."""

    async def of(
        self,
        capability: Capability,
        version: Version | None,
        upload: Upload,
        choices: Choices,
        facts: Facts,
        document_id: str | None = None,
    ) -> dict[str, Any]:
        """Return the document.

        A document for training is kept before the model is asked, so that nothing is lost where that fails; one that
        cannot be read at all is not kept. Who may try again names it, so that it is kept once.
        """
        with translated():
            if choices.not_now:
                return await self._kept_unread(capability, upload, facts, document_id)
            known = await self._reading(capability, upload, choices, facts, document_id)
            document = await self._keep(capability, upload, known, facts, document_id) if choices.training else None
            try:
                return await self._answer(capability, version, upload, known, document, choices, facts)
            except ApiError as error:
                if document is not None:
                    error.details["document"] = document.id  # it is kept: to be asked for, not to be sent again
                raise

    async def _kept_unread(
        self, capability: Capability, upload: Upload, facts: Facts, document_id: str | None
    ) -> dict[str, Any]:
        if upload.given is not None:
            raise bad_request("words cannot be kept unread: send them without `async`", field="words")
        document = await self._keep(capability, upload, None, facts, document_id)
        self.wake_reader()
        return answer.kept(document)

    async def _reading(
        self, capability: Capability, upload: Upload, choices: Choices, facts: Facts, document_id: str | None
    ) -> KnownReading:
        try:
            return await self.readers.of_upload(capability.namespace, upload, keep=choices.training)
        except ReaderAway as error:
            if not choices.training or upload.given is not None:
                raise
            document = await self._keep(capability, upload, None, facts, document_id)
            self.wake_reader()
            raise reader_away(
                f"the document is kept as {document.id}, but cannot be read now; it is read as soon as possible: GET it"
                " later instead of sending it again",
                document=document.id,
            ) from error

    async def _keep(
        self, capability: Capability, upload: Upload, known: KnownReading | None, facts: Facts, document_id: str | None
    ) -> Document:
        new = NewDocument(
            upload.name,
            upload.media,
            upload.sha256,
            len(upload.data),
            facts.key,
            known.sha256 if known else None,
            len(known.reading.pages) if known else None,
            document_id,
        )
        owner = Owner.of(capability)
        return await keep_file(self.storage.documents, self.storage.blobs, owner, new, upload.data)

    async def _answer(
        self,
        capability: Capability,
        version: Version | None,
        upload: Upload,
        known: KnownReading,
        document: Document | None,
        choices: Choices,
        facts: Facts,
    ) -> dict[str, Any]:
        reading = known.reading
        predictions = await self.extractor.predict(capability, version, reading, facts) if version else {}
        candidates = await self.readers.candidates(reading, capability.fields)
        found = answer.Found(
            reading, candidates, predictions, choices.with_candidates or version is None, choices.include_mvision
        )
        times = answer.Times(facts.started_at, datetime.now(UTC), facts.seconds)
        document_id = document.id if document else str(uuid4())
        return answer.predicted(document_id, upload.name, capability, version, found, times)
