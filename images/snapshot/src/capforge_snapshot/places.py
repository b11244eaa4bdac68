"""The keys of one snapshot, derived from its request's key, and the rule that a locked result stays."""

from __future__ import annotations

from dataclasses import dataclass

from capforge_contracts import layout
from capforge_contracts.dataset import SnapshotOutcome, SnapshotRequest, SnapshotResult
from capforge_contracts.store import AlreadyExists, NotFound, ObjectStore


@dataclass(frozen=True)
class Places:
    """Where the answers to one request go."""

    result: str
    faults: str
    progress: str
    proven: str

    @classmethod
    def of(cls, request: SnapshotRequest) -> Places:
        """Return the keys for a request."""
        key = (request.namespace, request.dataset, request.spec_hash)
        return cls(
            layout.snapshot_result(*key),
            layout.snapshot_faults(*key),
            layout.snapshot_progress(*key),
            layout.snapshot_proven(*key),
        )


def locked_result(store: ObjectStore, key: str) -> SnapshotResult | None:
    """Return the result that is there if it is Locked."""
    try:
        result = SnapshotResult.from_json(store.get(key))
    except NotFound:
        return None
    return result if result.outcome is SnapshotOutcome.LOCKED else None


def publish(store: ObjectStore, key: str, result: SnapshotResult) -> SnapshotResult:
    """Write the result unless a locked one is there; return the one that counts."""
    try:
        store.put_new(key, result.to_json())
    except AlreadyExists:
        standing = locked_result(store, key)
        if standing is not None:
            return standing
        store.put(key, result.to_json())
    return result
