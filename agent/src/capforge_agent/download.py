"""One object of the store → one file, believed only when its digest is right."""

from __future__ import annotations

import errno
import hashlib
from collections.abc import Iterator
from pathlib import Path

from capforge_agent.failures import ModelFailedError, Reason
from capforge_contracts.store import NotFound, ObjectStore, StoreError

_CHUNK_BYTES = 1024 * 1024
_FULL = {errno.ENOSPC, errno.EDQUOT}


class Room:
    """How many more bytes may be written, shared by what is pulled into one folder."""

    def __init__(self, free_bytes: int) -> None:
        self._free_bytes = free_bytes

    def take(self, size_bytes: int) -> None:
        """Reserve; raises ModelFailedError (DiskFull)."""
        self._free_bytes -= size_bytes
        if self._free_bytes < 0:
            raise ModelFailedError(Reason.DISK_FULL, "the pod's model repository is full (repositoryLimitBytes)")


def download(store: ObjectStore, key: str, sha256: str, target: Path, limit_bytes: int, room: Room) -> None:
    """Write the object to a new file while hashing it.

    Raises ModelFailedError: PullFailed, DigestMismatch, TooLarge or DiskFull; the file is then not to be used.
    """
    digest = hashlib.sha256()
    size_bytes = 0
    try:
        with target.open("xb") as file:
            for chunk in _chunks(store, key):
                size_bytes += len(chunk)
                if size_bytes > limit_bytes:
                    raise ModelFailedError(Reason.TOO_LARGE, f"{key} has more than {limit_bytes} bytes")
                room.take(len(chunk))
                digest.update(chunk)
                file.write(chunk)
    except NotFound as error:
        raise ModelFailedError(Reason.PULL_FAILED, f"{key} is not in the object store") from error
    except StoreError as error:
        raise ModelFailedError(Reason.PULL_FAILED, str(error)) from error
    except OSError as error:
        reason = Reason.DISK_FULL if error.errno in _FULL else Reason.PULL_FAILED
        raise ModelFailedError(reason, f"{key}: {error}") from error
    if digest.hexdigest() != sha256:
        raise ModelFailedError(Reason.DIGEST_MISMATCH, f"{key} has sha256 {digest.hexdigest()}, expected {sha256}")


def _chunks(store: ObjectStore, key: str) -> Iterator[bytes]:
    with store.open(key) as stream:
        while chunk := stream.read(_CHUNK_BYTES):
            yield chunk
