"""Everything of the storage that the document loop uses, as one thing to hand around."""

from __future__ import annotations

from typing import Protocol

from capforge_gateway.documents.ports import Blobs, Documents, Readings


class Storage(Protocol):
    """Tables, files and readings; where storage is off, documents and blobs raise StorageAway and say why."""

    @property
    def documents(self) -> Documents: ...

    @property
    def blobs(self) -> Blobs: ...

    @property
    def readings(self) -> Readings: ...
