"""One picture of a source: fetched, proven readable to the last pixel, stored under its digest."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import dataclass
from threading import Lock

from capforge_contracts import layout
from capforge_contracts.coco.faults import FaultCode, RecordFault
from capforge_contracts.coco.records import Image
from capforge_contracts.model import sha256_hex
from capforge_contracts.store import NotFound, ObjectStore, Refused
from capforge_snapshot.source import Source
from capforge_transforms import (
    ImageError,
    Limits,
    TooManyBytes,
    TooManyPixels,
    Truncated,
    checked_header,
    decode,
    stored_orientation,
)

_LARGE_PIXELS = 8_000_000
"""Pictures above this are decoded one at a time, so that memory stays bounded however many threads there are."""

_CODES: dict[type[ImageError], FaultCode] = {
    Truncated: FaultCode.TRUNCATED_IMAGE,
    TooManyPixels: FaultCode.TOO_LARGE,
    TooManyBytes: FaultCode.TOO_LARGE,
}


@dataclass(frozen=True)
class Picture:
    """A sound picture."""

    sha256: str
    stored_width: int
    stored_height: int
    orientation: int
    """EXIF, 1-8."""


class PictureStore:
    """Fetches pictures of one source into the blobs of one namespace. Thread-safe."""

    def __init__(self, source: Source, store: ObjectStore, namespace: str, limits: Limits) -> None:
        """Read from `source`, write to `<namespace>/blobs/` of `store`."""
        self._source = source
        self._store = store
        self._namespace = namespace
        self._limits = limits
        self._large = Lock()

    def take(self, image: Image) -> Picture | RecordFault:
        """Fetch, check and store one picture; raises StoreError where the store does not answer."""
        key = self._source.image_key(image.file_name)
        try:
            data = self._fetch(key)
            picture = self._proven(data)
        except (NotFound, Refused) as error:
            return _fault(image, FaultCode.MISSING_IMAGE, f"there is no readable object {key} ({error})")
        except ImageError as error:
            return _fault(image, _CODES.get(type(error), FaultCode.UNREADABLE_IMAGE), str(error))
        blob = layout.blob(self._namespace, picture.sha256)
        if not self._store.exists(blob):
            self._store.put(blob, data)
        return picture

    def _fetch(self, key: str) -> bytes:
        with self._source.images_store.open(key) as stream:
            data = stream.read(self._limits.max_bytes + 1)
        if len(data) > self._limits.max_bytes:
            allowed = f"allowed: at most {self._limits.max_bytes}"
            raise TooManyBytes(f"the file has more than {self._limits.max_bytes} bytes; {allowed}")
        return data

    def _proven(self, data: bytes) -> Picture:
        header = checked_header(data, self._limits)
        with self._large if header.width * header.height > _LARGE_PIXELS else nullcontext():
            decode(data, self._limits)
        return Picture(sha256_hex(data), header.width, header.height, stored_orientation(data, header))


def _fault(image: Image, code: FaultCode, message: str) -> RecordFault:
    return RecordFault(code, image.label, message, image.id)
