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
    DATASET_DEPENDENTS = "DatasetDependents"
    """The training runs that name a dataset: looked up when the key is worked on, not in the event handler."""
    TEMPLATE_DEPENDENTS = "TemplateDependents"
    """The training runs that wait for a template."""
    CAPABILITY_DEPENDENTS = "CapabilityDependents"
    """The training runs of a capability."""
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
