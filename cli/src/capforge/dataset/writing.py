"""A dataset's files into a folder: many side by side, each moved into place when it is whole."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from capforge.dataset.shelf import FileGone, Locked, Shelf
from capforge.errors import CliError, Exit
from capforge_contracts.exports.files import FetchedFile, TextFile

THREADS = 16
_AT_ONCE = 256
_PART = ".part"


def write_files(
    shelf: Shelf,
    locked: Locked,
    files: Iterable[TextFile | FetchedFile],
    folder: Path,
    advance: Callable[[int], object],
) -> int:
    """Write all files; what is there already with the right content stays. Return how many were fetched.

    `advance` is called with the number of files that have just been written. Run again after a stop, it goes on. Raises
    CliError (also for one that is gone), OSError.
    """
    waiting, fetched = iter(files), 0
    while batch := list(islice(waiting, _AT_ONCE)):
        missing = _missing([file for file in batch if isinstance(file, FetchedFile)], folder)
        fetched += sum(len(places) for places in missing.values())
        _fetch(shelf, locked, missing, folder)
        for file in batch:
            if isinstance(file, TextFile):
                _write(_inside(folder, file.path), file.chunks)
        advance(len(batch))
    return fetched


def _inside(folder: Path, path: str) -> Path:
    """Return the place of a file; the paths are safe by construction, and checked all the same."""
    place = (folder / path).resolve()
    if not place.is_relative_to(folder.resolve()):
        raise CliError(f"{path!a} lies outside {folder}", code=Exit.FAULTY_DATA)
    place.parent.mkdir(parents=True, exist_ok=True)
    return place


def _missing(pictures: Sequence[FetchedFile], folder: Path) -> dict[str, list[Path]]:
    """Return the places that each file's bytes are missing at."""
    places = [_inside(folder, file.path) for file in pictures]
    with ThreadPoolExecutor(THREADS) as pool:
        there = list(pool.map(lambda pair: _is_there(*pair), zip(pictures, places, strict=True)))
    missing: dict[str, list[Path]] = {}
    for file, place, is_there in zip(pictures, places, there, strict=True):
        if not is_there:
            missing.setdefault(file.sha256, []).append(place)
    return missing


def _is_there(file: FetchedFile, place: Path) -> bool:
    return place.exists() and _digest(place) == file.sha256


def _fetch(shelf: Shelf, locked: Locked, missing: Mapping[str, list[Path]], folder: Path) -> None:
    placing = _Placing(missing, folder.resolve())
    try:
        if missing:
            shelf.fetch(locked, list(missing), placing.take)
    except FileGone as error:
        gone = str(error)
        hint = "A person deleted it and had it purged; what is left of the dataset cannot be written whole."
        raise CliError(f"{placing.named(gone)} ({gone[:12]}) is gone from the object store", hint) from error
    if len(placing.taken) < len(missing):
        raise CliError("some files did not come", "Run the same command again: it goes on where it stopped.")


@dataclass(frozen=True)
class _Placing:
    """Puts files where they belong; those that nobody asked for go nowhere."""

    missing: Mapping[str, list[Path]]
    folder: Path
    taken: set[str] = field(default_factory=set)

    def take(self, file: str, chunks: Iterable[bytes]) -> None:
        """Write a file; raises CliError where it has other bytes than were locked."""
        if file not in self.missing:
            return
        first, *others = self.missing[file]
        _write(first, chunks)
        if _digest(first) != file:
            first.unlink()
            raise CliError(f"{self.named(file)} is damaged in the object store: its bytes have another digest")
        for other in others:
            shutil.copyfile(first, other)
        self.taken.add(file)

    def named(self, file: str) -> str:
        """Return what a message calls it."""
        return f"the file {self.missing[file][0].relative_to(self.folder).as_posix()}"


def _write(place: Path, chunks: Iterable[bytes]) -> None:
    part = place.with_name(place.name + _PART)
    with part.open("wb") as target:
        for chunk in chunks:
            target.write(chunk)
    part.replace(place)


def _digest(place: Path) -> str:
    with place.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
