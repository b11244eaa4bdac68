"""The files of runs in the object store: which attempt counts, and its files as streams.

- Nothing is held in memory but one piece of each file under way; boto3 works in a few threads.
- The store is opened when the first file is asked for: a gateway that nobody asks pays nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from typing import IO, TypeVar

from pydantic import ValidationError

from capforge_contracts import layout
from capforge_contracts.run import ModelCard, RunResult
from capforge_contracts.store import NotFound, ObjectStore, StoreError, TooLarge, read_at_most
from capforge_gateway.documents.ports import StorageAway
from capforge_gateway.settings import Settings, SettingsError
from capforge_gateway.storage.wiring import opened_store

T = TypeVar("T")
_PIECE_BYTES = 256 * 1024


def store_of_runs(settings: Settings, environment: Mapping[str, str]) -> ObjectStore:
    """Return the object store; raises StorageAway where the gateway is told of none."""
    try:
        return opened_store(settings, environment)
    except SettingsError as error:
        raise StorageAway("files of runs and datasets cannot be read: set CAPFORGE_STORE for the gateway") from error


class NoSuchFileError(Exception):
    """The run has no result, or its attempt has no such file; `run_known` tells which."""

    def __init__(self, *, run_known: bool) -> None:
        super().__init__("no such file" if run_known else "no such run")
        self.run_known = run_known


@dataclass(frozen=True)
class OpenedFile:
    """A file about to be sent; has to be closed, whether its pieces were taken or not."""

    pieces: AsyncGenerator[bytes, None]
    size_bytes: int | None
    """None: not known before its end."""
    close: Callable[[], None]
    """Does not wait."""


class RunFiles:
    """Runs of all namespaces. Every method raises StorageAway where the store does not answer."""

    def __init__(self, opened: Callable[[], ObjectStore], threads: int, timeout_seconds: float) -> None:
        """`opened` makes the client of the store; it may take a second."""
        self._opened = opened
        self._threads = ThreadPoolExecutor(threads, "runs")
        self._timeout_seconds = timeout_seconds

    async def open(self, namespace: str, run_digest: str, name: str) -> OpenedFile:
        """Open a file of the attempt that counts; raises NoSuchFileError."""
        result = await self._document(layout.run_result(namespace, run_digest), RunResult.from_json, run_known=False)

        def key(one: str) -> str:
            return layout.attempt_file(namespace, run_digest, result.attempt, one)

        size = None
        if name == layout.MODEL:  # the only one that may be large
            size = (await self._document(key(layout.CARD), ModelCard.from_json, run_known=True)).model_size_bytes
        stream = await self._call(lambda: self._store.open(key(name)), run_known=True)

        def close() -> None:
            self._threads.submit(stream.close)  # it waits for a read that is under way

        try:
            first = await self._call(lambda: stream.read(_PIECE_BYTES), run_known=True)
        except BaseException:
            close()
            raise
        return OpenedFile(self._pieces(first, stream), size, close)

    def close(self) -> None:
        """Take no more calls; those under way end by their own time-outs."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    @cached_property
    def _store(self) -> ObjectStore:
        return self._opened()

    async def _pieces(self, first: bytes, stream: IO[bytes]) -> AsyncGenerator[bytes, None]:
        piece = first
        while piece:
            yield piece
            piece = await self._call(lambda: stream.read(_PIECE_BYTES), run_known=True)

    async def _document(self, key: str, parse: Callable[[bytes], T], *, run_known: bool) -> T:
        data = await self._call(lambda: read_at_most(self._store, key, layout.most_bytes(key)), run_known=run_known)
        try:
            return parse(data)
        except ValidationError as error:
            raise StorageAway(f"{key.rpartition('/')[2]} of the run is damaged") from error

    async def _call(self, work: Callable[[], T], *, run_known: bool) -> T:
        """Do blocking work in a thread; the wait for a free one is a part of its time."""
        try:
            async with asyncio.timeout(self._timeout_seconds):
                return await asyncio.get_running_loop().run_in_executor(self._threads, work)
        except NotFound as error:
            raise NoSuchFileError(run_known=run_known) from error
        except TooLarge as error:
            raise StorageAway("a document of the run is larger than any sound one") from error
        except (StoreError, TimeoutError) as error:
            raise StorageAway(f"the object store does not answer ({type(error).__name__})") from error
