"""Pascal VOC: a folder of XML files, one for each image, and a folder of images.

Boxes count as corners as they are written: programs of today write xmin = 0 for the first pixel. Classes are the names
that occur.
"""

from __future__ import annotations

from collections.abc import Callable

from capforge_contracts.coco.faults import FaultCode, RecordFault
from capforge_contracts.coco.records import Category
from capforge_contracts.store import NotFound
from capforge_snapshot.importers.files import TooLargeFile, name_fault, names_below, read_file
from capforge_snapshot.importers.voc_file import MAX_FILE_BYTES, VocFault, VocFile, read_voc_file
from capforge_snapshot.in_order import in_order
from capforge_snapshot.index import Index
from capforge_snapshot.records import MAX_CLASSES, EntityRecord, ImageRecord
from capforge_snapshot.source import Source


def read_voc(source: Source, index: Index) -> bool:
    """Index every XML file of the folder; False where there is none. Raises StoreError."""
    names = (name for name in names_below(source.annotations_store, source.annotations_key) if _is_xml(name))
    classes: set[str] = set()
    files = 0
    for files, (name, found) in enumerate(in_order(_reader(source), names), start=1):  # noqa: B007 - the last number counts
        if not _keep(name, found, classes, index):
            message = (
                f"there are more than {MAX_CLASSES} classes; allowed: at most that; is it the name that names classes?"
            )
            index.fault(RecordFault(FaultCode.NOT_VOC, "the file", message), name)
            return False
    if not files:
        message = "there is no XML file in the folder; allowed: one for each image"
        index.fault(RecordFault(FaultCode.NOT_VOC, "the folder", message))
    return files > 0


def _reader(source: Source) -> Callable[[str], VocFile]:
    def read(name: str) -> VocFile:
        try:
            return read_voc_file(read_file(source.annotations_store, f"{source.annotations_key}{name}", MAX_FILE_BYTES))
        except TooLargeFile as error:
            return VocFile(faults=[VocFault(FaultCode.TOO_LARGE, "the file", str(error))])
        except NotFound as error:
            return VocFile(faults=[VocFault(FaultCode.NOT_VOC, "the file", f"it went while it was read ({error})")])

    return read


def _keep(name: str, found: VocFile, classes: set[str], index: Index) -> bool:
    """Index one file; False where it has one class too many."""
    for fault in found.faults:
        index.fault(RecordFault(fault.code, fault.record, fault.message, name), name)
    if found.filename is None:
        return True
    image = ImageRecord(name, found.filename, f"image {ascii(found.filename)[1:-1]}", name, found.width, found.height)
    misnamed = name_fault(image)
    if misnamed is not None:
        index.fault(misnamed, name)
        return True
    index.add(image)
    for one in found.objects:
        if one.class_name not in classes:
            classes.add(one.class_name)
            index.add(Category(one.class_name, one.class_name))
        index.add(
            EntityRecord(
                image=name,
                category=one.class_name,
                label=one.label,
                bbox=one.bbox,
                polygon=one.polygon,
                file=name,
                attributes=one.attributes,
            )
        )
    return len(classes) <= MAX_CLASSES


def _is_xml(name: str) -> bool:
    return name.lower().endswith(".xml")
