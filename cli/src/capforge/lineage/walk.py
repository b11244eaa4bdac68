"""The walk: ledger entry → run and card → datasets → manifests → submissions. Only reads.

What is missing or does not fit is noted, and the walk goes on: half a lineage is worth more than none.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

from capforge.errors import CliError
from capforge.lineage.question import Asked
from capforge.lineage.records import Annotated, DatasetLineage, Lineage, RunLineage
from capforge_contracts import layout
from capforge_contracts.dataset import Split, read_manifest
from capforge_contracts.ledger import AnyEntry, AutomaticTraining, VersionPublished, read_entry
from capforge_contracts.model import sha256_hex
from capforge_contracts.run import DatasetSelection, ModelCard, RunSpec
from capforge_contracts.store import NotFound, ObjectStore
from capforge_contracts.submissions import DOCUMENTS_FORMAT, Submission, read_documents_manifest

_Read = TypeVar("_Read")
_FIRST_LINE_BYTES = 4096


def walk(store: ObjectStore, namespace: str, asked: Asked) -> Lineage:
    """Return the lineage of a version; raises CliError where there is no such version, StoreError."""
    return _Walk(store, namespace).lineage(asked)


class _Walk:
    """One walk through one tenant's part of the store."""

    def __init__(self, store: ObjectStore, namespace: str) -> None:
        self._store = store
        self._namespace = namespace
        self._problems: list[str] = []

    def lineage(self, asked: Asked) -> Lineage:
        entries = list(self._entries(asked.capability))
        entry = _published(entries, self._namespace, asked)
        spec = self._read(
            "the run's specification", layout.run_spec(self._namespace, entry.run_digest), RunSpec.from_json
        )
        self._compare(asked, entry)
        return Lineage(
            namespace=self._namespace,
            capability=asked.capability,
            version=entry.version,
            published_time=entry.time,
            ledger_entry=entry.sequence,
            gate=entry.gate,
            run=self._run(entry, spec, entries),
            datasets=tuple(self._datasets(spec, entry)),
            asked=asked,
            problems=tuple(self._problems),
        )

    def _entries(self, capability: str) -> Iterator[AnyEntry]:
        for info in self._store.list(layout.ledger_prefix(self._namespace, capability)):
            entry = self._read("a ledger entry", info.key, read_entry)
            if entry is not None:
                yield entry

    def _compare(self, asked: Asked, entry: VersionPublished) -> None:
        if asked.run_digest is not None and asked.run_digest != entry.run_digest:
            self._problems.append(f"the answer names run {asked.run_digest}, the ledger {entry.run_digest}")
        if asked.run_digest is not None and sorted(asked.dataset_digests) != sorted(set(entry.dataset_digests)):
            self._problems.append("the answer names other datasets than the ledger")

    def _run(self, entry: VersionPublished, spec: RunSpec | None, entries: Iterable[AnyEntry]) -> RunLineage:
        key = layout.attempt_file(self._namespace, entry.run_digest, entry.attempt, layout.CARD)
        card = self._read("the model card", key, ModelCard.from_json)
        if card is not None and card.model_sha256 != entry.model_sha256:
            self._problems.append(f"the card is of model {card.model_sha256}, the ledger's is {entry.model_sha256}")
        fired = next((one for one in entries if isinstance(one, AutomaticTraining) and one.run == entry.run), None)
        return RunLineage(
            name=entry.run,
            digest=entry.run_digest,
            attempt=entry.attempt,
            template=spec.template if spec else "",
            image=spec.image if spec else "",
            seed=spec.seed if spec else 0,
            model_sha256=entry.model_sha256,
            figures=_figures(card) if card else "",
            fired=f"at {fired.threshold} annotated documents (there were {fired.documents})" if fired else "",
        )

    def _datasets(self, spec: RunSpec | None, entry: VersionPublished) -> Iterator[DatasetLineage]:
        if spec is None:
            for digest in sorted(set(entry.dataset_digests)):
                yield self._dataset("", DatasetSelection(name="", digest=digest))
            return
        for role in ("train", "dev", "test"):
            for selection in getattr(spec.datasets, role):
                yield self._dataset(role, selection)

    def _dataset(self, role: str, selection: DatasetSelection) -> DatasetLineage:
        split = selection.split
        key = layout.manifest(self._namespace, selection.digest)
        data = self._read(f"the manifest of dataset {selection.name}", key, bytes) or b""
        if data and sha256_hex(data) != selection.digest:
            self._problems.append(f"the manifest of dataset {selection.name} is not the one with its digest")
        items, submissions = self._content(key, data, split) if data else (0, ())
        return DatasetLineage(role, selection.name, selection.digest, split and split.value, items, submissions)

    def _content(self, key: str, data: bytes, split: Split | None) -> tuple[int, tuple[Annotated, ...]]:
        try:
            if DOCUMENTS_FORMAT.encode() not in data[:_FIRST_LINE_BYTES]:
                return sum(split in {None, item.split} for item in read_manifest(data)[1]), ()
            found = [one for one in read_documents_manifest(data)[1] if split in {None, one.split}]
        except ValueError as error:
            self._problems.append(f"{key} is damaged: {error}")
            return 0, ()
        return len(found), tuple(_annotated(one) for one in sorted(found, key=lambda one: one.sequence))

    def _read(self, what: str, key: str, parse: Callable[[bytes], _Read]) -> _Read | None:
        try:
            return parse(self._store.get(key))
        except NotFound:
            self._problems.append(f"{what} is missing: {key}")
        except ValueError as error:
            self._problems.append(f"{what} is damaged: {key}: {error}")
        return None


def _published(entries: Iterable[AnyEntry], namespace: str, asked: Asked) -> VersionPublished:
    published = [one for one in entries if isinstance(one, VersionPublished)]
    found = [one for one in published if asked.version in {None, one.version}]
    if not found:
        known = ", ".join(one.version for one in published) or "none yet"
        raise CliError(f"{namespace}/{asked.capability} has no version {asked.version or ''}; versions: {known}")
    return found[-1]


def _figures(card: ModelCard) -> str:
    if card.document_dev is not None and card.document_dev.accuracy is not None:
        judged = card.document_dev
        how = "cross-validated" if judged.cross_validated else "on dev"
        return f"{judged.accuracy:.1%} of {judged.decisions} decisions right {how} ({judged.documents} documents)"
    if card.dev is not None and card.dev.map50 is not None:
        return f"mAP50 {card.dev.map50:.3f} on dev ({card.dev.images} images)"
    return ""


def _annotated(one: Submission) -> Annotated:
    return Annotated(
        one.submission, one.sequence, one.annotator, one.time, one.document, one.name, one.sha256, one.split.value
    )
