"""The reading of a document: known already, or made by the candidates service now."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Mapping, Sequence

from capforge_contracts.data_model import DataField
from capforge_contracts.reading import Reading
from capforge_gateway.documents.ports import Document, KnownReading, Owner, Reader, Readings, UnknownDocument
from capforge_gateway.documents.storage import Storage
from capforge_gateway.documents.upload import Upload
from capforge_gateway.predict.pixels import PixelThreads
from capforge_transforms.documents import Candidate, candidates_of

_DIGEST_CHARS = 16


class Readers:
    """Asks for readings; raises ReaderAway, UnreadableDocument, StorageAway."""

    def __init__(self, reader: Reader, storage: Storage, threads: PixelThreads) -> None:
        self._reader = reader
        self._storage = storage
        self._threads = threads

    async def of_upload(self, namespace: str, upload: Upload, *, keep: bool) -> KnownReading:
        """Return the reading of what was sent; with `keep` it is in the storage afterwards."""
        version = await self._reader.engine_version()
        if upload.given is not None:
            version = f"{version}+given-{_digest(upload)}"
        return await self._readings.of(
            namespace,
            upload.sha256,
            version,
            lambda: self._reader.read(upload.data, upload.media, upload.given),
            keep=keep,
        )

    async def of_kept(self, owner: Owner, document: Document) -> Reading:
        """Return the reading of a kept document, and read it now where nobody has yet."""
        if document.reading_sha256 is not None:
            with contextlib.suppress(UnknownDocument):  # purged while this document was being kept: read it again
                return await self._readings.named(owner.namespace, document.reading_sha256)
        data = await self._storage.blobs.get(owner.namespace, document.sha256)
        known = await self.of_upload(owner.namespace, Upload(data, document.name), keep=True)
        await self._storage.documents.read(owner, document.id, known.sha256, len(known.reading.pages))
        return known.reading

    async def candidates(self, reading: Reading, fields: Sequence[DataField]) -> Mapping[str, Sequence[Candidate]]:
        """Return what can fill each field."""
        return await self._threads.run(candidates_of, reading, fields)

    @property
    def _readings(self) -> Readings:
        return self._storage.readings


def _digest(upload: Upload) -> str:
    digest = hashlib.sha256()
    for page in upload.given or ():
        digest.update(page.to_json() + b"\n")
    return digest.hexdigest()[:_DIGEST_CHARS]
