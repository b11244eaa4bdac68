"""One capability of a site: versions are published into its ledger, and its status says what became of them."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from capforge_contracts import layout
from capforge_contracts.model import sha256_hex
from capforge_contracts.names import model_name
from capforge_contracts.run import CapabilityType, DatasetSelection, RunDatasets, RunResult, RunSpec
from capforge_contracts.store import ObjectStore
from tests.support.eventually import eventually
from tests.support.kubeclient import Json, KubeClient
from tests.support.onnx_models import FixedDetector, golden_file
from tests.unit.operator.serving_world import OUTPUTS, card, sha

_NUMBERS = itertools.count(1)
_SLOW_SECONDS = 60.0
_TIME = "2026-01-01T00:00:00Z"


def good_files(number: int) -> tuple[bytes, bytes]:
    """A model that is another one for each number, and its golden request."""
    detector = FixedDetector(scores=(0.9, 0.5 + number / 1000))
    model = detector.onnx()
    return model, golden_file(model, {"image": detector.images(4)})


@dataclass
class Served:
    """A Capability and what is published for it."""

    client: KubeClient
    store: ObjectStore
    namespace: str
    name: str = field(default_factory=lambda: f"cells-{next(_NUMBERS)}")
    models: list[str] = field(default_factory=list)
    """What was published, as Triton names it."""
    _published: int = 0

    def apply(self, **spec: Any) -> None:
        outputs = [{"position": one.position, "name": one.name} for one in OUTPUTS]
        self.client.create(
            {
                "apiVersion": "capforge.dev/v1alpha1",
                "kind": "Capability",
                "metadata": {"name": self.name, "namespace": self.namespace},
                "spec": {"type": "DetectorElement", "modelParameters": {"outputs": outputs}, **spec},
            }
        )

    def publish(self, files: tuple[bytes, bytes] | None = None, *, stored_model: bytes | None = None) -> str:
        """Leave a trained model and a run that succeeded; return Triton's name of what becomes the next version.

        `files` are model and golden request as the trainer left them, `stored_model` what lies under the model's key now.
        """
        self._published += 1
        name = f"{self.name}-{self._published}"
        model, golden = files or good_files(next(_NUMBERS))
        run_digest, digest = sha256_hex(name.encode()), sha256_hex(model)
        self._leave(name, run_digest, stored_model or model, digest, golden)
        self.models.append(model_name(self.name, digest))
        self._succeed(name, run_digest)
        return self.models[-1]

    def _leave(self, run: str, run_digest: str, model: bytes, digest: str, golden: bytes) -> None:
        """Write what a trainer leaves; `digest` is what the card says of the model."""
        left = card(digest, OUTPUTS, self.name).model_copy(
            update={
                "namespace": self.namespace,
                "run_digest": run_digest,
                "golden_sha256": sha256_hex(golden),
                "input_width": 32,
                "input_height": 32,
            }
        )
        chosen = [DatasetSelection(name="cells-2026", digest=sha(77))]
        spec = RunSpec(
            namespace=self.namespace,
            capability=self.name,
            capability_type=CapabilityType.DETECTOR,
            run=run,
            digest=run_digest,
            outputs=list(OUTPUTS),
            datasets=RunDatasets(train=chosen, dev=chosen),
            template="anchor-free-detector",
            parameters={},
            seed=0,
            time_budget_seconds=60,
            image="trainer:1",
        )
        result = RunResult(attempt=1, model_sha256=digest, card_sha256=sha256_hex(left.to_json()))
        attempt = {layout.MODEL: model, layout.GOLDEN: golden, layout.CARD: left.to_json()}
        for file, content in attempt.items():
            self.store.put(layout.attempt_file(self.namespace, run_digest, 1, file), content)
        self.store.put(layout.run_spec(self.namespace, run_digest), spec.to_json())
        self.store.put(layout.run_result(self.namespace, run_digest), result.to_json())

    def _succeed(self, run: str, run_digest: str) -> None:
        """Make the TrainingRun and say that it has succeeded."""
        spec = {
            "capabilityRef": {"name": self.name},
            "datasets": {"train": [{"name": "d"}], "dev": [{"name": "d"}]},
            "templateRef": {"name": "anchor-free-detector"},
        }
        metadata = {"name": run, "namespace": self.namespace}
        document = {"apiVersion": "capforge.dev/v1alpha1", "kind": "TrainingRun", "metadata": metadata, "spec": spec}
        self.client.create(document)
        ended = {
            "type": "Succeeded",
            "status": "True",
            "reason": "Completed",
            "message": "Done.",
            "lastTransitionTime": _TIME,
        }
        status = {"conditions": [ended], "runDigest": run_digest, "completionTime": _TIME}
        self.client.patch("TrainingRun", self.namespace, run, {"status": status}, "status")

    def touch(self) -> None:
        """Let the operator look."""
        change = {"metadata": {"annotations": {"touched": str(next(_NUMBERS))}}}
        self.client.patch("Capability", self.namespace, self.name, change)

    def status(self) -> Json:
        found = self.client.get("Capability", self.namespace, self.name) or {}
        status: Json = found.get("status") or {}
        return status

    def condition(self, kind: str) -> tuple[str, str, str]:
        """Return status, reason and message."""
        conditions = {one["type"]: one for one in self.status().get("conditions", [])}
        found = conditions.get(kind, {})
        return found.get("status", ""), found.get("reason", ""), found.get("message", "")

    def until(self, check: Callable[[], object], timeout_seconds: float = _SLOW_SECONDS) -> None:
        """Wait; a failure shows the whole status."""

        def checked() -> bool:
            assert check(), self.status()
            return True

        eventually(checked, timeout_seconds)

    def until_answers(self, version: str, replicas: int) -> None:
        """Wait until so many pods answer with a version (`1.2`), and it is the one that answers."""

        def answers() -> bool:
            traffic = {(one["version"], one["percent"]): one["readyReplicas"] for one in self.status()["traffic"]}
            return traffic.get((version, 100)) == replicas

        self.until(answers)

    def until_condition(self, kind: str, status: str, reason: str) -> str:
        """Wait for a condition; return its message."""
        self.until(lambda: self.condition(kind)[:2] == (status, reason))
        return self.condition(kind)[2]

    def delete(self) -> None:
        for number in range(self._published):
            self.client.delete("TrainingRun", self.namespace, f"{self.name}-{number + 1}")
        self.client.delete("Capability", self.namespace, self.name)
