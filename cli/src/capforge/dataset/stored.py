"""Locked datasets in the object store of a namespace: names are looked up in the cluster."""

from __future__ import annotations

import re
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from capforge.cluster.connection import Cluster
from capforge.dataset.shelf import FileGone, Locked, Take, content_of
from capforge.errors import CliError
from capforge_contracts import layout
from capforge_contracts.store import NotFound, ObjectStore

DIGEST = re.compile(r"[0-9a-f]{64}")
_THREADS = 16
_CHUNK_BYTES = 1 << 20


@dataclass(frozen=True)
class StoredShelf:
    """Needs the namespace's credentials for the store, and the cluster where a dataset is called by its name."""

    store: ObjectStore
    namespace: str
    context: str | None

    def locked(self, which: str) -> Locked:
        """Return what a name or a digest names."""
        digest = which if DIGEST.fullmatch(which) else self._digest(which)
        try:
            data = self.store.get(layout.manifest(self.namespace, digest))
        except NotFound as error:
            hint = "Is it a dataset of this namespace? `kubectl get datasets` lists them."
            raise CliError(f"there is no manifest {digest} in namespace {self.namespace}", hint) from error
        return Locked(digest, content_of(data, digest))

    def fetch(self, locked: Locked, wanted: Sequence[str], take: Take) -> None:
        """Give the bytes of files to `take`."""
        del locked  # files of all datasets lie side by side
        with ThreadPoolExecutor(_THREADS) as pool:
            list(pool.map(lambda one: self._fetch(one, take), wanted))

    def _fetch(self, file: str, take: Take) -> None:
        try:
            with self.store.open(layout.blob(self.namespace, file)) as stream:
                take(file, iter(lambda: stream.read(_CHUNK_BYTES), b""))
        except NotFound as error:
            raise FileGone(file) from error

    def _digest(self, name: str) -> str:
        found = Cluster.connect(self.context).object("datasets", self.namespace, name)
        status = found.get("status", {})
        digest = status.get("digest")
        if digest:
            return str(digest)
        conditions: list[dict[str, str]] = status.get("conditions", [])
        ready = next((one for one in conditions if one["type"] == "Ready"), {})
        why = f"{ready.get('reason', 'Pending')}: {ready.get('message', 'not looked at yet')}"
        raise CliError(f"dataset {self.namespace}/{name} is not locked ({why})", "Only a locked dataset has a content.")
