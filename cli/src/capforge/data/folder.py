"""A folder of labelled data as people unpacked it: its own files, and nothing that a link in it leads to.

Folders come from archives of strangers: what a link names elsewhere on this disk must be neither read nor sent.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import IO

from capforge_contracts.files import FileObjectStore
from capforge_contracts.store import NotFound, ObjectInfo
from capforge_snapshot.importers.files import is_hidden


class FolderStore(FileObjectStore):
    """The folder as importers see it: keys are paths relative to it."""

    def __init__(self, folder: Path) -> None:
        """Read this folder; nothing is ever written to it."""
        super().__init__(folder)
        self._folder = folder

    def open(self, key: str) -> IO[bytes]:
        """Return a stream of the file; raises NotFound also for a link that leads out."""
        if not is_within(self._folder, self._folder / key):
            raise NotFound(key)
        return super().open(key)

    def list(self, prefix: str) -> Iterator[ObjectInfo]:
        """Yield the files below, without links that lead out."""
        return (info for info in super().list(prefix) if is_within(self._folder, self._folder / info.key))


def is_within(folder: Path, path: Path) -> bool:
    """Tell whether a path is a regular file of the folder; a link that leads out of it is none."""
    try:
        return path.is_file() and path.resolve().is_relative_to(folder.resolve())
    except OSError:  # a name longer than the disk takes, no rights
        return False


def files_below(folder: Path) -> Iterator[Path]:
    """Yield the files of a folder in the order of their names; hidden ones, and folders that are links, are none."""
    for path in sorted(folder.rglob("*")):
        if not is_hidden(path.relative_to(folder).as_posix()) and not path.is_dir():
            yield path
