"""The manifests of a run, read and checked: their digest, their format, each of their lines."""

from __future__ import annotations

from collections.abc import Iterable

from capforge_contracts import layout
from capforge_contracts.model import sha256_hex
from capforge_contracts.run import DatasetSelection
from capforge_contracts.store import NotFound, ObjectStore
from capforge_contracts.submissions import DocumentsHeader, Submission, read_documents_manifest
from capforge_trainer.errors import BadDataError


def read_selection(
    store: ObjectStore, namespace: str, selection: DatasetSelection
) -> tuple[DocumentsHeader, list[Submission]]:
    """Return the fields and the selected documents of a dataset; raises BadDataError naming it, StoreError."""
    key = layout.manifest(namespace, selection.digest)
    where = f"dataset {selection.name} ({selection.digest})"
    try:
        data = store.get(key)
    except NotFound as error:
        raise BadDataError(f"{where}: there is no manifest {key}") from error
    if sha256_hex(data) != selection.digest:
        raise BadDataError(f"{where}: the manifest's bytes do not have that digest; it was changed or damaged")
    try:
        header, items = read_documents_manifest(data)
        return header, [item for item in items if selection.split in (None, item.split)]
    except ValueError as error:
        raise BadDataError(f"{where}: {error}") from error


def contents(store: ObjectStore, namespace: str, selections: Iterable[DatasetSelection]) -> set[str]:
    """Return the digests of all documents of these selections; raises BadDataError, StoreError."""
    return {item.sha256 for one in selections for item in read_selection(store, namespace, one)[1]}
