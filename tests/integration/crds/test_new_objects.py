"""Good and bad new objects, as a person would apply them, on the real API server."""

from __future__ import annotations

import json

import pytest

from capforge_tools.errors import CommandFailedError
from tests.integration.crds.objects import CAPABILITY, DATASET, MODEL_TEMPLATE, TRAINING_RUN, Document, changed
from tests.support.apiserver import KubeApi

OUTPUTS = "spec.modelParameters.outputs"
URI = "spec.source.coco.annotationsUri"

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
    "capability: positions in any order": changed(
        CAPABILITY, (f"{OUTPUTS}.0.position", 1), (f"{OUTPUTS}.1.position", 0)
    ),
    "capability: a class name with spaces and other letters": changed(
        CAPABILITY, (f"{OUTPUTS}.0.name", "glóbulo rojo 红")
    ),
    "capability: a name of 40 characters": changed(CAPABILITY, ("metadata.name", "a" * 40)),
    "dataset: the least": changed(DATASET, ("spec.split", ...)),
    "dataset: everything": changed(
        DATASET,
        ("spec.description", "Cells under the microscope."),
        ("spec.source.coco.imagesUri", "s3://other/cells/images/"),
        ("spec.onFault", "Skip"),
        ("spec.expectedDigest", "a" * 64),
    ),
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

BAD: dict[str, tuple[Document, str]] = {
    # names
    "capability: a name of 41 characters": (
        changed(CAPABILITY, ("metadata.name", "a" * 41)),
        "metadata.name: at most 40 characters are allowed",
    ),
    "dataset: a name with a dot": (changed(DATASET, ("metadata.name", "cells.v1")), "no dots"),
    "training run: a name of 41 characters": (
        changed(TRAINING_RUN, ("metadata.name", "r" * 41)),
        "metadata.name: at most 40 characters are allowed",
    ),
    "model template: a name with a dot": (changed(MODEL_TEMPLATE, ("metadata.name", "a.b")), "no dots"),
    # capability
    "capability: no spec": (changed(CAPABILITY, ("spec", ...)), "spec: Required value"),
    "capability: no type": (changed(CAPABILITY, ("spec.type", ...)), "spec.type: Required value"),
    "capability: an unknown type": (
        changed(CAPABILITY, ("spec.type", "Oracle")),
        'spec.type: Unsupported value: "Oracle": supported values: "DetectorElement"',
    ),
    "capability: a type that does not act yet": (
        changed(CAPABILITY, ("spec.type", "BoxEmbedderElement")),
        'supported values: "DetectorElement"',
    ),
    "capability: no outputs": (changed(CAPABILITY, (OUTPUTS, [])), "should have at least 1 items"),
    "capability: a position gap": (
        changed(CAPABILITY, (f"{OUTPUTS}.1.position", 2)),
        "outputs: positions must be 0, 1, 2 … without a gap",
    ),
    "capability: positions from 1": (
        changed(CAPABILITY, (f"{OUTPUTS}.0.position", 2)),
        "outputs: positions must be 0, 1, 2 … without a gap",
    ),
    "capability: a position twice": (changed(CAPABILITY, (f"{OUTPUTS}.1.position", 0)), "duplicate"),
    "capability: a negative position": (
        changed(CAPABILITY, (f"{OUTPUTS}.0.position", -1)),
        "should be greater than or equal to 0",
    ),
    "capability: an output name twice": (
        changed(CAPABILITY, (f"{OUTPUTS}.1.name", "RBC")),
        "outputs: each name is allowed once",
    ),
    "capability: an output without name": (changed(CAPABILITY, (f"{OUTPUTS}.0.name", ...)), "name: Required value"),
    "capability: an output name with a space at its end": (
        changed(CAPABILITY, (f"{OUTPUTS}.0.name", "RBC ")),
        "name: a class name on one line without spaces at its ends is allowed",
    ),
    "capability: an output name of two lines": (
        changed(CAPABILITY, (f"{OUTPUTS}.0.name", "R\nBC")),
        "name: a class name on one line",
    ),
    "capability: a second head": (changed(CAPABILITY, (f"{OUTPUTS}.0.head", 1)), "head: only 0 is allowed"),
    "capability: a threshold of 101": (
        changed(CAPABILITY, (f"{OUTPUTS}.0.confidenceThresholdPercent", 101)),
        "should be less than or equal to 100",
    ),
    "capability: too many outputs": (
        changed(CAPABILITY, (OUTPUTS, [{"position": n, "name": f"c{n}"} for n in range(401)])),
        "400",
    ),
    "capability: pinned to the version without model": (
        changed(CAPABILITY, ("spec.rollout.pinnedVersion", "1.0")),
        "spec.rollout.pinnedVersion",
    ),
    "capability: keeps nothing loaded": (
        changed(CAPABILITY, ("spec.serving.keepLoaded", 0)),
        "spec.serving.keepLoaded: Invalid value: 0: spec.serving.keepLoaded in body should be greater than or equal to 1",
    ),
    "capability: a field that does not exist": (
        changed(CAPABILITY, ("spec.trainig", {})),
        ".spec.trainig: field not declared in schema",
    ),
    # dataset
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
}


@pytest.fixture(scope="module")
def namespace(kube: KubeApi) -> str:
    """One namespace: every case is a server-side dry run, so nothing stays."""
    kube.apply_crds()
    return kube.create_namespace()


def dry_run(kube: KubeApi, namespace: str, document: Document) -> str:
    return kube.kubectl(
        "apply", "--server-side", "--dry-run=server", "-n", namespace, "-f", "-", stdin=json.dumps(document)
    )


@pytest.mark.parametrize("document", [pytest.param(value, id=name) for name, value in GOOD.items()])
def test_a_good_object_is_accepted(kube: KubeApi, namespace: str, document: Document):
    assert "serverside-applied" in dry_run(kube, namespace, document)


@pytest.mark.parametrize(("document", "said"), [pytest.param(*value, id=name) for name, value in BAD.items()])
def test_a_bad_object_is_refused_with_what_is_allowed(kube: KubeApi, namespace: str, document: Document, said: str):
    with pytest.raises(CommandFailedError) as refused:
        dry_run(kube, namespace, document)
    assert said in str(refused.value)
