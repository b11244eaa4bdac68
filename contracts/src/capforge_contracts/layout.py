"""Where everything lies in the object store: the only module that spells keys.

Every key starts with the tenant's namespace, so that a bucket policy can fence a tenant in.
"""

from __future__ import annotations

_MOST_DOCUMENT_BYTES = 8 * 1024 * 1024
"""Of a JSON document; read, one may take ten times that."""
_MOST_LIST_BYTES = 128 * 1024 * 1024
"""Of everything else: manifests have a line for each image."""


def snapshot_request(namespace: str, dataset: str, spec_hash: str) -> str:
    """Written once by the operator: what the snapshot Job must do (SnapshotRequest)."""
    return f"{_snapshot(namespace, dataset, spec_hash)}/request.json"


def snapshot_result(namespace: str, dataset: str, spec_hash: str) -> str:
    """Written last by the snapshot Job (SnapshotResult): replaced by the next attempt unless it is Locked."""
    return f"{_snapshot(namespace, dataset, spec_hash)}/result.json"


def snapshot_faults(namespace: str, dataset: str, spec_hash: str) -> str:
    """The complete list of faults, one JSON object (Fault) per line."""
    return f"{_snapshot(namespace, dataset, spec_hash)}/faults.jsonl"


def snapshot_progress(namespace: str, dataset: str, spec_hash: str) -> str:
    """Overwritten while the snapshot Job runs (SnapshotProgress)."""
    return f"{_snapshot(namespace, dataset, spec_hash)}/progress.json"


def snapshot_proven(namespace: str, dataset: str, spec_hash: str) -> str:
    """What unfinished attempts at a snapshot have proven of its pictures, deleted with the result; ends in a slash."""
    return f"{_snapshot(namespace, dataset, spec_hash)}/proven/"


def _snapshot(namespace: str, dataset: str, spec_hash: str) -> str:
    return f"{snapshots_prefix(namespace)}{dataset}-{spec_hash[:12]}"


def snapshots_prefix(namespace: str) -> str:
    """All snapshots of a tenant: a folder `<dataset>-<first 12 of the spec hash>` for each; ends in a slash."""
    return f"{namespace}/snapshots/"


def blob(namespace: str, sha256: str) -> str:
    """The bytes of one file under their own digest."""
    return f"{namespace}/blobs/{sha256}"


def manifest(namespace: str, digest: str) -> str:
    """The canonical JSONL manifest of a dataset under its digest."""
    return f"{namespace}/manifests/{digest}.jsonl"


def manifests_prefix(namespace: str) -> str:
    """All manifests of a tenant and what is noted about them; ends in a slash."""
    return f"{namespace}/manifests/"


def purged_item(namespace: str, digest: str, sha256: str) -> str:
    """Written by a purge before it removes the bytes of a content that the manifest `digest` names (PurgedItem)."""
    return f"{purged_prefix(namespace, digest)}{sha256}.json"


def purged_prefix(namespace: str, digest: str) -> str:
    """The marks of one manifest, PurgedItem; ends in a slash."""
    return f"{manifests_prefix(namespace)}{digest}.purged/"


def run_prefix(namespace: str, run_digest: str) -> str:
    """Everything of one run, ends in a slash."""
    return f"{namespace}/runs/{run_digest}/"


def run_spec(namespace: str, run_digest: str) -> str:
    """Written once by the operator: what the trainer must do (RunSpec)."""
    return f"{run_prefix(namespace, run_digest)}run.json"


def run_result(namespace: str, run_digest: str) -> str:
    """Written once by the operator alone: which attempt counts (RunResult)."""
    return f"{run_prefix(namespace, run_digest)}result.json"


def attempts_prefix(namespace: str, run_digest: str) -> str:
    """All attempts of a run, ends in a slash."""
    return f"{run_prefix(namespace, run_digest)}attempts/"


def attempt_file(namespace: str, run_digest: str, attempt: int, name: str) -> str:
    """One file of one attempt; `name` is one of the constants below or lies under CHECKPOINTS / EVENTS."""
    return f"{attempts_prefix(namespace, run_digest)}{attempt}/{name}"


ATTEMPT = "attempt.json"
"""Claims the attempt's number (put_new); holds when and on what it started (AttemptClaim)."""
PROGRESS = "progress.json"
METRICS = "metrics.jsonl"
MODEL = "model.onnx"
GOLDEN = "golden.npz"
CARD = "model-card.json"
"""Written last: an attempt with a card has succeeded."""
WEIGHTS = "weights.safetensors"
"""The trained weights before export: what a later run may start from."""
REPORT = "report.html"
"""Everything to look at, in one file without outside references."""
CHECKPOINTS = "checkpoints/"
EVENTS = "events/"


def ledger_prefix(namespace: str, capability: str) -> str:
    """All ledger entries of a capability, ends in a slash."""
    return f"{namespace}/capabilities/{capability}/ledger/"


def ledgers_prefix(namespace: str) -> str:
    """What capabilities keep, above all their ledgers; ends in a slash."""
    return f"{namespace}/capabilities/"


def ledger_entry(namespace: str, capability: str, sequence: int) -> str:
    """One decision; sequence counts from 1 and is written with put_new, so each number exists once."""
    return f"{ledger_prefix(namespace, capability)}{sequence:08d}.json"


def most_bytes(key: str) -> int:
    """Return how much of an object a process takes into memory that serves several namespaces.

    A tenant's own program may have written it: what is larger would end that process for everybody.
    """
    return _MOST_DOCUMENT_BYTES if key.endswith(".json") else _MOST_LIST_BYTES
