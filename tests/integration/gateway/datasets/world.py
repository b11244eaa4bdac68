"""Datasets as snapshots leave them in the store, and a gateway that is asked about them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import httpx

from capforge_contracts import layout
from capforge_contracts.data_model import DataField
from capforge_contracts.dataset import (
    ClassCount,
    CocoSource,
    Fault,
    ManifestEntity,
    ManifestItem,
    PurgedItem,
    SnapshotOutcome,
    SnapshotRequest,
    SnapshotResult,
    Split,
    write_manifest,
)
from capforge_contracts.model import sha256_hex
from capforge_contracts.store import ObjectStore
from capforge_contracts.submissions import FieldLabel, Submission, write_documents_manifest
from tests.integration.gateway.process import NAMESPACE, GatewayProcess
from tests.integration.gateway.vision.world import picture
from tests.unit.contracts.locked_documents import FIELDS, document

Json = dict[str, Any]
CLASSES = ("cat", "dog")
WIDTH, HEIGHT = 64, 48


def pdf(number: int) -> bytes:
    """Return what begins as a PDF does."""
    return f"%PDF-1.7 {number}".encode()


def entity(name: str = "cat", x0: float = 1, **more: Any) -> ManifestEntity:
    return ManifestEntity(class_name=name, box=[x0, 2, x0 + 10, 12], **more)


@dataclass(frozen=True)
class Shelves:
    """What snapshot Jobs write."""

    store: ObjectStore
    namespace: str = NAMESPACE

    def item(self, number: int, split: Split, *entities: ManifestEntity, name: str = "") -> ManifestItem:
        """Put a picture there; return its line."""
        data = picture(number, (WIDTH, HEIGHT))
        sha256 = sha256_hex(data)
        self.store.put(layout.blob(self.namespace, sha256), data)
        named = name or f"{number}.png"
        return ManifestItem(sha256=sha256, name=named, width=WIDTH, height=HEIGHT, split=split, entities=list(entities))

    def lock(self, dataset: str, items: Sequence[ManifestItem], *, spec: str = "a", day: int = 1) -> str:
        """Write manifest, request and result; return the digest."""
        data = write_manifest(CLASSES, items)
        digest = sha256_hex(data)
        self.store.put(layout.manifest(self.namespace, digest), data)
        self.ended(dataset, SnapshotOutcome.LOCKED, spec=spec, day=day, digest=digest, items=len(items))
        return digest

    def document(self, number: int, *labels: FieldLabel, **changes: Any) -> Submission:
        """Put a PDF there and how it was read; return its line."""
        read = f'{{"reading": {number}}}'.encode()
        data = pdf(number)
        for blob in (data, read):
            self.store.put(layout.blob(self.namespace, sha256_hex(blob)), blob)
        return document(number, *labels, sha256=sha256_hex(data), reading_sha256=sha256_hex(read), **changes)

    def lock_documents(self, dataset: str, items: Sequence[Submission], fields: Sequence[DataField] = FIELDS) -> str:
        """Write manifest, request and result; return the digest."""
        return self.lock_bytes(dataset, write_documents_manifest(fields, items), len(items))

    def lock_bytes(self, dataset: str, data: bytes, items: int) -> str:
        """Write a manifest as it is given, request and result; return the digest."""
        digest = sha256_hex(data)
        self.store.put(layout.manifest(self.namespace, digest), data)
        self.ended(dataset, SnapshotOutcome.LOCKED, digest=digest, items=items)
        return digest

    def asked(self, dataset: str, *, spec: str = "a", day: int = 1) -> None:
        """Write the request alone: the Job is under way."""
        request = SnapshotRequest(
            namespace=self.namespace,
            dataset=dataset,
            spec_hash=spec * 64,
            as_of=f"2026-01-{day:02}T00:00:00Z",
            coco=CocoSource(annotations_uri=f"s3://capforge/{self.namespace}/in/train.json"),
        )
        self.store.put(layout.snapshot_request(self.namespace, dataset, spec * 64), request.to_json())

    def ended(self, dataset: str, outcome: SnapshotOutcome, *, spec: str = "a", day: int = 1, **told: Any) -> None:
        self.asked(dataset, spec=spec, day=day)
        fault = Fault(code="ZeroAreaBox", file="train.json", record="annotation 1", message="no area")
        faulty = outcome is SnapshotOutcome.FAULTY_RECORDS
        result = SnapshotResult(
            outcome=outcome,
            message="as it is",
            classes=[ClassCount(name=name, count=1) for name in CLASSES],
            fault_count=int(faulty),
            faults=[fault] if faulty else [],
            **told,
        )
        self.store.put(layout.snapshot_result(self.namespace, dataset, spec * 64), result.to_json())

    def purge(self, digest: str, item: ManifestItem | Submission) -> None:
        """Mark it and take its bytes away, as a purge does."""
        mark = PurgedItem(sha256=item.sha256, time="2026-01-01T00:00:00Z")
        self.store.put(layout.purged_item(self.namespace, digest, item.sha256), mark.to_json())
        self.store.delete(layout.blob(self.namespace, item.sha256))


@dataclass(frozen=True)
class Reader:
    """A person with a key."""

    process: GatewayProcess
    namespace: str = NAMESPACE

    def call(self, path: str, *, method: str = "GET", key: str | None = None, **more: Any) -> httpx.Response:
        """Ask below `/v1/datasets/{namespace}`."""
        headers = {"Authorization": f"Token {self.process.key if key is None else key}"}
        url = f"{self.process.url}/v1/datasets/{self.namespace}{path}"
        return self.process.http.request(method, url, headers=headers, **more)

    def found(self, path: str, **query: Any) -> Json:
        answer = self.call(path, params=query)
        assert answer.status_code == 200, answer.text
        found: Json = answer.json()
        return found

    def refused(self, path: str, status: int, **more: Any) -> Json:
        """Return the error of a refusal."""
        answer = self.call(path, **more)
        assert answer.status_code == status, answer.text
        error: Json = answer.json()["api_request"]["error"]
        return error
