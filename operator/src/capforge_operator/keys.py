"""What the queue holds: which thing should be looked at again."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """Each value has exactly one reconcile function."""

    CAPABILITY = "Capability"
    DATASET = "Dataset"
    TRAINING_RUN = "TrainingRun"
    MODEL_TEMPLATE = "ModelTemplate"
    SERVING = "Serving"
    """One serving pool (the key's name): desired models to its agents, routes to the gateways."""
    ANNOTATIONS = "Annotations"
    """What the gateways say about annotated documents, of all capabilities (the key's name is a constant)."""

    NOTIFICATION = "Notification"
    """Whoever is told how a training run (the key's name) ended; worked on in a lane of its own."""


_TOLD_AS = {
    Kind.CAPABILITY: "capability",
    Kind.DATASET: "dataset",
    Kind.TRAINING_RUN: "run",
    Kind.MODEL_TEMPLATE: "template",
    Kind.SERVING: "pool",
    Kind.ANNOTATIONS: "source",
    Kind.NOTIFICATION: "run",
}


@dataclass(frozen=True, order=True, slots=True)
class Key:
    """One thing to reconcile. Cluster-scoped things have an empty namespace."""

    kind: Kind
    namespace: str
    name: str

    @property
    def told(self) -> dict[str, str]:
        """Return how a log line names it, the same as other components do: `{"namespace": …, "run": …}`."""
        named = {"kind": self.kind.value, _TOLD_AS[self.kind]: self.name}
        return {**named, "namespace": self.namespace} if self.namespace else named

    def __str__(self) -> str:
        return f"{self.kind}/{self.namespace}/{self.name}" if self.namespace else f"{self.kind}/{self.name}"
