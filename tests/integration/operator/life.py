"""One tenant's objects on a real API server and in a real store, and what Jobs would write there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from capforge_contracts import layout
from capforge_contracts.dataset import SnapshotOutcome, SnapshotResult, write_manifest
from capforge_contracts.exitcodes import Termination
from capforge_contracts.model import sha256_hex
from capforge_contracts.run import AttemptClaim, Phase, Progress
from capforge_contracts.s3 import S3ObjectStore
from capforge_operator.api.dataset import Dataset
from capforge_operator.api.training_run import TrainingRun
from capforge_operator.domain.dataset_view import spec_hash
from tests.integration.operator.kubelet import Kubelet
from tests.support.apiserver import KubeApi
from tests.support.eventually import eventually
from tests.unit.operator.training_world import ITEMS, capability, dataset, model_card, run, template

TEMPLATE = "tiny-detector"


@dataclass(frozen=True)
class Life:
    """Verbs for people, snapshots and trainers; every `await_…` polls the API server."""

    kube: KubeApi
    store: S3ObjectStore
    namespace: str

    @property
    def kubelet(self) -> Kubelet:
        return Kubelet(self.kube, self.namespace)

    def apply(self, *documents: dict[str, Any]) -> None:
        """Apply objects into the tenant's namespace."""
        for document in documents:
            if "namespace" in document["metadata"]:
                document["metadata"]["namespace"] = self.namespace
        self.kube.apply(*documents)

    def apply_all(self, **spec: Any) -> None:
        source = {"coco": {"annotationsUri": f"s3://capforge/{self.namespace}/in/cells.json"}}
        self.apply(dataset(source=source), capability(), template(), run(**spec))

    def dataset(self, name: str = "cells") -> Dataset:
        return Dataset.parse(self.kube.get("dataset", name, "-n", self.namespace))

    def run(self, name: str = "cells-1") -> TrainingRun:
        return TrainingRun.parse(self.kube.get("trainingrun", name, "-n", self.namespace))

    def await_dataset(self, reason: str, name: str = "cells") -> Dataset:
        def check() -> Dataset:
            found = self.dataset(name)
            assert (found.status.condition("Ready") or _NONE).reason == reason, found.status.conditions
            return found

        return eventually(check, timeout_seconds=150)

    def await_run(self, reason: str, name: str = "cells-1") -> TrainingRun:
        def check() -> TrainingRun:
            found = self.run(name)
            assert (found.status.condition("Succeeded") or _NONE).reason == reason, found.status.conditions
            return found

        return eventually(check, timeout_seconds=150)

    def job_uid(self, name: str) -> str:
        return eventually(lambda: str(self.kube.get("job", name, "-n", self.namespace)["metadata"]["uid"]))

    # A snapshot Job.

    def answer_snapshot(self, result: SnapshotResult | None = None, name: str = "cells") -> None:
        digest = spec_hash(self.dataset(name))
        job = f"{name}-snapshot-{digest[:8]}"
        self.job_uid(job)
        pod = self.kubelet.start_pod(job)
        self.store.put(layout.snapshot_result(self.namespace, name, digest), (result or self.freeze()).to_json())
        self.kubelet.end_pod(pod, 0, "")
        self.kubelet.complete_job(job)

    def freeze(self) -> SnapshotResult:
        data = write_manifest(["RBC", "WBC"], ITEMS)
        digest = sha256_hex(data)
        self.store.put(layout.manifest(self.namespace, digest), data)
        return SnapshotResult(outcome=SnapshotOutcome.LOCKED, message="4 images", digest=digest, items=4)

    # A training Job.

    def begin_training(self, name: str = "cells-1") -> str:
        self.job_uid(f"{name}-train")
        pod = self.kubelet.start_pod(f"{name}-train")
        claim = AttemptClaim(attempt=1, host=pod, start_time="2026-01-01T00:00:00Z")
        self._write(name, layout.ATTEMPT, claim.to_json())
        self._write(name, layout.PROGRESS, Progress(phase=Phase.TRAINING, epoch=1, epochs=4, percent=25).to_json())
        return pod

    def begin_training_when_pending(self, name: str = "cells-1") -> str:
        self.await_run("Pending", name)
        return self.begin_training(name)

    def end_training(self, pod: str, name: str = "cells-1") -> None:
        card = model_card(self.run(name).status.run_digest or "", run_name=name)
        self._write(name, layout.CARD, card.model_copy(update={"namespace": self.namespace}).to_json())
        self.kubelet.end_pod(pod, 0, "")
        self.kubelet.complete_job(f"{name}-train")

    def fail_training(self, pod: str, code: int, reason: str, message: str, name: str = "cells-1") -> None:
        self.kubelet.end_pod(pod, code, Termination(reason=reason, message=message).to_json().decode())
        self.kubelet.fail_job(f"{name}-train")

    def _write(self, run_name: str, file: str, data: bytes) -> None:
        digest = self.run(run_name).status.run_digest or ""
        self.store.put(layout.attempt_file(self.namespace, digest, 1, file), data)


class _None:
    reason = ""


_NONE = _None()
