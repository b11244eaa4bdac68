"""A folder of labelled data, looked through: what of it is sent, in which order, and what is wrong with it."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from capforge.data.folder import is_within
from capforge_contracts.coco.faults import FaultCode
from capforge_contracts.dataset import Fault


class Format(StrEnum):
    """The formats of labelled data."""

    COCO = "coco"
    YOLO = "yolo"
    VOC = "voc"
    IMAGE_FOLDER = "image-folder"
    MANIFEST = "manifest"

    @property
    def source(self) -> str:
        """What a Dataset calls the address of such data."""
        return _SOURCES[self]

    @property
    def label(self) -> str:
        """What people call it."""
        return _LABELS[self]


_SOURCES = {
    Format.COCO: "coco.annotationsUri",
    Format.YOLO: "yolo.dataUri",
    Format.VOC: "voc.annotationsUri",
    Format.IMAGE_FOLDER: "imageFolder.imagesUri",
    Format.MANIFEST: "manifest.manifestUri",
}

_LABELS = {
    Format.COCO: "COCO",
    Format.YOLO: "YOLO",
    Format.VOC: "Pascal VOC",
    Format.IMAGE_FOLDER: "image folder",
    Format.MANIFEST: "manifest",
}


@dataclass
class Labelled:
    """Pictures are sent first, then labels; what names them all comes last."""

    form: Format
    pictures: list[Path] = field(default_factory=list)
    labels: list[Path] = field(default_factory=list)
    named: list[Path] = field(default_factory=list)
    """COCO files, data.yaml, a manifest: sent when everything that they name is there."""
    addresses: list[str] = field(default_factory=list)
    """Relative to the folder: what a Dataset takes. Ends in a slash where it is a folder."""
    faults: list[Fault] = field(default_factory=list)

    def take_picture(self, folder: Path, path: Path) -> None:
        """Keep a picture of the folder; a link that leads out of it is a fault."""
        if is_within(folder, path):
            self.pictures.append(path)
            return
        name = path.relative_to(folder).as_posix()
        message = f"there is no file {path} (links must stay inside the folder)"
        self.faults.append(Fault(code=FaultCode.MISSING_IMAGE, file=name, record=f"image {name}", message=message))
