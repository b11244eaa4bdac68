"""A small tenant with data, a capability, a template and a run, on twins; and what trainers and snapshots would do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from capforge_contracts import layout
from capforge_contracts.dataset import (
    ManifestEntity,
    ManifestItem,
    SnapshotOutcome,
    SnapshotResult,
    Split,
    write_manifest,
)
from capforge_contracts.ledger import VersionPublished
from capforge_contracts.model import sha256_hex
from capforge_contracts.run import (
    AttemptClaim,
    CapabilityType,
    DetectionMetrics,
    ModelCard,
    Output,
    Parity,
    Phase,
    Progress,
    RunDatasets,
)
from capforge_operator.api.dataset import Dataset
from capforge_operator.api.training_run import TrainingRun
from capforge_operator.domain.dataset_view import spec_hash
from capforge_operator.keys import Key, Kind
from capforge_operator.ports import Done, JobOutcome, Json
from capforge_operator.resource_types import DATASETS, TRAINING_RUNS
from capforge_operator.runtime.threads import Threads
from capforge_operator.settings import Settings
from capforge_operator.wiring import World, reconcilers
from tests.support.twins.jobs import job_pod
from tests.support.twins.world import MemoryWorld

NAMESPACE = "team-a"
SETTINGS = Settings(namespace="capforge-system", snapshot_image="snapshot:1", trainer_image="trainer:1")
TEMPLATE = "tiny-detector"
SCHEMA: Json = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "epochs": {"type": "integer", "minimum": 1},
        "optimizer": {
            "type": "object",
            "additionalProperties": False,
            "properties": {"name": {"enum": ["adam", "sgd"]}, "rate": {"type": "number", "exclusiveMinimum": 0}},
        },
        "sizes": {"type": "array", "items": {"type": "integer"}},
    },
}
DEFAULTS: Json = {"epochs": 10, "optimizer": {"name": "adam", "rate": 0.001}, "sizes": [320, 320]}


def resource(kind: str, name: str, spec: Json, namespace: str = NAMESPACE) -> Json:
    metadata = {"name": name, **({"namespace": namespace} if namespace else {})}
    return {"apiVersion": "capforge.dev/v1alpha1", "kind": kind, "metadata": metadata, "spec": spec}


def dataset(name: str = "cells", **spec: Any) -> Json:
    source = {"coco": {"annotationsUri": f"s3://capforge/{NAMESPACE}/in/{name}.json"}}
    return resource("Dataset", name, {"source": source, "onFault": "Reject", **spec})


def capability(name: str = "cells", outputs: Sequence[str] = ("RBC", "WBC")) -> Json:
    listed = [{"position": position, "name": output} for position, output in enumerate(outputs)]
    return resource("Capability", name, {"type": "DetectorElement", "modelParameters": {"outputs": listed}})


def template(name: str = TEMPLATE, **spec: Any) -> Json:
    fields = {"capabilityTypes": ["DetectorElement"], "parameterSchema": SCHEMA, "defaults": DEFAULTS, **spec}
    return resource("ModelTemplate", name, fields, namespace="")


def run(name: str = "cells-1", **spec: Any) -> Json:
    fields = {
        "capabilityRef": {"name": "cells"},
        "datasets": {"train": [{"name": "cells", "split": "Train"}], "dev": [{"name": "cells", "split": "Dev"}]},
        "templateRef": {"name": TEMPLATE},
        "timeBudgetSeconds": 600,
        **spec,
    }
    return resource("TrainingRun", name, fields)


def item(content: str, split: Split = Split.TRAIN, classes: Sequence[str] = ("RBC", "WBC")) -> ManifestItem:
    """An image whose bytes are this text; its name is the text too unless a test says otherwise."""
    entities = [ManifestEntity(class_name=name, box=[0, 0, 4, 4]) for name in classes]
    digest = sha256_hex(content.encode())
    return ManifestItem(sha256=digest, name=f"{content}.jpg", width=8, height=8, split=split, entities=entities)


ITEMS = (item("a"), item("b"), item("c", Split.DEV), item("d", Split.TEST))


@dataclass
class TrainingWorld:
    """Twins, reconcilers on them, and verbs for what happens outside the operator."""

    twins: MemoryWorld = field(default_factory=MemoryWorld)
    threads: Threads = field(default_factory=lambda: Threads(2, 10))
    settings: Settings = SETTINGS

    def world(self) -> World:
        twins = self.twins
        return World(
            twins.resources,
            twins.tenants,
            twins.jobs,
            twins.pods,
            twins.store,
            twins.events,
            twins.agents,
            twins.gateways,
            twins.clock,
        )

    async def reconcile(self, kind: Kind, name: str, world: World | None = None) -> Done:
        found = reconcilers(world or self.world(), self.twins.bell, self.threads, self.settings)
        return await found[kind].reconcile(Key(kind, NAMESPACE, name))

    async def dataset(self, name: str = "cells") -> Dataset:
        """Reconcile the dataset and return what it became."""
        await self.reconcile(Kind.DATASET, name)
        return self.seen_dataset(name)

    async def run(self, name: str = "cells-1") -> TrainingRun:
        """Reconcile the run and return what it became."""
        await self.reconcile(Kind.TRAINING_RUN, name)
        return self.seen_run(name)

    def seen_dataset(self, name: str = "cells") -> Dataset:
        return Dataset.parse(self.twins.resources.objects[DATASETS.kind, NAMESPACE, name])

    def seen_run(self, name: str = "cells-1") -> TrainingRun:
        return TrainingRun.parse(self.twins.resources.objects[TRAINING_RUNS.kind, NAMESPACE, name])

    @property
    def training_jobs(self) -> list[str]:
        """The training Jobs that were created, in order."""
        return [name for name in self.twins.jobs.created if name.endswith("-train")]

    # What a snapshot Job does.

    def answer_snapshot(self, result: SnapshotResult, name: str = "cells") -> None:
        """Write the result and end the Job."""
        digest = spec_hash(self.seen_dataset(name))
        key = layout.snapshot_result(NAMESPACE, name, digest)
        self.twins.store.objects.put(key, result.to_json())
        self.twins.jobs.end(NAMESPACE, f"{name}-snapshot-{digest[:8]}", JobOutcome.COMPLETE)

    def freeze(self, items: Sequence[ManifestItem] = ITEMS, classes: Sequence[str] = ("RBC", "WBC")) -> SnapshotResult:
        """Write a manifest and return the result that names it."""
        data = write_manifest(classes, items)
        digest = sha256_hex(data)
        self.twins.store.objects.put(layout.manifest(NAMESPACE, digest), data)
        return SnapshotResult(
            outcome=SnapshotOutcome.LOCKED, message=f"{len(items)} images", digest=digest, items=len(items)
        )

    async def locked(self, name: str = "cells", items: Sequence[ManifestItem] = ITEMS, **spec: Any) -> None:
        """Make a locked dataset."""
        self.twins.resources.put(dataset(name, **spec))
        await self.reconcile(Kind.DATASET, name)
        self.answer_snapshot(self.freeze(items), name)
        await self.reconcile(Kind.DATASET, name)

    async def ready_to_train(self, **spec: Any) -> None:
        """Make everything that a run needs, and the run."""
        await self.locked()
        self.twins.resources.put(capability())
        self.twins.resources.put(template())
        self.twins.resources.put(run(**spec))

    async def completed(self) -> TrainingRun:
        """Make everything, train, and return the run as it ended; its version is not published."""
        await self.ready_to_train()
        await self.run()
        self.claim()
        self.leave_card()
        self.end_job(JobOutcome.COMPLETE)
        return await self.run()

    # What a trainer does.

    def attempt_file(self, name: str, data: bytes, run_name: str = "cells-1", attempt: int = 1) -> None:
        digest = self.seen_run(run_name).status.run_digest or ""
        self.twins.store.objects.put(layout.attempt_file(NAMESPACE, digest, attempt, name), data)

    def claim(self, run_name: str = "cells-1", attempt: int = 1) -> None:
        """Start a pod that claims an attempt."""
        claimed = AttemptClaim(attempt=attempt, host="pod", start_time="2026-01-01T00:00:00Z")
        self.attempt_file(layout.ATTEMPT, claimed.to_json(), run_name, attempt)
        self.twins.pods.set(job_pod(f"{run_name}-train", NAMESPACE, self.twins.clock.now()))

    def progress(self, phase: Phase, run_name: str = "cells-1", attempt: int = 1, **fields: Any) -> None:
        data = Progress(phase=phase, attempt=attempt, **fields).to_json()
        self.attempt_file(layout.PROGRESS, data, run_name, attempt)

    def leave_card(self, run_name: str = "cells-1", attempt: int = 1, *, parity: bool = True) -> ModelCard:
        card = model_card(self.seen_run(run_name).status.run_digest or "", attempt, run_name, parity=parity)
        self.attempt_file(layout.CARD, card.to_json(), run_name, attempt)
        return card

    def end_job(self, outcome: JobOutcome, run_name: str = "cells-1", reason: str = "") -> None:
        self.twins.jobs.end(NAMESPACE, f"{run_name}-train", outcome, reason)

    def publish(self, run_name: str = "cells-1", version: str = "1.1") -> None:
        """Write what the capability's reconcile writes."""
        digest = self.seen_run(run_name).status.run_digest or ""
        entry = VersionPublished(
            sequence=1,
            time="2026-01-01T00:00:00Z",
            version=version,
            run=run_name,
            run_digest=digest,
            attempt=1,
            dataset_digests=[],
            model_sha256="e" * 64,
        )
        self.twins.store.objects.put(layout.ledger_entry(NAMESPACE, "cells", 1), entry.to_json())


def model_card(digest: str, attempt: int = 1, run_name: str = "cells-1", *, parity: bool = True) -> ModelCard:
    return ModelCard(
        namespace=NAMESPACE,
        capability="cells",
        capability_type=CapabilityType.DETECTOR,
        run=run_name,
        run_digest=digest,
        attempt=attempt,
        template=TEMPLATE,
        parameters={},
        outputs=[Output(position=0, name="RBC"), Output(position=1, name="WBC")],
        datasets=RunDatasets(train=[], dev=[]),
        ignored_classes={"Platelets": 3},
        model_sha256="e" * 64,
        model_size_bytes=10,
        golden_sha256="f" * 64,
        opset=17,
        inputs=[],
        model_outputs=[],
        max_batch_size=8,
        input_width=320,
        input_height=320,
        transforms_version="1",
        confidence_threshold=0.4,
        dev=DetectionMetrics(images=1, objects=2, map50=0.875, map50_95=0.5, precision=1.0, recall=0.25, f1=0.4),
        test=DetectionMetrics(images=1, objects=2, map50=0.8),
        parity=Parity(images=50, heads_max_abs_error=1e-6, detections_matched_percent=100, passed=parity),
        epochs=10,
        best_epoch=8,
        train_seconds=12.5,
    )
