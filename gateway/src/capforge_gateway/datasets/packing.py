"""An export as the pieces of an archive: pictures are fetched a few ahead, each checked before it is sent."""

from __future__ import annotations

import zlib
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, Future
from contextlib import suppress
from hashlib import sha256
from tempfile import SpooledTemporaryFile
from threading import Lock

from capforge_contracts.exports.files import FetchedFile, TextFile
from capforge_gateway.datasets.archive import Archive, Member
from capforge_gateway.datasets.faults import DamagedDataset

_AHEAD = 6
_SPOOL_BYTES = 1024 * 1024
"""Of a file that is held in memory; larger ones wait on the disk."""
_PIECE_BYTES = 256 * 1024
_MAX_PICTURE_BYTES = 128 * 1024 * 1024
"""Snapshots take no larger ones by far; what lies in the store may be something else."""
Fetch = Callable[[str], Member]


def packed(
    files: Iterable[TextFile | FetchedFile], archive: Archive, fetch: Fetch, threads: Executor
) -> Iterator[bytes]:
    """Yield the archive; raises what `fetch` raises, and then lacks its end."""
    for path, member in _ahead(files, fetch, threads):
        yield from archive.member(path, member)
    yield from archive.end()


def member_of(chunks: Iterable[bytes], content: str | None = None) -> Member:
    """Return a file that is made or comes; raises DamagedDataset where it does not have the digest `content`."""
    data = SpooledTemporaryFile(_SPOOL_BYTES)  # noqa: SIM115 - closed when it was sent
    size, crc, digest = 0, 0, sha256()
    for chunk in chunks:
        size += len(chunk)
        crc = zlib.crc32(chunk, crc)
        data.write(chunk)
        if content is not None:
            digest.update(chunk)
            if size > _MAX_PICTURE_BYTES:
                break
    if content is not None and digest.hexdigest() != content:
        data.close()
        raise DamagedDataset(f"the picture {content[:12]} has other bytes than were locked")
    return Member(data, size, crc)


def _ahead(files: Iterable[TextFile | FetchedFile], fetch: Fetch, threads: Executor) -> Iterator[tuple[str, Member]]:
    waiting: deque[TextFile | tuple[str, Future[Member]]] = deque()
    try:
        for file in files:
            picture = isinstance(file, FetchedFile)
            waiting.append((file.path, threads.submit(fetch, file.sha256)) if isinstance(file, FetchedFile) else file)
            if not picture or len(waiting) > _AHEAD:
                yield _taken(waiting.popleft())
        while waiting:
            yield _taken(waiting.popleft())
    finally:
        for one in waiting:
            if not isinstance(one, TextFile):
                one[1].add_done_callback(_let_go)
                one[1].cancel()


def _taken(file: TextFile | tuple[str, Future[Member]]) -> tuple[str, Member]:
    if isinstance(file, TextFile):
        return file.path, member_of(file.chunks)
    return file[0], file[1].result()


def _let_go(future: Future[Member]) -> None:
    if not future.cancelled() and future.exception() is None:
        future.result().data.close()


class Pieces:
    """Pieces in handy sizes, taken by one thread after another; closing waits for the one that is being made."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self._lock = Lock()

    def take(self) -> bytes:
        """Return the next one; empty: that was all."""
        found: list[bytes] = []
        size = 0
        with self._lock:
            while size < _PIECE_BYTES and (piece := next(self._pieces, None)) is not None:
                found.append(piece)
                size += len(piece)
        return b"".join(found)

    def close(self) -> None:
        """Let go of everything."""
        with self._lock, suppress(Exception):
            close = getattr(self._pieces, "close", None)
            if close is not None:
                close()
