"""Twin of the gateway's Blobs; tests/integration/gateway/storage/test_blobs.py keeps it honest."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field

from capforge_gateway.documents.ports import StorageAway, UnknownDocument


@dataclass
class MemoryBlobs:
    """Bytes by namespace and digest. `away` lets every method raise StorageAway."""

    blobs: dict[tuple[str, str], bytes] = field(default_factory=dict)
    away: bool = False

    async def put(self, namespace: str, data: bytes) -> str:
        self._reach()
        sha256 = hashlib.sha256(data).hexdigest()
        self.blobs.setdefault((namespace, sha256), data)
        return sha256

    async def get(self, namespace: str, sha256: str) -> bytes:
        self._reach()
        try:
            return self.blobs[namespace, sha256]
        except KeyError as error:
            raise UnknownDocument(sha256) from error

    async def has(self, namespace: str, sha256: str) -> bool:
        self._reach()
        return (namespace, sha256) in self.blobs

    def _reach(self) -> None:
        if self.away:
            raise StorageAway("the object store does not answer")
