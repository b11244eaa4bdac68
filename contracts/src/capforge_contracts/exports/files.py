"""The files of an export: some are made, some are fetched."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

MANIFEST_NAME = "manifest.jsonl"


@dataclass(frozen=True)
class TextFile:
    """A file that is made."""

    path: str
    chunks: Iterable[bytes]


@dataclass(frozen=True)
class FetchedFile:
    """A file that is fetched, the blob of this digest: an image, a document, how a document was read."""

    path: str
    sha256: str
