"""A folder with one folder of images for each class: of each image, one object that fills it."""

from __future__ import annotations

from capforge_contracts.coco.faults import FaultCode, RecordFault
from capforge_contracts.coco.records import Category
from capforge_contracts.coco.texts import CLASS_NAME, fits_a_line, is_class_name
from capforge_snapshot.importers.files import is_picture, name_fault, names_below
from capforge_snapshot.index import Index
from capforge_snapshot.records import MAX_CLASSES, EntityRecord, ImageRecord
from capforge_snapshot.source import Source

_WHOLE = (0.0, 0.0, 1.0, 1.0)


def read_image_folder(source: Source, index: Index) -> bool:
    """Index every picture; False where there is none. Raises StoreError."""
    classes: set[str] = set()
    found = False
    for name in names_below(source.images_store, source.images_prefix):
        if not is_picture(name):
            continue
        found = True
        class_name, below, _ = name.partition("/")
        image = ImageRecord(name, name, f"image {name if fits_a_line(name) else ascii(name)}")
        fault = name_fault(image) or (None if below else _without_class(image)) or _class_fault(class_name, image)
        if fault is not None:
            index.fault(fault)
            continue
        if class_name not in classes:
            classes.add(class_name)
            index.add(Category(class_name, class_name))
        if len(classes) > MAX_CLASSES:
            message = f"there are more than {MAX_CLASSES} folders; allowed: one for each class, at most that"
            index.fault(RecordFault(FaultCode.NOT_A_CLASS_FOLDER, "the folder", message))
            return False
        index.add(image)
        index.add(EntityRecord(name, class_name, image.label, _WHOLE, relative=True))
    if not found:
        message = "there is no picture in it; allowed: one folder of JPEG, PNG or WebP files for each class"
        index.fault(RecordFault(FaultCode.NOT_A_CLASS_FOLDER, "the folder", message))
    return found


def _without_class(image: ImageRecord) -> RecordFault:
    message = "it lies in no class's folder; allowed: <class>/<file>"
    return RecordFault(FaultCode.NO_CLASS, image.label, message, image.id)


def _class_fault(name: str, image: ImageRecord) -> RecordFault | None:
    if is_class_name(name):
        return None
    message = f"its folder is no class name; allowed: {CLASS_NAME}"
    return RecordFault(FaultCode.NO_CLASS, image.label, message, image.id)
