"""One snapshot of annotated documents: read `DocumentsSnapshot.take` from the top.

- Roles are the documents' own; nothing is split here. Blobs are in the store already: the gateway wrote them.
- Of documents with the same content the newest annotation counts.
- A field that an annotation does not mention is unknown in that document; labels of fields that the data model does not
  have (any more) are left out and counted.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from capforge_contracts.data_model import DataField
from capforge_contracts.dataset import OnFault, SnapshotRequest, SnapshotResult, SubmissionsSource
from capforge_contracts.model import wrong_fields
from capforge_contracts.reading import Reading
from capforge_contracts.store import ObjectStore
from capforge_contracts.submissions import Submission, documents_manifest_lines
from capforge_snapshot import results
from capforge_snapshot.fault_file import write_faults
from capforge_snapshot.freeze import store_manifest
from capforge_snapshot.in_order import in_order
from capforge_snapshot.places import Places
from capforge_snapshot.progress import ProgressWriter
from capforge_snapshot.submissions.checks import kept_labels, label_faults, record_faults
from capforge_snapshot.submissions.faults import FaultCode, LabelFault
from capforge_snapshot.submissions.inbox import Inbox
from capforge_snapshot.submissions.readings import fetch_reading
from capforge_snapshot.submissions.stream import MAX_LINE_BYTES, Gateway, Line, SourceUnavailable
from capforge_snapshot.tally import Tally

_ENOUGH_FAULTY_LINES = 10_000
"""A stream that is no stream of annotations is not listed line by line for ever."""


def take_documents(
    request: SnapshotRequest, source: SubmissionsSource, gateway: Gateway, store: ObjectStore, folder: Path
) -> SnapshotResult:
    """Read, check, freeze; return the result without writing it. Raises StoreError."""
    with closing(Inbox(folder / "annotations.sqlite", f"submissions of {source.capability}")) as inbox:
        return _DocumentsSnapshot(request, source, gateway, store, inbox, folder).take()


@dataclass(frozen=True)
class _DocumentsSnapshot:
    request: SnapshotRequest
    source: SubmissionsSource
    gateway: Gateway
    store: ObjectStore
    inbox: Inbox
    folder: Path

    def take(self) -> SnapshotResult:
        source, places = self.source, Places.of(self.request)
        try:
            self.gateway.read(self.request.namespace, source.capability, source.as_of_sequence, self._receive)
        except SourceUnavailable as error:
            return results.unavailable(str(error))
        superseded = self.inbox.keep_newest_of_content()
        self._check_readings()
        codes, first = write_faults(self.inbox.faults, self.store, places.faults, self.folder / "faults.jsonl")
        if first and self.request.on_fault is OnFault.REJECT:
            return results.faulty(codes, first, f"{self.store.uri}/{places.faults}")
        tally, ignored = Tally(), Counter[str]()
        tally.classes.update(dict.fromkeys((field.name for field in source.fields), 0))
        lines = documents_manifest_lines(source.fields, tally.documents(self._frozen(ignored)))
        digest = store_manifest(lines, self.request.namespace, self.store, self.folder / "manifest.jsonl")
        if not tally.items:
            return results.no_documents(source.capability, source.as_of_sequence, codes, first)
        return results.documents_locked(digest, tally, codes, first, superseded, ignored)

    @property
    def _fields(self) -> dict[str, DataField]:
        return {field.name: field for field in self.source.fields}

    def _receive(self, lines: Iterator[Line]) -> None:
        self.inbox.clear()
        faulty = 0
        for line in lines:
            parsed = _parsed(line)
            if isinstance(parsed, Submission):
                faults = record_faults(parsed, self.source.as_of_sequence)
                if not faults:
                    self.inbox.add(parsed)
                record = _label(parsed)
            else:
                faults, record = [parsed], f"line {line.number}"
            faulty += bool(faults)
            if faulty > _ENOUGH_FAULTY_LINES:
                message = f"more than {_ENOUGH_FAULTY_LINES} lines are no annotations; is it the right gateway?"
                raise SourceUnavailable(message)
            for fault in faults:
                self.inbox.fault(record, fault)

    def _check_readings(self) -> None:
        progress = ProgressWriter(self.store, Places.of(self.request).progress, time.monotonic)
        total = self.inbox.count()
        progress.tell(0, total)
        for done, ((row, submission), faults) in enumerate(in_order(self._checked(), self.inbox.kept()), start=1):
            for fault in faults:
                self.inbox.fault(_label(submission), fault)
            if faults:
                self.inbox.drop(row)
            progress.tell(done, total)

    def _checked(self) -> Callable[[tuple[int, Submission]], list[LabelFault]]:
        fields = self._fields

        def checked(piece: tuple[int, Submission]) -> list[LabelFault]:
            _, submission = piece
            reading = fetch_reading(self.store, self.request.namespace, submission)
            return label_faults(submission, fields, reading) if isinstance(reading, Reading) else [reading]

        return checked

    def _frozen(self, ignored: Counter[str]) -> Iterator[Submission]:
        fields = self._fields
        for _, submission in self.inbox.kept():
            ignored.update(label.field for label in submission.labels if label.field not in fields)
            yield kept_labels(submission, fields)


def _parsed(line: Line) -> Submission | LabelFault:
    if line.data is None:
        return LabelFault(FaultCode.TOO_LARGE, f"the line has more than {MAX_LINE_BYTES} bytes; allowed: at most that")
    try:
        return Submission.from_json(line.data)
    except ValidationError as error:
        return LabelFault(FaultCode.BAD_RECORD, wrong_fields(error, "the line")[0])


def _label(submission: Submission) -> str:
    return f"document {submission.document} ({submission.name})"
