"""One snapshot of labelled images, from request to result: read `Snapshot.take` from the top.

Everything is written under names that depend on content only, and the result last: a process that is killed at any line
is repaired by the next one, which comes to the same digest and takes over the pictures that are proven.

What `onFault: Skip` leaves out: a box or polygon without area alone (it marks no object); for every other fault of a
label the whole image, so that no object is learnt as background because its label was wrong; of pictures that occur
twice all but the first by name. A file that names the others (COCO, data.yaml, manifest) and breaks off is never
skipped over.
"""

from __future__ import annotations

import time
from collections import Counter
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from capforge_contracts.coco.faults import FaultCode, RecordFault
from capforge_contracts.dataset import Fault, OnFault, SnapshotRequest, SnapshotResult
from capforge_contracts.store import NotFound, ObjectStore, Refused
from capforge_snapshot import results
from capforge_snapshot.cross_checks import check_contents, check_records
from capforge_snapshot.fault_file import write_faults
from capforge_snapshot.frame import frame_of
from capforge_snapshot.freeze import freeze
from capforge_snapshot.importers.formats import NO_GATEWAY, Importer, importer_of
from capforge_snapshot.in_order import in_order
from capforge_snapshot.index import Index
from capforge_snapshot.labels import check_boxes, class_names, crowd_count, reduced_count
from capforge_snapshot.pictures import Picture, PictureStore
from capforge_snapshot.places import Places, locked_result, publish
from capforge_snapshot.plan import Plan, plan
from capforge_snapshot.preprocess import Pipeline
from capforge_snapshot.progress import ProgressWriter
from capforge_snapshot.proven import PICTURES_IN_A_NOTE, Proven, forget
from capforge_snapshot.source import Source, SourceNotAllowed, resolve
from capforge_snapshot.submissions.stream import Gateway, SourceUnavailable
from capforge_snapshot.submissions.take import take_documents
from capforge_transforms import DEFAULT_LIMITS, Limits


def take_snapshot(
    request: SnapshotRequest,
    store: ObjectStore,
    folder: Path,
    limits: Limits = DEFAULT_LIMITS,
    gateway: Gateway | None = None,
) -> SnapshotResult:
    """Take the snapshot unless it is locked already; return the result that stands in the store.

    `folder` holds what does not fit into memory, `gateway` has the annotations of documents. Raises StoreError where
    the store does not answer.
    """
    places = Places.of(request)
    standing = locked_result(store, places.result)
    if standing is not None:
        if standing.items >= PICTURES_IN_A_NOTE:  # killed after the result, before the notes were deleted
            forget(store, places.proven)
        return standing
    if request.submissions is not None:
        if gateway is None:
            return _refused(request, store, places, NO_GATEWAY)
        taken = take_documents(request, request.submissions, gateway, store, folder)
        return publish(store, places.result, taken)
    try:
        source, importer = resolve(request, store), importer_of(request, gateway)
    except SourceNotAllowed as error:
        return _refused(request, store, places, str(error))
    with (
        closing(Index(folder / "index.sqlite", source.annotations_name)) as index,
        closing(Proven(store, places.proven, folder / "proven.sqlite", limits)) as proven,
    ):
        result = Snapshot(request, store, source, importer, index, proven, places, folder, limits).take()
    published = publish(store, places.result, result)
    if proven.has_notes:
        forget(store, places.proven)
    return published


@dataclass(frozen=True)
class Snapshot:
    """Everything one snapshot needs."""

    request: SnapshotRequest
    store: ObjectStore
    source: Source
    importer: Importer
    index: Index
    proven: Proven
    places: Places
    folder: Path
    limits: Limits

    def take(self) -> SnapshotResult:
        """Read, check, freeze; return the result without writing it."""
        try:
            complete = self.importer(self.source, self.index)
        except SourceUnavailable as error:
            return results.unavailable(str(error))
        except NotFound as error:
            way_out = (
                "send the file there (`capforge data push` prints the address of what it sent), or correct the address"
            )
            return results.unavailable(f"the source names {error}, and there is no such file: {way_out}")
        except Refused as error:
            return results.unavailable(f"the source {self.source.annotations_name} cannot be read: {error}")
        self.index.complete()
        if complete:
            self._check()
        planned = self._plan() if complete and not self._rejected() else None
        codes, first = write_faults(self.index.faults, self.store, self.places.faults, self.folder / "faults.jsonl")
        if planned is None or (first and self.request.on_fault is OnFault.REJECT):
            return results.faulty(codes, first, f"{self.store.uri}/{self.places.faults}")
        manifest = self.folder / "manifest.jsonl"
        annotated = self.request.vision is not None
        digest, tally = freeze(self.index, planned, self.request.namespace, self.store, manifest, annotated=annotated)
        left_out = results.LeftOut(
            crowd_count(self.index), reduced_count(self.index), planned.left_out_images, planned.left_out_objects
        )
        if not tally.items:
            return results.empty(codes, first, left_out)
        return results.locked(digest, tally, codes, left_out, first)

    @property
    def _pipeline(self) -> Pipeline:
        return Pipeline(self.request.preprocessing)

    def _check(self) -> None:
        check_records(self.index)
        self._take_pictures()
        check_contents(self.index)
        check_boxes(self.index)
        for fault in self._pipeline.faults(class_names(self.index)):
            self.index.fault(fault, self.request.dataset)

    def _rejected(self) -> bool:
        """Tell whether nothing will be locked; what is missing from a part is looked at only where all else is well."""
        return self.request.on_fault is OnFault.REJECT and self.index.fault_count() > 0

    def _plan(self) -> Plan:
        self.index.drop_doubted()
        planned = plan(self.index, self._pipeline, self.request.split)
        for fault in planned.faults():
            self.index.fault(fault, self.request.dataset)
        return planned

    def _take_pictures(self) -> None:
        pictures = PictureStore(self.source, self.store, self.request.namespace, self.limits)
        progress = ProgressWriter(self.store, self.places.progress, time.monotonic)
        total = self.index.image_count()
        progress.tell(0, total)
        self.proven.begin(self.source, total, are_blobs=self.request.vision is not None)
        pieces = ((row, image, self.proven.of(image)) for row, image in self.index.images())
        taken_pictures = in_order(lambda piece: piece[2] or pictures.take(piece[1]), pieces)
        for done, ((row, image, earlier), taken) in enumerate(taken_pictures, start=1):
            if isinstance(taken, Picture):
                self.index.set_picture(row, taken)
                if earlier is None:
                    self.proven.note(image, taken)
            outcome = frame_of(image, taken) if isinstance(taken, Picture) else taken
            if isinstance(outcome, RecordFault):
                self.index.fault(outcome, image.file)
            progress.tell(done, total)


def _refused(request: SnapshotRequest, store: ObjectStore, places: Places, why: str) -> SnapshotResult:
    file = request.coco.annotations_uri if request.coco else request.dataset
    fault = Fault(code=FaultCode.SOURCE_NOT_ALLOWED, file=file, record="source", message=why)
    store.put(places.faults, fault.to_json() + b"\n")
    result = results.faulty(Counter({fault.code: 1}), [fault], f"{store.uri}/{places.faults}")
    return publish(store, places.result, result)
