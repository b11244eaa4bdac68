"""A locked dataset as files that other tools read. Pure: what the files are called and what stands in them.

Whoever writes them brings the bytes of pictures and documents. Boxes in pictures are in pixels of the upright picture,
as in the manifest; the sizes that are written with them say so to every reader.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from enum import StrEnum

from capforge_contracts.dataset import ManifestItem, Split, manifest_lines
from capforge_contracts.exports.coco import coco_document
from capforge_contracts.exports.documents import LockedDocuments, documents_and_manifest, values_table
from capforge_contracts.exports.files import MANIFEST_NAME, FetchedFile, TextFile
from capforge_contracts.exports.naming import PictureNames
from capforge_contracts.exports.yolo import data_yaml, label_lines


class ExportFormat(StrEnum):
    """The formats that a dataset can be written in."""

    COCO = "coco"
    """train.json, dev.json, test.json and images/: boxes, polygons, attributes."""
    YOLO = "yolo"
    """data.yaml, images/ and labels/ by split: a polygon where there is one, else a box; no ids, no attributes."""
    MANIFEST = "manifest"
    """manifest.jsonl and the pictures by their names, or the documents and their readings: nothing is lost."""
    CSV = "csv"
    """Of documents: fields.csv, a row for each value that people picked."""


IMAGE_FORMATS = (ExportFormat.COCO, ExportFormat.YOLO, ExportFormat.MANIFEST)
DOCUMENT_FORMATS = (ExportFormat.MANIFEST, ExportFormat.CSV)
"""The first ones are taken where nobody says which."""


@dataclass(frozen=True)
class LockedDataset:
    """The content of a manifest."""

    classes: tuple[str, ...]
    items: Callable[[], Iterable[ManifestItem]]
    """Begins anew with each call: datasets may be larger than memory."""


Content = LockedDataset | LockedDocuments


class WrongFormat(Exception):  # noqa: N818 - reads as the fact it states
    """A dataset of this kind cannot be written in the format; the message says in which it can."""


def export(content: Content, form: ExportFormat | None = None) -> Iterator[TextFile | FetchedFile]:
    """Yield every file, those that are fetched first: whoever finds the others has all of it.

    Paths are relative, with slashes. Raises WrongFormat at once.
    """
    chosen = format_of(content, form)
    if isinstance(content, LockedDocuments):
        return values_table(content) if chosen is ExportFormat.CSV else documents_and_manifest(content)
    names = PictureNames.of(content.items())
    makers = {ExportFormat.COCO: _coco, ExportFormat.YOLO: _yolo, ExportFormat.MANIFEST: _manifest}
    return makers[chosen](content, names)


def format_of(content: Content, form: ExportFormat | None) -> ExportFormat:
    """Return the format that a content is written in; raises WrongFormat."""
    documents = isinstance(content, LockedDocuments)
    allowed = DOCUMENT_FORMATS if documents else IMAGE_FORMATS
    if form in (None, *allowed):
        return form or allowed[0]
    kind = "annotated documents" if documents else "images"
    raise WrongFormat(f"a dataset of {kind} is not written as {form}; allowed: {', '.join(allowed)}")


def of_split(content: Content, split: Split | None) -> Content:
    """Return the part of a content that is of one split; None: all of it."""
    if split is None:
        return content
    if isinstance(content, LockedDocuments):
        return replace(content, items=lambda: (one for one in content.items() if one.split is split))
    return LockedDataset(content.classes, _only(content, split))


def splits_of(dataset: LockedDataset) -> list[Split]:
    """Return the splits that have items, in the order Train, Dev, Test."""
    found = {item.split for item in dataset.items()}
    return [split for split in Split if split in found]


def _coco(dataset: LockedDataset, names: PictureNames) -> Iterator[TextFile | FetchedFile]:
    yield from _pictures(dataset, lambda item: f"images/{names.of_item(item)}")
    for split in splits_of(dataset):
        items = _only(dataset, split)
        yield TextFile(
            f"{split.lower()}.json", coco_document(dataset.classes, items, lambda i: f"images/{names.of_item(i)}")
        )


def _yolo(dataset: LockedDataset, names: PictureNames) -> Iterator[TextFile | FetchedFile]:
    positions = {name: position for position, name in enumerate(dataset.classes)}
    for item, number in _numbered(dataset):
        folder, name = item.split.lower(), names.of_item(item, number)
        yield FetchedFile(f"images/{folder}/{name}", item.sha256)
        yield TextFile(f"labels/{folder}/{names.stem(item, number)}.txt", label_lines(item, positions))
    yield TextFile("data.yaml", [data_yaml(dataset.classes, splits_of(dataset))])


def _manifest(dataset: LockedDataset, names: PictureNames) -> Iterator[TextFile | FetchedFile]:
    yield from _pictures(dataset, names.of_item)
    renamed = (item.model_copy(update={"name": names.of_item(item)}) for item in dataset.items())
    yield TextFile(MANIFEST_NAME, manifest_lines(dataset.classes, renamed))


def _pictures(dataset: LockedDataset, path_of: Callable[[ManifestItem], str]) -> Iterator[FetchedFile]:
    """Yield each picture once: a content with several annotations (Selection.ALL) is one picture, if of one name."""
    paths: set[str] = set()
    for item, number in _numbered(dataset):
        path = path_of(item)
        if number == 1:
            paths.clear()
        if path not in paths:
            yield FetchedFile(path, item.sha256)
        paths.add(path)


def _numbered(dataset: LockedDataset) -> Iterator[tuple[ManifestItem, int]]:
    """Yield each item and which annotation of its content it is, from 1; equal contents follow one another."""
    last, number = "", 0
    for item in dataset.items():
        number = number + 1 if item.sha256 == last else 1
        last = item.sha256
        yield item, number


def _only(dataset: LockedDataset, split: Split) -> Callable[[], Iterator[ManifestItem]]:
    return lambda: (item for item in dataset.items() if item.split is split)
