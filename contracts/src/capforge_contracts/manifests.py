"""Manifests of every format, for those who only ask which items there are and what is labelled in them."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass

from capforge_contracts.dataset import MANIFEST_FORMAT, ManifestItem, Split, read_manifest
from capforge_contracts.manifest_line import Header, parsed_line
from capforge_contracts.submissions import DOCUMENTS_FORMAT, Submission, read_documents_manifest


@dataclass(frozen=True, slots=True)
class LabelledItem:
    """One image or document of a dataset."""

    sha256: str
    name: str
    split: Split
    labels: tuple[str, ...]
    """Of an image the class of each object, of a document the name of each field that has a value or a class."""


def manifest_format(data: bytes) -> str:
    """Return MANIFEST_FORMAT or DOCUMENTS_FORMAT; raises ValueError naming what is allowed."""
    found = parsed_line(Header, 1, io.BytesIO(data).readline().rstrip(b"\n") or b"{}").format
    if found not in (MANIFEST_FORMAT, DOCUMENTS_FORMAT):
        message = f"manifest format {found!r} is unknown; allowed: {MANIFEST_FORMAT!r}, {DOCUMENTS_FORMAT!r}"
        raise ValueError(message)
    return found


def labelled_items(data: bytes) -> Iterator[LabelledItem]:
    """Yield the items of a manifest of either format; raises ValueError naming the line."""
    if manifest_format(data) == DOCUMENTS_FORMAT:
        yield from map(_document, read_documents_manifest(data)[1])
    else:
        yield from map(_image, read_manifest(data)[1])


def _image(item: ManifestItem) -> LabelledItem:
    return LabelledItem(item.sha256, item.name, item.split, tuple(entity.class_name for entity in item.entities))


def _document(item: Submission) -> LabelledItem:
    present = tuple(label.field for label in item.labels if not label.absent)
    return LabelledItem(item.sha256, item.name, item.split, present)
