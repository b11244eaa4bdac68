"""Labelled data on this disk, checked before a byte is sent: by the importers and the rules of a snapshot themselves.

What only a snapshot finds: pixels that cannot be decoded, two pictures with the same bytes, a class that is missing
from a part of the split.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from capforge.data.folder import FolderStore, is_within
from capforge.data.headers import picture_of
from capforge.data.labelled import Format
from capforge.errors import CliError, Exit
from capforge_contracts.coco.faults import RecordFault
from capforge_contracts.dataset import Fault
from capforge_contracts.store import NotFound, Refused
from capforge_snapshot.cross_checks import check_records
from capforge_snapshot.frame import frame_of
from capforge_snapshot.importers.coco import read_coco
from capforge_snapshot.importers.image_folder import read_image_folder
from capforge_snapshot.importers.manifest import read_manifest
from capforge_snapshot.importers.voc import read_voc
from capforge_snapshot.importers.yolo import read_yolo
from capforge_snapshot.index import Index
from capforge_snapshot.labels import check_boxes
from capforge_snapshot.source import Source, voc_pictures

_IMPORTERS: dict[Format, Callable[[Source, Index], bool]] = {
    Format.COCO: read_coco,
    Format.YOLO: read_yolo,
    Format.VOC: read_voc,
    Format.IMAGE_FOLDER: read_image_folder,
    Format.MANIFEST: read_manifest,
}


@dataclass(frozen=True)
class Checked:
    """What labels name, and what is wrong with them."""

    pictures: list[Path]
    """Those that are there, in this folder; in the order of the labels."""
    faults: list[Fault]


def check(folder: Path, form: Format, address: str) -> Checked:
    """Check every record and the headers of the pictures they name.

    `address` is relative to the folder: the file or the folder (it ends in a slash, or is empty) that a Dataset takes.
    Raises CliError where it cannot be read.
    """
    store = FolderStore(folder)
    source = Source(store, address, store, voc_pictures(address) if form is Format.VOC else "")
    name = address.rstrip("/") or folder.name
    with TemporaryDirectory() as scratch, closing(Index(Path(scratch) / "index.sqlite", name)) as index:
        try:
            whole = _IMPORTERS[form](source, index)
        except (NotFound, Refused) as error:
            raise CliError(f"{name} cannot be read: {error}", code=Exit.FAULTY_DATA) from error
        index.complete()
        if whole:
            check_records(index)
            _look_at_pictures(folder, source, index)
            check_boxes(index)
        paths = dict.fromkeys(folder / source.image_key(image.path) for _, image in index.images())
        return Checked([path for path in paths if is_within(folder, path)], list(index.faults()))


def _look_at_pictures(folder: Path, source: Source, index: Index) -> None:
    for row, image in index.images():
        found = picture_of(folder, folder / source.image_key(image.path), image)
        outcome = found if isinstance(found, RecordFault) else frame_of(image, found)
        if not isinstance(found, RecordFault):
            index.set_picture(row, found)
        if isinstance(outcome, RecordFault):
            index.fault(outcome, image.file)
