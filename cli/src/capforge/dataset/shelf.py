"""Where locked datasets are read from: the object store of a namespace, or the gateway."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from capforge.errors import CliError, Exit
from capforge_contracts.dataset import read_manifest
from capforge_contracts.exports import Content, LockedDataset
from capforge_contracts.exports.documents import LockedDocuments
from capforge_contracts.manifests import manifest_format
from capforge_contracts.model import sha256_hex
from capforge_contracts.submissions import DOCUMENTS_FORMAT, read_documents_manifest

Take = Callable[[str, Iterable[bytes]], None]
"""Takes the sha256 of a file (an image, a document, how one was read) and its bytes."""


@dataclass(frozen=True)
class Locked:
    """A dataset and what is in it."""

    digest: str
    content: Content


class FileGone(Exception):  # noqa: N818 - reads as the fact it states
    """The bytes of a file, named by its sha256, are not there any more."""


class Shelf(Protocol):
    """Everything raises CliError where it cannot be read."""

    def locked(self, which: str) -> Locked:
        """Return what a name or a digest names."""
        ...

    def fetch(self, locked: Locked, wanted: Sequence[str], take: Take) -> None:
        """Give the bytes of files to `take`, in any order and from several threads; raises FileGone."""
        ...


def content_of(data: bytes, digest: str) -> Content:
    """Return the content that a manifest's bytes are; raises CliError for others."""
    if sha256_hex(data) != digest:
        raise CliError(f"the manifest {digest} is damaged: its bytes have another digest", "Restore it from a backup.")
    try:
        if manifest_format(data) == DOCUMENTS_FORMAT:
            documents, _ = read_documents_manifest(data)
            return LockedDocuments(tuple(documents.fields), lambda: read_documents_manifest(data)[1])
        images, _ = read_manifest(data)
        return LockedDataset(tuple(images.classes), lambda: read_manifest(data)[1])
    except ValueError as error:
        raise CliError(f"manifest {digest[:12]}: {error}", code=Exit.FAULTY_DATA) from error
