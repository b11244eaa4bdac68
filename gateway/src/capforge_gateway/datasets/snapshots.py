"""Which datasets a namespace has, and what they are: from what snapshots left in the object store.

The operator and its resources are not asked: names and digests are where the operator itself remembers them. A Dataset
that was deleted is still told of here, as its content is still there (ADR 0168).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import TypeVar

from pydantic import ValidationError

from capforge_contracts import layout
from capforge_contracts.dataset import SnapshotOutcome, SnapshotRequest, SnapshotResult
from capforge_contracts.model import Stored
from capforge_contracts.store import NotFound, ObjectStore, TooLarge, read_at_most
from capforge_gateway.datasets.faults import AmbiguousName, NotLocked, UnknownDataset

SNAPSHOTTING = "Snapshotting"
_FOLDER = re.compile(r"(?P<name>[a-z0-9]([-a-z0-9]*[a-z0-9])?)-(?P<spec>[0-9a-f]{12})")
_MOST_BYTES = 1024 * 1024
"""Of what a snapshot says: tenants' programs write it, and a page has many."""
_TELLING = frozenset({"request.json", "result.json"})
_Document = TypeVar("_Document", bound=Stored)


@dataclass(frozen=True)
class Snapshot:
    """What is known about one dataset; a name may have several, one for each spec that it ever had."""

    name: str
    spec_hash: str
    """Its first 12 digits."""
    request: SnapshotRequest | None = None
    result: SnapshotResult | None = None

    @property
    def state(self) -> str:
        """Locked, another SnapshotOutcome, or Snapshotting."""
        return self.result.outcome.value if self.result else SNAPSHOTTING

    @property
    def digest(self) -> str | None:
        """Of the content; None: it is not locked."""
        locked = self.result is not None and self.result.outcome is SnapshotOutcome.LOCKED
        return self.result.digest if self.result and locked else None


@dataclass(frozen=True)
class Snapshots:
    """Snapshots of all namespaces. Every method blocks; raises StoreError."""

    store: ObjectStore
    threads: Executor

    def page(self, namespace: str, behind: str, limit: int) -> list[Snapshot]:
        """Return the next ones behind a folder, by name."""
        names: list[str] = []
        for name in _folders(self.store, layout.snapshots_prefix(namespace)):
            if f"{name}/" > f"{behind}/":  # as the store orders them
                names.append(name)
            if len(names) == limit:
                break
        return list(self.threads.map(lambda name: self._read(namespace, name), names))

    def named(self, namespace: str, name: str) -> list[Snapshot]:
        """Return all of a name, the newest first; raises UnknownDataset."""
        prefix = layout.snapshots_prefix(namespace)
        folders = [one for one in _folders(self.store, f"{prefix}{name}-", prefix) if _parts(one)[0] == name]
        if not folders:
            raise UnknownDataset(name)
        found = [self._read(namespace, one) for one in folders]
        return sorted(found, key=lambda one: (one.request.as_of if one.request else "", one.spec_hash), reverse=True)

    def _read(self, namespace: str, folder: str) -> Snapshot:
        name, spec = _parts(folder)
        request = _document(self.store, layout.snapshot_request(namespace, name, spec), SnapshotRequest)
        result = _document(self.store, layout.snapshot_result(namespace, name, spec), SnapshotResult)
        return Snapshot(name, spec, request, result)


def locked_digest(snapshots: Iterable[Snapshot]) -> str:
    """Return the one content of a name; raises NotLocked, AmbiguousName."""
    every = list(snapshots)
    digests = list(dict.fromkeys(one.digest for one in every if one.digest))
    if not digests:
        newest = every[0]
        raise NotLocked(newest.state, newest.result.message if newest.result else "its records are being checked")
    if len(digests) > 1:
        raise AmbiguousName(digests)
    return digests[0]


def folder_of(snapshot: Snapshot) -> str:
    """Return what a page ends with; the next one begins behind it."""
    return f"{snapshot.name}-{snapshot.spec_hash}"


def _folders(store: ObjectStore, prefix: str, below: str | None = None) -> Iterator[str]:
    """Yield the folders of snapshots whose keys have a prefix, each once, in order."""
    last = ""
    for info in store.list(prefix):
        folder, _, file = info.key.removeprefix(below or prefix).partition("/")
        if folder != last and file in _TELLING and _FOLDER.fullmatch(folder):
            last = folder
            yield folder


def _parts(folder: str) -> tuple[str, str]:
    found = _FOLDER.fullmatch(folder)
    return (found["name"], found["spec"]) if found else (folder, "")


def _document(store: ObjectStore, key: str, kind: type[_Document]) -> _Document | None:
    """Return a small file; None where it is not there, or is none of ours (tenants write there)."""
    try:
        return kind.from_json(read_at_most(store, key, _MOST_BYTES))
    except (NotFound, TooLarge, ValidationError):
        return None
