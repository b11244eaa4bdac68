"""The object store as a folder: for training without a cluster."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import IO

from capforge_contracts.store import AlreadyExists, NotFound, ObjectInfo, Refused

_PARTIAL = ".partial-"


class FileObjectStore:
    """A folder whose files are the objects. Writes go to a temporary name first, so a reader never sees half a file."""

    def __init__(self, root: Path) -> None:
        """Use (and make, on the first write) this folder."""
        self._root = root

    @property
    def uri(self) -> str:
        """`file:///<folder>`."""
        return self._root.resolve().as_uri()

    def get(self, key: str) -> bytes:
        """Return the object's bytes; raises NotFound."""
        with self.open(key) as stream:
            return stream.read()

    def open(self, key: str) -> IO[bytes]:
        """Return a stream of the object; raises NotFound."""
        path = self._path(key)
        try:
            if not path.is_file():  # opening a named pipe would wait for ever
                raise NotFound(key)
            return path.open("rb")
        except (FileNotFoundError, IsADirectoryError, NotADirectoryError) as error:
            raise NotFound(key) from error
        except OSError as error:  # no rights, or a name longer than the disk takes
            raise Refused(f"{key}: {error.strerror}") from error

    def put(self, key: str, data: bytes) -> None:
        """Write or replace the object."""
        self._written(key, data).replace(self._path(key))

    def put_file(self, key: str, path: Path) -> None:
        """Write or replace the object with a file's contents."""
        partial = self._written(key, b"")
        shutil.copyfile(path, partial)
        partial.replace(self._path(key))

    def put_new(self, key: str, data: bytes) -> None:
        """Write the object only if there is none; raises AlreadyExists."""
        partial = self._written(key, data)
        try:
            os.link(partial, self._path(key))  # fails if the name exists: one of many writers wins
        except FileExistsError as error:
            raise AlreadyExists(key) from error
        finally:
            partial.unlink()

    def exists(self, key: str) -> bool:
        """Tell whether there is an object under this key."""
        return self._path(key).is_file()

    def list(self, prefix: str) -> Iterator[ObjectInfo]:
        """Yield the objects whose key starts with the prefix, in key order."""
        start = self._path(prefix if prefix.endswith("/") else prefix.rpartition("/")[0])
        found = sorted(path for path in start.rglob("*") if path.is_file() and _PARTIAL not in path.name)
        keyed = sorted((path.relative_to(self._root).as_posix(), path) for path in found)
        for key, path in keyed:
            if key.startswith(prefix):
                yield ObjectInfo(key, path.stat().st_size)

    def delete(self, key: str) -> None:
        """Delete the object; no error if there is none."""
        self._path(key).unlink(missing_ok=True)

    def _path(self, key: str) -> Path:
        if ".." in key.split("/") or key.startswith("/"):
            message = f"{key!r} leaves the store; keys are relative and have no '..'"
            raise ValueError(message)
        return self._root / key

    def _written(self, key: str, data: bytes) -> Path:
        target = self._path(key)
        target.parent.mkdir(parents=True, exist_ok=True)
        with NamedTemporaryFile(dir=target.parent, prefix=_PARTIAL, delete=False) as partial:
            partial.write(data)
        return Path(partial.name)
