"""Datasets, runs and templates that the API server refuses: the object, and a part of what is said."""

from __future__ import annotations

from tests.integration.crds.good_objects import (
    PREPROCESSING,
)
from tests.integration.crds.objects import (
    DATASET,
    DOCUMENTS,
    MODEL_TEMPLATE,
    TRAINING_RUN,
    URI,
    WEIGHTS,
    Document,
    changed,
)

BAD_DATA_AND_RUNS: dict[str, tuple[Document, str]] = {
    "dataset: a name with a dot": (changed(DATASET, ("metadata.name", "cells.v1")), "no dots"),
    "training run: a name of 41 characters": (
        changed(TRAINING_RUN, ("metadata.name", "r" * 41)),
        "metadata.name: at most 40 characters are allowed",
    ),
    "model template: a name with a dot": (changed(MODEL_TEMPLATE, ("metadata.name", "a.b")), "no dots"),
    # dataset
    "dataset: documents and images": (
        changed(DATASET, ("spec.source.submissions", {"capabilityRef": {"name": "receipts"}})),
        "source: exactly one is allowed of: coco, imageFolder, manifest, submissions, voc, yolo",
    ),
    "dataset: documents with a split": (
        changed(DOCUMENTS, ("spec.split", {"devPercent": 20})),
        "split: not allowed with source.submissions.capabilityRef",
    ),
    "dataset: documents with preprocessing": (
        changed(DOCUMENTS, ("spec.preprocessing", PREPROCESSING)),
        "preprocessing: not allowed with source.submissions.capabilityRef",
    ),
    "dataset: documents and images searched": (
        changed(DOCUMENTS, ("spec.source.submissions.searches", [{}])),
        "submissions: exactly one is allowed of: capabilityRef (documents), searches (images)",
    ),
    "dataset: a selection of documents": (
        changed(DOCUMENTS, ("spec.source.submissions.selection", "All")),
        "selection: allowed with searches only",
    ),
    "dataset: a search for images that nobody annotated": (
        changed(DATASET, ("spec.source", {"submissions": {"searches": [{"statuses": ["Unannotated"]}]}})),
        'supported values: "PreAnnotation", "Submitted"',
    ),
    "dataset: a search in a month that is none": (
        changed(DATASET, ("spec.source", {"submissions": {"searches": [{"uploadedFrom": "2026-13-01T00:00:00Z"}]}})),
        "uploadedFrom",
    ),
    "dataset: two formats": (
        changed(DATASET, ("spec.source.yolo", {"dataUri": "s3://own/data.yaml"})),
        "source: exactly one is allowed of",
    ),
    "dataset: a data.yaml that is a folder": (
        changed(DATASET, ("spec.source", {"yolo": {"dataUri": "s3://own/data/"}})),
        "dataUri: allowed is the address of a file in an object store, s3://<bucket>/<path>/data.yaml",
    ),
    "dataset: xml files on a disk": (
        changed(DATASET, ("spec.source", {"voc": {"annotationsUri": "/data/Annotations"}})),
        "annotationsUri: allowed is the address of a folder",
    ),
    "dataset: a folder of images that climbs out": (
        changed(DATASET, ("spec.source", {"imageFolder": {"imagesUri": "s3://own/a/../b"}})),
        "imagesUri: allowed is the address of a folder",
    ),
    "dataset: a manifest behind https": (
        changed(DATASET, ("spec.source", {"manifest": {"manifestUri": "https://example.org/a.jsonl"}})),
        "manifestUri: allowed is the address of a file",
    ),
    "dataset: preprocessing without a condition": (
        changed(DATASET, ("spec.preprocessing", [{"action": "Drop", "where": {}}])),
        "where: at least one condition is required",
    ),
    "dataset: mapped to nothing": (
        changed(DATASET, ("spec.preprocessing", [{"action": "Map", "where": {"classes": ["cat"]}}])),
        "toClass: required with action Map",
    ),
    "dataset: dropped to a class": (
        changed(DATASET, ("spec.preprocessing", [{"action": "Drop", "where": {"classes": ["a"]}, "toClass": "b"}])),
        "toClass: required with action Map",
    ),
    "dataset: an unknown action": (
        changed(DATASET, ("spec.preprocessing", [{"action": "Remove", "where": {"classes": ["a"]}}])),
        'supported values: "Keep", "Drop", "Map", "DropImages"',
    ),
    "dataset: no size fits": (
        changed(
            DATASET,
            ("spec.preprocessing", [{"action": "Keep", "where": {"minWidthPixels": 9, "maxWidthPixels": 8}}]),
        ),
        "maxWidthPixels must be at least minWidthPixels",
    ),
    "dataset: documents of nobody": (
        changed(DOCUMENTS, ("spec.source.submissions", {})),
        "submissions: exactly one is allowed of: capabilityRef (documents), searches (images)",
    ),
    "dataset: no source": (changed(DATASET, ("spec.source", ...)), "spec.source: Required value"),
    "dataset: an empty source": (changed(DATASET, ("spec.source", {})), "source: exactly one is allowed of: coco"),
    "dataset: no annotations": (changed(DATASET, ("spec.source.coco", {})), "annotationsUri: Required value"),
    "dataset: annotations behind https": (
        changed(DATASET, (URI, "https://example.org/a.json")),
        "annotationsUri: allowed is the address of a file in an object store, s3://<bucket>/<path>/<file>.json",
    ),
    "dataset: annotations are a folder": (
        changed(DATASET, (URI, "s3://capforge/team-a/")),
        "annotationsUri: allowed is",
    ),
    "dataset: annotations climb out": (
        changed(DATASET, (URI, "s3://capforge/team-a/../team-b/a.json")),
        "annotationsUri: allowed is",
    ),
    "dataset: images in a local folder": (
        changed(DATASET, ("spec.source.coco.imagesUri", "/data/images")),
        "imagesUri: allowed is the address of a folder in an object store",
    ),
    "dataset: nothing left to train on": (
        changed(DATASET, ("spec.split", {"devPercent": 60, "testPercent": 40})),
        "split: devPercent + testPercent may be at most 99",
    ),
    "dataset: a share as a fraction": (changed(DATASET, ("spec.split.devPercent", 0.2)), "devPercent"),
    "dataset: an unknown onFault": (
        changed(DATASET, ("spec.onFault", "Ignore")),
        'supported values: "Reject", "Skip"',
    ),
    "dataset: a digest of another form": (
        changed(DATASET, ("spec.expectedDigest", "sha256:abc")),
        "spec.expectedDigest in body should match '^[0-9a-f]{64}$'",
    ),
    # training run
    "training run: no capability": (
        changed(TRAINING_RUN, ("spec.capabilityRef", ...)),
        "capabilityRef: Required value",
    ),
    "training run: no dev": (changed(TRAINING_RUN, ("spec.datasets.dev", ...)), "spec.datasets.dev: Required value"),
    "training run: an empty train": (
        changed(TRAINING_RUN, ("spec.datasets.train", [])),
        "should have at least 1 items",
    ),
    "training run: an unknown split": (
        changed(TRAINING_RUN, ("spec.datasets.dev.0.split", "Validation")),
        'supported values: "All", "Train", "Dev", "Test"',
    ),
    "training run: no template": (changed(TRAINING_RUN, ("spec.templateRef", ...)), "templateRef: Required value"),
    "training run: overrides as a list": (changed(TRAINING_RUN, ("spec.overrides", [1])), "overrides"),
    "training run: starts from nothing": (
        changed(TRAINING_RUN, (WEIGHTS, {})),
        "initialWeights: exactly one is allowed of: version, uri",
    ),
    "training run: starts from two": (
        changed(TRAINING_RUN, (WEIGHTS, {"version": "1.2", "uri": "s3://capforge/team-a/w.safetensors"})),
        "initialWeights: exactly one is allowed of: version, uri",
    ),
    "training run: starts from the version without model": (
        changed(TRAINING_RUN, (WEIGHTS, {"version": "1.0"})),
        "spec.initialWeights.version",
    ),
    "training run: no time": (changed(TRAINING_RUN, ("spec.timeBudgetSeconds", 0)), "greater than or equal to 10"),
    "training run: a negative GPU": (changed(TRAINING_RUN, ("spec.resources.gpu", -1)), "spec.resources.gpu"),
    "training run: memory without sense": (
        changed(TRAINING_RUN, ("spec.resources.memory", "lots")),
        "spec.resources.memory",
    ),
    "training run: a toleration that exists with a value": (
        changed(TRAINING_RUN, ("spec.resources.tolerations", [{"key": "a", "operator": "Exists", "value": "b"}])),
        "tolerations: value is allowed with operator Equal only",
    ),
    "training run: an unknown way to stop": (
        changed(TRAINING_RUN, ("spec.stop", "Kill")),
        'supported values: "None", "Cancel"',
    ),
    "training run: an unknown way to deploy": (
        changed(TRAINING_RUN, ("spec.deploy", "Maybe")),
        'supported values: "Automatic", "Manual"',
    ),
    # model template
    "model template: no types": (changed(MODEL_TEMPLATE, ("spec.capabilityTypes", [])), "spec.capabilityTypes"),
    "model template: no schema": (
        changed(MODEL_TEMPLATE, ("spec.parameterSchema", ...)),
        "spec.parameterSchema: Required value",
    ),
    "model template: an image with a space": (changed(MODEL_TEMPLATE, ("spec.image", "a b")), "spec.image"),
    **{
        f"training run: starts from {what}": (
            changed(TRAINING_RUN, (WEIGHTS, {"uri": uri})),
            "uri: allowed is the address of a file of weights in the object store",
        )
        for what, uri in {
            "the web": "https://example.org/w.safetensors",
            "a pickle": "s3://capforge/team-a/w.pt",
            "a folder": "s3://capforge/team-a/",
            "a bucket": "s3://capforge/.safetensors/",
            "what climbs out": "s3://capforge/team-a/../team-b/w.safetensors",
            "an empty folder name": "s3://capforge//team-b/w.safetensors",
            "two lines": "s3://capforge/team-a/w\n.safetensors",
        }.items()
    },
}
