"""What a dataset's status shows besides its conditions."""

from __future__ import annotations

from typing import Any

from capforge_contracts import layout
from capforge_contracts.dataset import SnapshotProgress, SnapshotResult
from capforge_operator.api.dataset import MAX_CLASSES, MAX_FAULTS, ClassCount, DatasetStatus, Fault
from capforge_operator.domain.dataset_view import DatasetView, spec_hash

_SHORT_DIGEST_CHARS = 12
_RECORD_CHARS = 512
_CLASS_NAME_CHARS = 128
_URI_CHARS = 2048
_REASON_CHARS = 64
_MESSAGE_CHARS = 1024


def facts(view: DatasetView, *, locked: bool, ongoing: bool) -> DatasetStatus:
    """Return the status without conditions; a locked dataset whose result is gone keeps what it showed."""
    before, result = view.dataset.status, view.result
    if before.digest and result is None:
        return before.model_copy(update={"purged_items": view.purged})
    if result is None or ongoing:
        percent = _percent(view.progress) if ongoing else None
        return DatasetStatus.model_validate({**_as_of(view), "progress_percent": percent})
    return DatasetStatus.model_validate(
        {**_as_of(view), **_faults(view, result), **(_content(view, result) if locked else {})}
    )


def _as_of(view: DatasetView) -> dict[str, Any]:
    request = view.request
    if request is None:
        return {}
    annotated = request.submissions or request.vision
    sequence = annotated.as_of_sequence if annotated else None
    return {"as_of_time": request.as_of, "as_of_sequence": sequence}


def _content(view: DatasetView, result: SnapshotResult) -> dict[str, Any]:
    namespace, digest = view.dataset.metadata.namespace, result.digest or ""
    frequent = sorted(result.classes, key=lambda one: (-one.count, one.name))
    shortened = {one.name[:_CLASS_NAME_CHARS]: one.count for one in reversed(frequent)}  # names are the list's keys
    classes = [ClassCount(name=name, count=count) for name, count in reversed(shortened.items())]
    return {
        "digest": digest,
        "short_digest": digest[:_SHORT_DIGEST_CHARS],
        "items": result.items,
        "entities": result.entities,
        "class_count": len(result.classes),
        "classes": classes[:MAX_CLASSES],
        "train_items": result.train_items,
        "dev_items": result.dev_items,
        "test_items": result.test_items,
        "purged_items": view.purged,
        "manifest_uri": f"{view.store_uri}/{layout.manifest(namespace, digest)}",
    }


def _faults(view: DatasetView, result: SnapshotResult) -> dict[str, Any]:
    if not result.fault_count:
        return {}
    metadata = view.dataset.metadata
    key = layout.snapshot_faults(metadata.namespace, metadata.name, spec_hash(view.dataset))
    first = [
        Fault(
            code=one.code[:_REASON_CHARS],
            file=one.file[:_URI_CHARS],
            record=one.record[:_RECORD_CHARS],
            message=one.message[:_MESSAGE_CHARS],
        )
        for one in result.faults[:MAX_FAULTS]
    ]
    return {"fault_count": result.fault_count, "faults": first, "faults_uri": f"{view.store_uri}/{key}"}


def _percent(progress: SnapshotProgress | None) -> int | None:
    return min(100, 100 * progress.done // progress.total) if progress and progress.total else None
