"""The datasets of all namespaces as they lie in the object store: by name or digest, their lines, their files.

- Manifests are immutable: one that was taken is kept on the disk as long as there is room for it.
- Files are given only to who names a dataset that has them, and only with the bytes that were locked.
- Every method blocks; raises StoreError.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from functools import cached_property
from threading import Lock
from typing import IO

from capforge_contracts import layout
from capforge_contracts.store import NotFound, ObjectStore, Refused
from capforge_gateway.datasets.archive import Member
from capforge_gateway.datasets.faults import PurgedFiles, UnknownDataset
from capforge_gateway.datasets.manifest_file import MAX_BYTES, MAX_ITEMS, ManifestFile, kept
from capforge_gateway.datasets.packing import member_of
from capforge_gateway.datasets.snapshots import Snapshot, Snapshots, folder_of, locked_digest

DIGEST = re.compile(r"[0-9a-f]{64}")
NAME = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
_KEPT_BYTES = 2 * MAX_BYTES
"""Of manifests on the disk."""
_KEPT_ITEMS = 2 * MAX_ITEMS
"""Of which the digests are in memory: 80 MB at most, of documents 144 MB."""
_PIECE_BYTES = 256 * 1024
_AT_ONCE = 100


class Shelf:
    """Thread-safe."""

    def __init__(self, opened: Callable[[], ObjectStore], threads: Executor) -> None:
        """`opened` makes the client of the store; it may take a second, and a gateway that nobody asks pays nothing."""
        self._opened = opened
        self._threads = threads
        self._lock = Lock()
        self._kept: OrderedDict[tuple[str, str], ManifestFile] = OrderedDict()

    @cached_property
    def store(self) -> ObjectStore:
        """The object store."""
        return self._opened()

    @cached_property
    def snapshots(self) -> Snapshots:
        """What datasets there are."""
        return Snapshots(self.store, self._threads)

    def page(self, namespace: str, behind: str, limit: int) -> list[Snapshot]:
        """Return the next datasets behind a folder, by name."""
        return self.snapshots.page(namespace, behind, limit)

    def described(self, namespace: str, dataset: str) -> list[Snapshot]:
        """Return what is known of a name, or of all names that have a digest; raises UnknownDataset."""
        if not DIGEST.fullmatch(dataset):
            return self._named(namespace, dataset)
        found = [one for one in self._every(namespace) if one.digest == dataset]
        if not found:
            raise UnknownDataset(dataset)
        return found

    def digest(self, namespace: str, dataset: str) -> str:
        """Return the digest that a name or a digest names; raises UnknownDataset, NotLocked, AmbiguousName."""
        return dataset if DIGEST.fullmatch(dataset) else locked_digest(self._named(namespace, dataset))

    def manifest(self, namespace: str, digest: str) -> ManifestFile:
        """Return the content; raises UnknownDataset, DamagedDataset, TooLargeDataset."""
        with self._lock:
            found = self._kept.get((namespace, digest))
            if found is not None:
                self._kept.move_to_end((namespace, digest))
                return found
        try:
            with self._stream(layout.manifest(namespace, digest)) as stream:
                found = kept(stream, digest)
        except NotFound as error:
            raise UnknownDataset(digest) from error
        with self._lock:
            self._kept[namespace, digest] = found
            self._make_room()
        return found

    def purged(self, namespace: str, digest: str) -> frozenset[str]:
        """Return the contents of a dataset whose bytes are gone, because a person deleted them."""
        prefix = layout.purged_prefix(namespace, digest)
        return frozenset(info.key.removeprefix(prefix).removesuffix(".json") for info in self.store.list(prefix))

    def bytes_of(self, namespace: str, content: str) -> Member:
        """Return the bytes of an image, document or reading; raises PurgedFiles (there are none), DamagedDataset."""
        try:
            with self._stream(layout.blob(namespace, content)) as stream:
                return member_of(iter(lambda: stream.read(_PIECE_BYTES), b""), content)
        except NotFound as error:
            raise PurgedFiles([content]) from error

    def _every(self, namespace: str) -> Iterator[Snapshot]:
        """Yield all snapshots, a page of them in memory at a time."""
        behind: str | None = ""
        while behind is not None:
            page = self.page(namespace, behind, _AT_ONCE)
            yield from page
            behind = folder_of(page[-1]) if len(page) == _AT_ONCE else None

    def _named(self, namespace: str, name: str) -> list[Snapshot]:
        if not NAME.fullmatch(name):
            raise UnknownDataset(name)
        return self.snapshots.named(namespace, name)

    def _stream(self, key: str) -> IO[bytes]:
        """Open an object; raises NotFound also where S3 says "denied", as it does to who may not list the bucket."""
        try:
            return self.store.open(key)
        except Refused as error:
            if next(iter(self.store.list(key)), None) is None:
                raise NotFound(key) from error
            raise

    def _make_room(self) -> None:
        while len(self._kept) > 1 and (
            sum(one.size_bytes for one in self._kept.values()) > _KEPT_BYTES
            or sum(one.items_count for one in self._kept.values()) > _KEPT_ITEMS
        ):
            self._kept.popitem(last=False)
