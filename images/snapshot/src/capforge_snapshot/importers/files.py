"""Files of a source that are small enough to be read at once, and lists of a folder."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePosixPath

from capforge_contracts.coco.faults import FaultCode, RecordFault
from capforge_contracts.coco.records import file_name_problem
from capforge_contracts.store import ObjectStore
from capforge_snapshot.records import ImageRecord

PICTURE_ENDINGS = frozenset({".jpg", ".jpeg", ".png", ".webp", ".bmp", ".gif", ".tif", ".tiff", ".heic", ".avif"})
"""Files that people mean as pictures; those that cannot be read are named, not passed over."""
_FOREIGN_FOLDERS = frozenset({"__MACOSX", "@eaDir"})
"""What archives and disks of other systems leave behind."""


class TooLargeFile(Exception):  # noqa: N818 - reads as the fact it states
    """The file has more bytes than any sound one; the message says how many are allowed."""


def read_file(store: ObjectStore, key: str, most_bytes: int) -> bytes:
    """Return a whole file; raises TooLargeFile, StoreError."""
    with store.open(key) as stream:
        data = stream.read(most_bytes + 1)
    if len(data) > most_bytes:
        message = f"the file has more than {most_bytes} bytes; allowed: at most that"
        raise TooLargeFile(message)
    return data


def names_below(store: ObjectStore, prefix: str) -> Iterator[str]:
    """Yield the names below a folder, relative to it, in their order; hidden files are none."""
    for info in store.list(prefix):
        name = info.key[len(prefix) :]
        if name and not name.endswith("/") and not is_hidden(name):
            yield name


def is_hidden(name: str) -> bool:
    """Tell whether a relative path is none of the data's, or in a folder that is not."""
    return any(part.startswith(".") or part in _FOREIGN_FOLDERS for part in name.split("/"))


def is_picture(name: str) -> bool:
    """Tell by its ending whether people mean a file as a picture."""
    return PurePosixPath(name).suffix.lower() in PICTURE_ENDINGS


def name_fault(image: ImageRecord) -> RecordFault | None:
    """Return what is wrong with an image's name; None if nothing."""
    problem = file_name_problem(image.name)
    if problem is None:
        return None
    record = image.label if image.label.isprintable() else ascii(image.label)
    message = (
        f"file name {ascii(image.name)[:80]}: {problem}; allowed: a path relative to the images folder, without '..'"
    )
    return RecordFault(FaultCode.BAD_FILE_NAME, record, message, image.id)
