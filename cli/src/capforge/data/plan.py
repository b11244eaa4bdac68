"""What a push sends: which files, to which keys, and which of them are there already. Only reads."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from capforge.data.labelled import Labelled
from capforge_contracts.store import ObjectInfo

PART_BYTES = 8 * 1024 * 1024
"""boto3 sends files from this size on in parts of this size; the ETag is then made of the parts' digests."""


@dataclass(frozen=True)
class Upload:
    """One file and its key."""

    path: Path
    key: str
    size_bytes: int


def uploads(folder: Path, prefix: str, labelled: Labelled) -> list[Upload]:
    """Return pictures, labels, and last what names them: a file never names what is not there yet."""
    ordered = [*labelled.pictures, *labelled.labels, *labelled.named]
    return [Upload(path, _key(folder, prefix, path), path.stat().st_size) for path in ordered]


def is_there(upload: Upload, listed: Mapping[str, ObjectInfo]) -> bool:
    """Tell whether the store has the same bytes: the same size and the same ETag."""
    info = listed.get(upload.key)
    return info is not None and info.size_bytes == upload.size_bytes and info.etag == etag_of(upload.path)


def etag_of(path: Path) -> str:
    """Return the ETag that S3 gives a file: its MD5, or that of its parts' MD5s and their number."""
    if path.stat().st_size < PART_BYTES:
        return hashlib.md5(path.read_bytes(), usedforsecurity=False).hexdigest()
    parts: list[bytes] = []
    with path.open("rb") as file:
        while part := file.read(PART_BYTES):
            parts.append(hashlib.md5(part, usedforsecurity=False).digest())
    return f"{hashlib.md5(b''.join(parts), usedforsecurity=False).hexdigest()}-{len(parts)}"


def _key(folder: Path, prefix: str, path: Path) -> str:
    return f"{prefix}{path.relative_to(folder).as_posix()}"
