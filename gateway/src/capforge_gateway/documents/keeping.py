"""Keeping a file: bytes first, then the row, so that a row never names bytes that were not written."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from capforge_gateway.documents.ports import Blobs, Document, Documents, NewDocument, Owner, QueueJob


async def keep_file(documents: Documents, blobs: Blobs, owner: Owner, new: NewDocument, data: bytes) -> Document:
    """Keep a file of which `new` has the digest; raises StorageAway.

    Killed between the two it leaves a blob that nothing names. A purge of the same content may have removed the bytes
    between the two: it cannot any more once the row is there, so they are looked for after that.
    """
    await blobs.put(owner.namespace, data)
    document = await documents.keep(owner, new)
    await looked_for(blobs, owner.namespace, new.sha256, data)
    return document


async def queue_file(
    documents: Documents, blobs: Blobs, owner: Owner, data: bytes, request: Mapping[str, Any]
) -> QueueJob:
    """Queue a prediction of a file, as keep_file; its digest is in the request as `sha256`. Raises StorageAway."""
    sha256 = await blobs.put(owner.namespace, data)
    job = await documents.add_job(owner, sha256, {**request, "sha256": sha256})
    await looked_for(blobs, owner.namespace, sha256, data)
    return job


async def looked_for(blobs: Blobs, namespace: str, sha256: str, data: bytes) -> None:
    """Write the bytes again where they are gone; the row that names them is there, so they stay now."""
    if not await blobs.has(namespace, sha256):
        await blobs.put(namespace, data)
