"""Which documents a run trains, develops and tests on: manifests, readings by digest, labels of its fields."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from pydantic import ValidationError

from capforge_contracts import layout
from capforge_contracts.data_model import DataField
from capforge_contracts.dataset import Split
from capforge_contracts.model import sha256_hex
from capforge_contracts.reading import Reading
from capforge_contracts.run import DatasetSelection, RunSpec
from capforge_contracts.store import NotFound, ObjectStore
from capforge_contracts.submissions import FieldLabel, Submission
from capforge_trainer.documents.manifests import read_selection
from capforge_trainer.errors import BadConfigurationError, BadDataError
from capforge_trainer.scorer.examples import Example

_CONNECTIONS = 8
_LISTED = 20


@dataclass(frozen=True)
class AnnotatedDocument:
    """One document of a run with the labels of the run's fields."""

    sha256: str
    name: str
    example: Example


@dataclass(frozen=True)
class DocumentSelection:
    """The documents of a run by role."""

    fields: list[DataField]
    """By index in the model."""
    train: list[AnnotatedDocument]
    dev: list[AnnotatedDocument]
    test: list[AnnotatedDocument]
    ignored: dict[str, int]
    """Fields of the data that are not the run's, with how many labels were left out."""
    warnings: list[str] = field(default_factory=list)


def select(store: ObjectStore, spec: RunSpec, arrived: Callable[[float], None]) -> DocumentSelection:
    """Read manifests and readings; `arrived` hears the share (0-1) that is here.

    Raises BadConfigurationError, BadDataError with everything that is wrong, StoreError.
    """
    _check_fields(spec.fields)
    read = _Reader(store, spec)
    items = {
        Split.TRAIN: read.items(spec.datasets.train),
        Split.DEV: read.items(spec.datasets.dev),
        Split.TEST: read.items(spec.datasets.test),
    }
    _refuse(_faults(items))
    documents = read.documents(items, arrived)
    if not documents[Split.TRAIN]:
        raise BadDataError("datasets.train: no document is left whose reading is in the store; annotate new ones")
    return DocumentSelection(
        list(spec.fields),
        documents[Split.TRAIN],
        documents[Split.DEV],
        documents[Split.TEST],
        dict(sorted(read.ignored.items())),
        [*read.warnings, *_unlabelled(documents, spec.fields)],
    )


def _check_fields(fields: list[DataField]) -> None:
    names = [one.name for one in fields]
    if not names:
        raise BadConfigurationError("fields: the data model is empty; at least one field is needed")
    if len(set(names)) != len(names):
        raise BadConfigurationError(f"fields: names are {names}; each may occur once")


class _Reader:
    """Reads manifests and readings, and remembers what was left out."""

    def __init__(self, store: ObjectStore, spec: RunSpec) -> None:
        self._store, self._namespace = store, spec.namespace
        self._fields = {one.name: one for one in spec.fields}
        self.ignored: Counter[str] = Counter()
        self.warnings: list[str] = []

    def items(self, selections: list[DatasetSelection]) -> list[Submission]:
        """Return the documents of all selections, each content once (its newest annotation), in order of digests."""
        found: dict[str, Submission] = {}
        for selection in selections:
            header, items = read_selection(self._store, self._namespace, selection)
            usable = self._usable(selection, header.fields)
            for item in items:
                if item.sha256 not in found or found[item.sha256].sequence < item.sequence:
                    found[item.sha256] = item.model_copy(update={"labels": self._kept(item, usable)})
        return [found[digest] for digest in sorted(found)]

    def documents(
        self, items: dict[Split, list[Submission]], arrived: Callable[[float], None]
    ) -> dict[Split, list[AnnotatedDocument]]:
        """Fetch the readings, several at a time. Documents whose reading is gone (purged meanwhile) are left out."""
        flat = [(role, item) for role, some in items.items() for item in some]
        documents: dict[Split, list[AnnotatedDocument]] = {role: [] for role in items}
        with ThreadPoolExecutor(_CONNECTIONS, thread_name_prefix="readings") as pool:
            readings = pool.map(lambda one: self._reading(one[1]), flat)
            for count, ((role, item), reading) in enumerate(zip(flat, readings, strict=True), start=1):
                arrived(count / len(flat))
                if reading is None:
                    gone = "its reading is no longer in the store (was it purged?); it is left out"
                    self.warnings.append(f"document {item.name} ({item.sha256}): {gone}")
                    continue
                example = Example(reading=reading, labels=tuple(item.labels), split=role)
                documents[role].append(AnnotatedDocument(item.sha256, item.name, example))
        return documents

    def _usable(self, selection: DatasetSelection, fields: list[DataField]) -> set[str]:
        """Return the fields whose labels mean the same in the data and in the run."""
        then = {one.name: one.type for one in fields}
        retyped = [name for name, own in self._fields.items() if name in then and then[name] is not own.type]
        self.warnings += [
            f"field {name} is of type {self._fields[name].type} now, of {then[name]} in dataset {selection.name}: "
            "its labels there are left out"
            for name in retyped
        ]
        return set(self._fields) - set(retyped)

    def _kept(self, item: Submission, usable: set[str]) -> list[FieldLabel]:
        self.ignored.update(label.field for label in item.labels if label.field not in usable)
        return [label for label in item.labels if label.field in usable]

    def _reading(self, item: Submission) -> Reading | None:
        key = layout.blob(self._namespace, item.reading_sha256)
        try:
            data = self._store.get(key)
        except NotFound:
            return None
        if sha256_hex(data) != item.reading_sha256:
            raise BadDataError(f"document {item.name}: the bytes of its reading {key} do not have that digest")
        try:
            return Reading.from_json(data)
        except ValidationError as error:
            message = f"document {item.name}: its reading {key} is not one: {error.errors()[0]['msg']}"
            raise BadDataError(message) from error


def _faults(items: dict[Split, list[Submission]]) -> Iterator[str]:
    if not items[Split.TRAIN]:
        yield "datasets.train: no document is selected; at least one is needed"
    train = {item.sha256: item.name for item in items[Split.TRAIN]}
    for role in (Split.DEV, Split.TEST):
        for item in items[role]:
            if item.sha256 in train:
                same = f"{train[item.sha256]} of datasets.train (same content)"
                yield f"document {item.name} of datasets.{role.lower()} is {same}"


def _refuse(faults: Iterator[str]) -> None:
    found = list(faults)
    if found:
        more = f"; and {len(found) - _LISTED} more" if len(found) > _LISTED else ""
        raise BadDataError("; ".join(found[:_LISTED]) + more)


def _unlabelled(documents: dict[Split, list[AnnotatedDocument]], fields: list[DataField]) -> Iterator[str]:
    present = {label.field for one in documents[Split.TRAIN] for label in one.example.labels if not label.absent}
    for one in fields:
        if one.name not in present:
            yield f"field {one.name} has no value in any document of train: the model answers that it is absent"
