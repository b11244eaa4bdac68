"""A folder of annotated documents as a run: the manifest of a snapshot beside the readings that it names.

`documents.jsonl` is a manifest (capforge.documents/v1), `readings/<sha256>.json` are its readings: what a snapshot and
the gateway wrote as `manifests/<digest>.jsonl` and `blobs/<sha256>` of a namespace.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from capforge_contracts import layout
from capforge_contracts.dataset import Split
from capforge_contracts.files import FileObjectStore
from capforge_contracts.model import sha256_hex
from capforge_contracts.run import CapabilityType, DatasetSelection, RunDatasets
from capforge_contracts.submissions import DocumentsHeader, Submission, read_documents_manifest
from capforge_trainer.errors import BadDataError

MANIFEST = "documents.jsonl"
_READINGS = "readings"


def document_run(folder: Path, namespace: str, store: FileObjectStore) -> dict[str, Any]:
    """Put manifest and readings into the store; return what a RunSpec says about them. Raises BadDataError."""
    path = folder / MANIFEST
    data = path.read_bytes()
    header, items = _parsed(path, data)
    digest = sha256_hex(data)
    store.put(layout.manifest(namespace, digest), data)
    for item in items:
        reading = folder / _READINGS / f"{item.reading_sha256}.json"
        if not reading.is_file():
            raise BadDataError(f"{path}: the reading of {item.name} is missing; put it into {reading}")
        store.put(layout.blob(namespace, item.reading_sha256), reading.read_bytes())
    whole = DatasetSelection(name="documents", digest=digest)
    roles = {item.split for item in items}
    return {
        "capability_type": CapabilityType.FIELD_EXTRACTOR,
        "fields": header.fields,
        "datasets": RunDatasets(
            train=[whole.model_copy(update={"split": Split.TRAIN})],
            dev=[whole.model_copy(update={"split": Split.DEV})],
            test=[whole.model_copy(update={"split": Split.TEST})] if Split.TEST in roles else [],
        ),
    }


def _parsed(path: Path, data: bytes) -> tuple[DocumentsHeader, list[Submission]]:
    try:
        header, items = read_documents_manifest(data)
        return header, list(items)
    except ValueError as error:
        raise BadDataError(f"{path}: {error}") from error
