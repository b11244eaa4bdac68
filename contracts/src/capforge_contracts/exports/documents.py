"""A locked dataset of annotated documents as files: what was locked byte by byte, and a table for people. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from capforge_contracts.data_model import DataField
from capforge_contracts.exports.files import MANIFEST_NAME, FetchedFile, TextFile
from capforge_contracts.exports.naming import ending
from capforge_contracts.exports.table import table
from capforge_contracts.submissions import Submission, documents_manifest_lines

TABLE_NAME = "fields.csv"


@dataclass(frozen=True)
class LockedDocuments:
    """The content of a manifest of documents."""

    fields: tuple[DataField, ...]
    items: Callable[[], Iterable[Submission]]
    """Begins anew with each call."""


def documents_and_manifest(dataset: LockedDocuments) -> Iterator[TextFile | FetchedFile]:
    """Yield the documents, how each was read (labels point into that), and the manifest as it was locked.

    Files are called by their digest: names are often the same, and the manifest keeps its bytes, and so its digest.
    """
    last, seen = "", set[str]()
    for item in dataset.items():
        if item.sha256 != last:
            last, seen = item.sha256, set()
        for file in (
            FetchedFile(document_path(item), item.sha256),
            FetchedFile(f"readings/{item.reading_sha256}.json", item.reading_sha256),
        ):
            if file.path not in seen:
                yield file
            seen.add(file.path)
    yield TextFile(MANIFEST_NAME, documents_manifest_lines(dataset.fields, dataset.items()))


def values_table(dataset: LockedDocuments) -> Iterator[TextFile | FetchedFile]:
    """Yield one file for spreadsheets."""
    yield TextFile(TABLE_NAME, table(dataset.fields, dataset.items(), document_path))


def document_path(item: Submission) -> str:
    """Return where a document lies in the export, relative, with slashes."""
    return f"documents/{item.sha256}{ending(item.name)}"
