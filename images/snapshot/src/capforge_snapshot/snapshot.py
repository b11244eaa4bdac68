"""One snapshot, from request to result: read `Snapshot.take` from the top.

Everything is written under names that depend on content only, and the result last: a process that is killed at any line
is repaired by the next one, which comes to the same digest.

What `onFault: Skip` leaves out: a box without area alone (it marks no object); for every other fault the whole image,
so that no object is learnt as background because its label was wrong; of pictures that occur twice all but the first by
name. A file that is no complete COCO file is never skipped over.
"""

from __future__ import annotations

import time
from collections import Counter, deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from capforge_contracts.coco.faults import FaultCode, RecordFault
from capforge_contracts.coco.records import (
    Annotation,
    Category,
    Image,
    read_annotation,
    read_category,
    read_image,
    record_id,
)
from capforge_contracts.coco.stream import BrokenFile, Record, read_records
from capforge_contracts.dataset import FAULTS_IN_RESULT, Fault, OnFault, SnapshotRequest, SnapshotResult
from capforge_contracts.store import NotFound, ObjectStore, Refused
from capforge_snapshot import results
from capforge_snapshot.cross_checks import check_contents, check_records
from capforge_snapshot.frame import frame_of
from capforge_snapshot.freeze import freeze
from capforge_snapshot.index import Index
from capforge_snapshot.labels import check_boxes, crowd_count
from capforge_snapshot.pictures import Picture, PictureStore
from capforge_snapshot.places import Places, locked_result, publish
from capforge_snapshot.progress import ProgressWriter
from capforge_snapshot.source import Source, SourceNotAllowed, resolve
from capforge_transforms import DEFAULT_LIMITS, Limits

_READERS: dict[str, Callable[[int, Any], Category | Image | Annotation | list[RecordFault]]] = {
    "categories": read_category,
    "images": read_image,
    "annotations": read_annotation,
}
THREADS = 8
_WINDOW = 2 * THREADS
"""Pictures in flight: bounds memory."""


def take_snapshot(
    request: SnapshotRequest, store: ObjectStore, folder: Path, limits: Limits = DEFAULT_LIMITS
) -> SnapshotResult:
    """Take the snapshot unless it is locked already; return the result that stands in the store.

    `folder` holds what does not fit into memory. Raises StoreError where the store does not answer.
    """
    places = Places.of(request)
    standing = locked_result(store, places.result)
    if standing is not None:
        return standing
    try:
        source = resolve(request.coco, request.namespace, store)
    except SourceNotAllowed as error:
        return _refused(request, store, places, str(error))
    with closing(Index(folder / "index.sqlite", source.annotations_name)) as index:
        result = Snapshot(request, store, source, index, places, folder, limits).take()
    return publish(store, places.result, result)


@dataclass(frozen=True)
class Snapshot:
    """Everything one snapshot needs."""

    request: SnapshotRequest
    store: ObjectStore
    source: Source
    index: Index
    places: Places
    folder: Path
    limits: Limits

    def take(self) -> SnapshotResult:
        """Read, check, freeze; return the result without writing it."""
        try:
            complete = self._read_file()
        except (NotFound, Refused) as error:
            return results.unavailable(f"the annotation file cannot be read: {error}")
        if complete:
            check_records(self.index)
            self._take_pictures()
            check_contents(self.index)
            check_boxes(self.index)
        self._write_faults()
        codes, first = self._fault_summary()
        if first and (self.request.on_fault is OnFault.REJECT or not complete):
            return results.faulty(codes, first, f"{self.store.uri}/{self.places.faults}")
        digest, tally = freeze(
            self.index, self.request.split, self.request.namespace, self.store, self.folder / "manifest.jsonl"
        )
        if not tally.items:
            return results.empty(codes, first)
        return results.locked(digest, tally, codes, crowd_count(self.index), first)

    def _read_file(self) -> bool:
        """Index every record; False where the file breaks off."""
        complete = True
        with self.source.annotations_store.open(self.source.annotations_key) as stream:
            try:
                for record in read_records(stream):
                    self._keep(record)
            except BrokenFile as error:
                self.index.fault(RecordFault(error.code, self.source.annotations_name, str(error)))
                complete = False
        self.index.complete()
        return complete

    def _keep(self, record: Record) -> None:
        read = _READERS[record.array](record.position, record.raw)
        if not isinstance(read, list):
            self.index.add(read)
            return
        self.index.refuse(record.array, record_id(record.raw))
        for fault in read:
            self.index.fault(fault)

    def _take_pictures(self) -> None:
        pictures = PictureStore(self.source, self.store, self.request.namespace, self.limits)
        progress = ProgressWriter(self.store, self.places.progress, time.monotonic)
        total = self.index.image_count()
        progress.tell(0, total)
        for done, (row, image, taken) in enumerate(_in_order(pictures, self.index.images()), start=1):
            if isinstance(taken, Picture):
                self.index.set_picture(row, taken)
            outcome = frame_of(image, taken) if isinstance(taken, Picture) else taken
            if isinstance(outcome, RecordFault):
                self.index.fault(outcome)
            progress.tell(done, total)

    def _write_faults(self) -> None:
        path = self.folder / "faults.jsonl"
        with path.open("wb") as file:
            file.writelines(fault.to_json() + b"\n" for fault in self.index.faults())
        self.store.put_file(self.places.faults, path)

    def _fault_summary(self) -> tuple[Counter[str], list[Fault]]:
        codes = Counter(fault.code for fault in self.index.faults())
        return codes, list(islice(self.index.faults(), FAULTS_IN_RESULT))


def _in_order(
    pictures: PictureStore, images: Iterator[tuple[int, Image]]
) -> Iterator[tuple[int, Image, Picture | RecordFault]]:
    """Take pictures in several threads, yield them in the order of the images."""
    pending: deque[tuple[int, Image, Future[Picture | RecordFault]]] = deque()
    with ThreadPoolExecutor(THREADS) as pool:
        try:
            for row, image in images:
                pending.append((row, image, pool.submit(pictures.take, image)))
                if len(pending) >= _WINDOW:
                    yield _finished(pending)
            while pending:
                yield _finished(pending)
        finally:
            for _, _, future in pending:
                future.cancel()


def _finished(
    pending: deque[tuple[int, Image, Future[Picture | RecordFault]]],
) -> tuple[int, Image, Picture | RecordFault]:
    row, image, future = pending.popleft()
    return row, image, future.result()


def _refused(request: SnapshotRequest, store: ObjectStore, places: Places, why: str) -> SnapshotResult:
    fault = Fault(code=FaultCode.SOURCE_NOT_ALLOWED, file=request.coco.annotations_uri, record="source", message=why)
    store.put(places.faults, fault.to_json() + b"\n")
    result = results.faulty(Counter({fault.code: 1}), [fault], f"{store.uri}/{places.faults}")
    return publish(store, places.result, result)
