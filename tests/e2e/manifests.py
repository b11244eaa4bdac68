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


def tiny_run(name: str, seed: int = 0, epochs: int = 1) -> Json:
    """A run that learns next to nothing, in seconds: for stories about what happens around a model."""
    overrides = {
        "model": {"backbone": "resnet10", "inputLongSidePixels": 96, "neckChannels": 32},
        "schedule": {"maxEpochs": epochs, "evaluations": 1, "patience": 1000},
        "optimizer": {"warmupSteps": 0, "batchSize": 4},
    }
    return run(name, "cells-train", "cells-dev", overrides=overrides, seed=seed, timeBudgetSeconds=120)


def _object(kind: str, name: str, spec: Json) -> Json:
    return {"apiVersion": "capforge.dev/v1alpha1", "kind": kind, "metadata": {"name": name}, "spec": spec}
