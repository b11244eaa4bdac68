"""The object store in memory: the twin that tests of pure logic use."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from threading import Lock
from typing import IO

from capforge_contracts.model import sha256_hex
from capforge_contracts.store import AlreadyExists, NotFound, ObjectInfo


class MemoryObjectStore:
    """A dictionary that behaves like a bucket (kept honest by tests/integration/contracts)."""

    def __init__(self, bucket: str = "memory") -> None:
        """Start empty."""
        self._bucket = bucket
        self._objects: dict[str, bytes] = {}
        self._lock = Lock()

    @property
    def uri(self) -> str:
        """`s3://<bucket>`, so that what is built from it looks like the real thing."""
        return f"s3://{self._bucket}"

    def get(self, key: str) -> bytes:
        """Return the object's bytes; raises NotFound."""
        try:
            return self._objects[key]
        except KeyError as error:
            raise NotFound(key) from error

    def open(self, key: str) -> IO[bytes]:
        """Return a stream of the object; raises NotFound."""
        return io.BytesIO(self.get(key))

    def put(self, key: str, data: bytes) -> None:
        """Write or replace the object."""
        self._objects[key] = data

    def put_file(self, key: str, path: Path) -> None:
        """Write or replace the object with a file's contents."""
        self._objects[key] = path.read_bytes()

    def put_new(self, key: str, data: bytes) -> None:
        """Write the object only if there is none; raises AlreadyExists."""
        with self._lock:
            if key in self._objects:
                raise AlreadyExists(key)
            self._objects[key] = data

    def exists(self, key: str) -> bool:
        """Tell whether there is an object under this key."""
        return key in self._objects

    def list(self, prefix: str) -> Iterator[ObjectInfo]:
        """Yield the objects whose key starts with the prefix, in key order."""
        for key in sorted(self._objects):
            if key.startswith(prefix):
                data = self._objects[key]
                yield ObjectInfo(key, len(data), sha256_hex(data))

    def delete(self, key: str) -> None:
        """Delete the object; no error if there is none."""
        self._objects.pop(key, None)
