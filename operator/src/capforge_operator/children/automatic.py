"""The Dataset and the TrainingRun of an automatic run. Their names follow from the capability's and the threshold."""

from __future__ import annotations

from typing import Any

from capforge_operator import labels
from capforge_operator.api.capability import Capability
from capforge_operator.api.training import CapabilityTraining
from capforge_operator.children.job import owner_reference

DEFAULT_TEMPLATE = "candidate-scorer"


def automatic_dataset(capability: Capability, threshold: int) -> dict[str, Any]:
    """Return the Dataset of the documents that are annotated now."""
    source = {"submissions": {"capabilityRef": {"name": capability.metadata.name}}}
    return _child(capability, "Dataset", threshold, {}, {"source": source})


def automatic_run(capability: Capability, threshold: int, documents: int, as_of_sequence: int) -> dict[str, Any]:
    """Return the TrainingRun on that Dataset; it waits until the Dataset is locked."""
    training = capability.spec.training or CapabilityTraining()
    dataset = labels.automatic_name(capability.metadata.name, threshold)
    spec: dict[str, Any] = {
        "capabilityRef": {"name": capability.metadata.name},
        "datasets": {
            "train": [{"name": dataset, "split": "Train"}],
            "dev": [{"name": dataset, "split": "Dev"}],
        },
        "templateRef": {"name": training.template_ref.name if training.template_ref else DEFAULT_TEMPLATE},
        "timeBudgetSeconds": training.time_budget_seconds,
    }
    if training.overrides:
        spec["overrides"] = dict(training.overrides)
    if training.resources.model_fields_set:
        spec["resources"] = training.resources.to_document()
    made_at = {labels.DOCUMENTS: str(documents), labels.AS_OF_SEQUENCE: str(as_of_sequence)}
    return _child(capability, "TrainingRun", threshold, made_at, spec)


def _child(
    capability: Capability, kind: str, threshold: int, annotations: dict[str, str], spec: dict[str, Any]
) -> dict[str, Any]:
    return {
        "apiVersion": capability.api_version,
        "kind": kind,
        "metadata": {
            "name": labels.automatic_name(capability.metadata.name, threshold),
            "namespace": capability.metadata.namespace,
            "labels": {
                labels.PART_OF: labels.PRODUCT,
                labels.MANAGED_BY: labels.FIELD_MANAGER,
                labels.AUTOMATIC: str(threshold),
            },
            "annotations": annotations,
            "ownerReferences": [owner_reference(capability)],
        },
        "spec": spec,
    }
