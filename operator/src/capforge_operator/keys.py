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


@dataclass(frozen=True, order=True)
class Key:
    """One thing to reconcile. Cluster-scoped things have an empty namespace."""

    kind: Kind
    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.kind}/{self.namespace}/{self.name}" if self.namespace else f"{self.kind}/{self.name}"
