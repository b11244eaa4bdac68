"""One picture of a source: fetched, proven readable to the last pixel, stored under its digest."""

from __future__ import annotations

from dataclasses import dataclass

from capforge_contracts import layout
from capforge_contracts.coco.faults import FaultCode, RecordFault
from capforge_contracts.model import sha256_hex
from capforge_contracts.store import NotFound, ObjectStore, Refused
from capforge_snapshot.memory import ByteBudget
from capforge_snapshot.records import ImageRecord
from capforge_snapshot.source import Source
from capforge_transforms import (
    ImageError,
    Limits,
    TooManyBytes,
    TooManyPixels,
    Truncated,
    checked_header,
    decode,
    decode_bytes,
    stored_orientation,
)

_DECODE_BYTES = 640 * 1024 * 1024
"""Of all pictures decoded at once, whatever the number of threads; one that alone takes more is a fault."""

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
        self._budget = ByteBudget(_DECODE_BYTES)

    def take(self, image: ImageRecord) -> Picture | RecordFault:
        """Fetch, check and store one picture; raises StoreError where the store does not answer."""
        key = self._source.image_key(image.path)
        try:
            data = self._fetch(key)
            picture = self._proven(data)
        except (NotFound, Refused) as error:
            return _fault(image, FaultCode.MISSING_IMAGE, f"there is no readable object {key} ({error})")
        except ImageError as error:
            return _fault(image, _CODES.get(type(error), FaultCode.UNREADABLE_IMAGE), str(error))
        if image.sha256 not in (None, picture.sha256):
            message = f"the record says sha256 {image.sha256}, the file has {picture.sha256}; allowed: the file's own"
            return _fault(image, FaultCode.CONTENT_MISMATCH, message)
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
        size = decode_bytes(header)
        if size > self._budget.total:
            raise TooManyPixels(
                f"a {header.format} of {header.width} x {header.height} pixels takes {size >> 20} MiB to decode;"
                f" allowed: {self._budget.total >> 20} MiB (a plain JPEG takes the least)"
            )
        with self._budget.held(size):
            decode(data, self._limits)
        return Picture(sha256_hex(data), header.width, header.height, stored_orientation(data, header))


def _fault(image: ImageRecord, code: FaultCode, message: str) -> RecordFault:
    return RecordFault(code, image.label, message, image.id)
