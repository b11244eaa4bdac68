"""New objects that the API server takes, by what they show."""

from __future__ import annotations

from tests.integration.crds.objects import (
    CAPABILITY,
    CLASSIFIER,
    DATASET,
    DOCUMENTS,
    EMBEDDER,
    EXTRACTOR,
    FIELDS,
    MODEL_TEMPLATE,
    OUTPUTS,
    TRAINING_RUN,
    WEIGHTS,
    Document,
    changed,
)

PREPROCESSING = [
    {"action": "Drop", "where": {"attributes": [{"name": "difficult", "values": ["1"]}], "maxWidthPixels": 4}},
    {"action": "Map", "where": {"classes": ["kitten"]}, "toClass": "cat"},
    {"action": "Keep", "where": {"classes": ["cat", "dog"], "minHeightPixels": 8, "maxHeightPixels": 8}},
    {"action": "DropImages", "where": {"classes": ["cat"]}},
]

HOOK = {"name": "chat", "url": "https://hooks.example.com/a?b=c", "secretKey": "chat"}
TOLD = {
    "email": {"recipients": ["ann.lee+ml@example.com", "lab@localhost"], "outcomes": ["Failed"]},
    "webhooks": [HOOK, {**HOOK, "name": "inside", "url": "http://[2001:db8::1]:8080"}],
}

GOOD: dict[str, Document] = {
    "capability: the least": CAPABILITY,
    "capability: everything": changed(
        CAPABILITY,
        ("spec.description", "Finds cells."),
        (f"{OUTPUTS}.0.head", 0),
        (f"{OUTPUTS}.0.confidenceThresholdPercent", 40),
        ("spec.rollout", {"pinnedVersion": "1.2", "revisionHistoryLimit": 5}),
        ("spec.serving", {"keepLoaded": 3}),
    ),
    "capability: who is told": changed(CAPABILITY, ("spec.notifications", TOLD)),
    "capability: positions in any order": changed(
        CAPABILITY, (f"{OUTPUTS}.0.position", 1), (f"{OUTPUTS}.1.position", 0)
    ),
    "capability: a class name with spaces and other letters": changed(
        CAPABILITY, (f"{OUTPUTS}.0.name", "glóbulo rojo 红")
    ),
    "capability: a name of 40 characters": changed(CAPABILITY, ("metadata.name", "a" * 40)),
    "extractor: the least": changed(EXTRACTOR, (FIELDS, [{"name": "total", "type": "Amount"}])),
    "extractor: everything": changed(
        EXTRACTOR,
        (
            FIELDS,
            [
                {"name": "supplier", "displayName": "Supplier", "type": "Word", "letters": "Always", "digits": "Never"},
                {"name": "total", "type": "Amount", "whole": "Sometimes", "writing": "Handwritten"},
                {"name": "issued", "type": "Date", "convention": "EU"},
                *({"name": kind.lower(), "type": kind} for kind in ("Email", "Url", "Phone")),
                {"name": "kind", "type": "Classification", "classes": ["receipt", "credit note"]},
            ],
        ),
        ("spec.rollout.gates", {"maxRegressionPercent": 0}),
        (
            "spec.training",
            {
                "templateRef": {"name": "candidate-scorer"},
                "overrides": {"epochs": 3},
                "resources": {"cpu": 2},
                "timeBudgetSeconds": 300,
                "automatic": {
                    "mode": "Enabled",
                    "firstAtAnnotations": 10,
                    "schedule": [20, 40],
                    "quietPeriodSeconds": 0,
                    "longestWaitSeconds": 0,
                    "maxRunsPerDay": 3,
                },
            },
        ),
    ),
    "extractor: 200 fields": changed(EXTRACTOR, (FIELDS, [{"name": f"f{n}", "type": "Word"} for n in range(200)])),
    "classifier: everything": changed(CLASSIFIER, (f"{OUTPUTS}.0.confidenceThresholdPercent", 70)),
    "classifier: takes what requests bring": changed(CLASSIFIER, ("spec.inputFrom", ...), ("spec.inputFilter", ...)),
    "embedder: behind a detector": EMBEDDER,
    "embedder: of some classes": changed(EMBEDDER, ("spec.inputFilter", {"classes": ["WBC", "a b"]})),
    "training run: from a version": changed(TRAINING_RUN, (WEIGHTS, {"version": "1.2"})),
    "training run: from a file": changed(
        TRAINING_RUN, (WEIGHTS, {"uri": "s3://capforge/team-a/weights/base 1.safetensors"})
    ),
    "dataset: documents": DOCUMENTS,
    "dataset: the least": changed(DATASET, ("spec.split", ...)),
    "dataset: everything": changed(
        DATASET,
        ("spec.description", "Cells under the microscope."),
        ("spec.source.coco.imagesUri", "s3://other/cells/images/"),
        ("spec.onFault", "Skip"),
        ("spec.expectedDigest", "a" * 64),
    ),
    "dataset: yolo": changed(DATASET, ("spec.source", {"yolo": {"dataUri": "s3://capforge/team-a/boards/data.yaml"}})),
    "dataset: voc": changed(DATASET, ("spec.source", {"voc": {"annotationsUri": "s3://capforge/team-a/Annotations"}})),
    "dataset: a folder of images": changed(DATASET, ("spec.source", {"imageFolder": {"imagesUri": "s3://own"}})),
    "dataset: a manifest": changed(
        DATASET, ("spec.source", {"manifest": {"manifestUri": "s3://own/a.jsonl", "imagesUri": "s3://own/pictures"}})
    ),
    "dataset: annotated images with a split": changed(
        DATASET,
        (
            "spec.source",
            {
                "submissions": {
                    "selection": "All",
                    "searches": [
                        {},
                        {
                            "classesPresent": ["cat"],
                            "metadata": {"place": "Bern"},
                            "submittedFrom": "2026-01-01T00:00:00Z",
                            "statuses": ["Submitted", "PreAnnotation"],
                        },
                    ],
                }
            },
        ),
    ),
    "dataset: preprocessing": changed(DATASET, ("spec.preprocessing", PREPROCESSING)),
    "dataset: a whole bucket of images": changed(DATASET, ("spec.source.coco.imagesUri", "s3://other")),
    "training run: the least": changed(TRAINING_RUN, ("spec.overrides", ...)),
    "training run: everything": changed(
        TRAINING_RUN,
        ("spec.datasets.test", [{"name": "cells-2026", "split": "Test"}, {"name": "more"}]),
        ("spec.seed", 42),
        ("spec.timeBudgetSeconds", 180),
        ("spec.deploy", "Manual"),
        ("spec.suspend", True),
        (
            "spec.resources",
            {
                "cpu": 2,
                "memory": "4Gi",
                "gpu": 1,
                "gpuResourceName": "nvidia.com/mig-1g.10gb",
                "nodeSelector": {"pool": "gpu"},
                "tolerations": [{"key": "gpu", "operator": "Exists", "effect": "NoSchedule"}],
                "priorityClassName": "low",
                "runtimeClassName": "nvidia",
            },
        ),
    ),
    "training run: half a core": changed(TRAINING_RUN, ("spec.resources.cpu", "500m")),
    "model template: the least": changed(MODEL_TEMPLATE, ("spec.defaults", ...)),
    "model template: a team's own image": changed(MODEL_TEMPLATE, ("spec.image", "registry.team/trainer:3")),
}
