"""The bytes of images: fetched from the store once, checked against their digest, kept in a local folder."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from uuid import uuid4

from capforge_contracts import layout
from capforge_contracts.model import sha256_hex
from capforge_contracts.store import NotFound, ObjectStore
from capforge_trainer.data.items import Item
from capforge_trainer.errors import BadDataError

_CONNECTIONS = 8


class Blobs:
    """A tenant's blobs. Safe for many threads and for several processes on one folder."""

    def __init__(self, store: ObjectStore, namespace: str, folder: Path) -> None:
        """Keep fetched files in the folder (made if absent)."""
        self._store, self._namespace, self._folder = store, namespace, folder
        folder.mkdir(parents=True, exist_ok=True)

    def read(self, item: Item) -> bytes:
        """Return an image's bytes; raises BadDataError naming the image, StoreError."""
        path = self._folder / item.sha256
        return path.read_bytes() if path.exists() else self._fetch(item, path)

    def fetch_all(self, items: list[Item], arrived: Callable[[int], None]) -> None:
        """Fetch what is not here yet, several at a time; tells how many are done."""
        with ThreadPoolExecutor(_CONNECTIONS, thread_name_prefix="blobs") as pool:
            for count, _ in enumerate(pool.map(self._present, items), start=1):
                arrived(count)

    def _present(self, item: Item) -> None:
        path = self._folder / item.sha256
        if not path.exists():
            self._fetch(item, path)

    def _fetch(self, item: Item, path: Path) -> bytes:
        key = layout.blob(self._namespace, item.sha256)
        try:
            data = self._store.get(key)
        except NotFound as error:
            raise BadDataError(f"image {item.name}: its bytes are not in the store ({key})") from error
        if sha256_hex(data) != item.sha256:
            raise BadDataError(f"image {item.name}: the stored bytes do not have the digest {item.sha256}")
        partial = path.with_name(f".partial-{uuid4().hex}")
        partial.write_bytes(data)
        partial.replace(path)
        return data
