"""YOLO data sets (detect and segment): a data.yaml, images, and a label file for each image that shows something.

The label file of images/train/a.jpg is labels/train/a.txt: the last folder named images becomes labels; without such a
folder it lies beside the image. An image without a label file shows nothing; a label file without an image is a fault.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from capforge_contracts.coco.faults import FaultCode, RecordFault
from capforge_contracts.coco.records import Category
from capforge_contracts.dataset import Split
from capforge_contracts.store import NotFound
from capforge_snapshot.importers.files import TooLargeFile, is_picture, name_fault, names_below, read_file
from capforge_snapshot.importers.yolo_config import YoloConfig, clean, read_config
from capforge_snapshot.importers.yolo_labels import MAX_LABEL_BYTES, YoloFault, YoloObject, read_labels
from capforge_snapshot.in_order import in_order
from capforge_snapshot.index import Index
from capforge_snapshot.records import EntityRecord, ImageRecord
from capforge_snapshot.source import Source

_MAX_CONFIG_BYTES = 512 * 1024
_MAX_LIST_BYTES = 64 * 1024 * 1024
_LIST = ".txt"
_NO_LABELS = frozenset({"classes.txt", "notes.txt"})
"""What labelling programs put beside labels."""


def read_yolo(source: Source, index: Index) -> bool:
    """Index every image and object; False where data.yaml is wrong. Raises StoreError."""
    try:
        config = read_config(read_file(source.annotations_store, source.annotations_key, _MAX_CONFIG_BYTES))
    except TooLargeFile as error:
        index.fault(RecordFault(FaultCode.TOO_LARGE, "the file", str(error)))
        return False
    for number, name in config.names.items():
        index.add(Category(str(number), name))
    for fault in config.faults:
        index.fault(fault)
    return not config.faults and _Yolo(source, index, config).read()


@dataclass
class _Yolo:
    source: Source
    index: Index
    config: YoloConfig
    expected: set[str] = field(default_factory=set)
    """The label files of all images; of 100,000 images some MiB."""
    folders: set[str] = field(default_factory=set)
    """Folders of labels whose images are all read: a list of images may leave some out."""
    labelled: int = 0
    complete: bool = True

    def read(self) -> bool:
        for image, labels in in_order(self._labels(), self._images()):
            if isinstance(labels, RecordFault):
                self.index.fault(labels, label_name(image.name))
            elif labels is not None:
                self._keep(image, labels)
        for name in self._orphans():
            message = f"it has no image; allowed: one such as {label_name(name, 'labels', 'images', '.jpg')}"
            self.index.fault(RecordFault(FaultCode.UNKNOWN_IMAGE, "the file", message), name)
        if self.expected and not self.labelled and self.complete:
            example = f"{label_name('images/train/a.jpg')} for images/train/a.jpg"
            message = f"none of {len(self.expected)} images has a label file; allowed: {example}"
            self.index.fault(RecordFault(FaultCode.NOT_YOLO, "labels", message))
            return False
        return self.complete

    def _images(self) -> Iterator[ImageRecord]:
        for part, entries in self.config.parts.items():
            for entry in entries:
                for name in self._names(part, entry):
                    image = ImageRecord(f"{part} {name}", name, f"image {name} ({part})", split=part)
                    fault = name_fault(image)
                    if fault is not None:
                        self.index.fault(fault)
                        continue
                    self.index.add(image)
                    self.expected.add(label_name(name))
                    yield image

    def _names(self, part: Split, entry: str) -> Iterator[str]:
        """Yield the pictures that an entry of data.yaml names."""
        roots = dict.fromkeys((f"{clean(self.config.root) or ''}/{entry}".strip("/"), entry.strip("/")))
        for path in roots:
            names = self._listed(path) if path.endswith(_LIST) else self._below(path)
            first = next(names, None)
            if first is not None:
                yield first
                yield from names
                return
        message = f"{entry or '.'}: there is no picture; allowed: a folder of pictures below the folder of data.yaml"
        self.index.fault(RecordFault(FaultCode.NOT_YOLO, part.lower(), message))
        self.complete = False

    def _below(self, folder: str) -> Iterator[str]:
        prefix = f"{folder}/" if folder else ""
        names = names_below(self.source.images_store, self.source.image_key(prefix))
        for name in names:
            if is_picture(name):
                path = f"{prefix}{name}"
                self.folders.add(label_name(path).rpartition("/")[0])
                yield path

    def _listed(self, path: str) -> Iterator[str]:
        try:
            data = read_file(self.source.images_store, self.source.image_key(path), _MAX_LIST_BYTES)
        except NotFound:
            return
        except TooLargeFile as error:
            self.index.fault(RecordFault(FaultCode.TOO_LARGE, "the file", str(error)), path)
            self.complete = False
            return
        for number, line in enumerate(data.decode("utf-8-sig", errors="replace").splitlines(), start=1):
            name = clean(line)
            if name:
                yield name
            elif line.strip():
                message = f"{ascii(line)[:80]} leads elsewhere; allowed: paths below the folder of data.yaml"
                self.index.fault(RecordFault(FaultCode.BAD_FILE_NAME, f"line {number}", message), path)

    def _labels(self) -> Callable[[ImageRecord], bytes | RecordFault | None]:
        def fetched(image: ImageRecord) -> bytes | RecordFault | None:
            try:
                key = self.source.image_key(label_name(image.name))
                return read_file(self.source.images_store, key, MAX_LABEL_BYTES)
            except NotFound:
                return None
            except TooLargeFile as error:
                return RecordFault(FaultCode.TOO_LARGE, "the file", str(error), image.id)

        return fetched

    def _orphans(self) -> Iterator[str]:
        """Yield label files of which there is no image, in the folders that hold nothing but labels."""
        for folder in sorted(one for one in self.folders if "labels" in one.split("/")):
            for name in names_below(self.source.images_store, self.source.image_key(f"{folder}/")):
                path = f"{folder}/{name}"
                if "/" not in name and name.endswith(_LIST) and name not in _NO_LABELS and path not in self.expected:
                    yield path

    def _keep(self, image: ImageRecord, labels: bytes) -> None:
        self.labelled += 1
        file = label_name(image.name)
        for one in read_labels(labels, self.config.names):
            match one:
                case YoloObject():
                    self.index.add(_entity(one, image, file))
                case YoloFault():
                    self.index.fault(RecordFault(one.code, f"line {one.line}", one.message, image.id), file)


def label_name(name: str, this: str = "images", other: str = "labels", ending: str = _LIST) -> str:
    """Return the label file of an image; both are relative to the folder of data.yaml."""
    above, found, below = f"/{name}".rpartition(f"/{this}/")
    moved = f"{above}/{other}/{below}" if found else f"/{name}"
    return str(PurePosixPath(moved).with_suffix(ending))[1:]


def _entity(one: YoloObject, image: ImageRecord, file: str) -> EntityRecord:
    return EntityRecord(
        image=image.id,
        category=str(one.category),
        label=f"line {one.line}",
        bbox=one.bbox,
        polygon=one.polygon,
        relative=True,
        file=file,
    )
