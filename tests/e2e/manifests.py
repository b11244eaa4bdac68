"""The resources of the stories."""

from __future__ import annotations

from typing import Any

from tests.e2e.cells import CLASSES

Json = dict[str, Any]
BUDGET_SECONDS = 60
TEMPLATE = "anchor-free-detector"


def capability(name: str) -> Json:
    outputs = [{"position": position, "name": label} for position, label in enumerate(CLASSES)]
    return _object("Capability", name, {"type": "DetectorElement", "modelParameters": {"outputs": outputs}})


def dataset(name: str, annotations_uri: str) -> Json:
    return _object("Dataset", name, {"source": {"coco": {"annotationsUri": annotations_uri}}})


def run(name: str, train: str, dev: str, **changes: Any) -> Json:
    spec = {
        "capabilityRef": {"name": "cells"},
        "datasets": {"train": [{"name": train}], "dev": [{"name": dev}]},
        "templateRef": {"name": TEMPLATE},
        "timeBudgetSeconds": BUDGET_SECONDS,
        **changes,
    }
    return _object("TrainingRun", name, spec)


def _object(kind: str, name: str, spec: Json) -> Json:
    return {"apiVersion": "capforge.dev/v1alpha1", "kind": kind, "metadata": {"name": name}, "spec": spec}
