"""Which changes of existing objects are allowed, on the real API server."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

import pytest

from capforge_tools.errors import CommandFailedError
from tests.integration.crds.objects import (
    CAPABILITY,
    CLASSIFIER,
    DATASET,
    DOCUMENTS,
    EXTRACTOR,
    TRAINING_RUN,
    Document,
    changed,
)
from tests.support.apiserver import KubeApi

OUTPUTS = "spec.modelParameters.outputs"
FIELDS = "spec.dataModel.fields"
LOCKED = {"digest": "a" * 64}
PINNED = changed(DATASET, ("spec.expectedDigest", "a" * 64))
WARM = changed(TRAINING_RUN, ("spec.initialWeights", {"version": "1.1"}))
NEW_CAPABILITY = "make a new Capability"


@dataclass(frozen=True)
class Change:
    """An object, what happened to its status, and its next form; `said` is empty where it is allowed."""

    before: Document
    after: Document
    said: str = ""
    status: dict[str, Any] = field(default_factory=dict)


def change(before: Document, *changes: tuple[str, Any], said: str = "", status: dict[str, Any] | None = None) -> Change:
    return Change(before, changed(before, *changes), said, status or {})


CHANGES: dict[str, Change] = {
    # a capability is append-only
    "capability: an output is appended": change(CAPABILITY, (f"{OUTPUTS}.2", {"position": 2, "name": "Platelets"})),
    "capability: outputs are listed in another order": change(
        CAPABILITY, (OUTPUTS, [{"position": 1, "name": "WBC"}, {"position": 0, "name": "RBC"}])
    ),
    "capability: a threshold is set": change(CAPABILITY, (f"{OUTPUTS}.0.confidenceThresholdPercent", 55)),
    "capability: a version is pinned": change(CAPABILITY, ("spec.rollout.pinnedVersion", "1.1")),
    "capability: an output is removed": change(CAPABILITY, (f"{OUTPUTS}.1", ...), said=NEW_CAPABILITY),
    "capability: an output is renamed": change(
        CAPABILITY, (f"{OUTPUTS}.1.name", "Leukocyte"), said="name is immutable; outputs may only be appended"
    ),
    "capability: two outputs change places": change(
        CAPABILITY, (f"{OUTPUTS}.0.name", "WBC"), (f"{OUTPUTS}.1.name", "RBC"), said="outputs may only be appended"
    ),
    "capability: an appended output leaves a gap": change(
        CAPABILITY, (f"{OUTPUTS}.2", {"position": 3, "name": "Platelets"}), said="without a gap"
    ),
    "classifier: its entities come from another": change(CLASSIFIER, ("spec.inputFrom.capabilityRef.name", "others")),
    "classifier: its entities come with requests": change(
        CLASSIFIER, ("spec.inputFrom", ...), ("spec.inputFilter", ...)
    ),
    "classifier: the filter changes": change(CLASSIFIER, ("spec.inputFilter.classes", ["RBC", "WBC"])),
    "classifier: it comes to take its entities from itself": change(
        CLASSIFIER, ("spec.inputFrom.capabilityRef.name", "kinds"), said="another Capability is allowed, not itself"
    ),
    "classifier: it becomes an embedder": change(
        CLASSIFIER, ("spec.type", "BoxEmbedderElement"), said="type is immutable"
    ),
    # so is a data model
    "extractor: a field is appended": change(EXTRACTOR, (f"{FIELDS}.3", {"name": "supplier", "type": "Word"})),
    "extractor: a class is appended": change(EXTRACTOR, (f"{FIELDS}.2.classes.2", "letter")),
    "extractor: a field becomes handwritten": change(EXTRACTOR, (f"{FIELDS}.0.writing", "Handwritten")),
    "extractor: a field is removed": change(EXTRACTOR, (f"{FIELDS}.1", ...), said="fields: may only be appended"),
    "extractor: a field is renamed": change(
        EXTRACTOR, (f"{FIELDS}.1.name", "date"), said="fields: may only be appended"
    ),
    "extractor: a field gets another type": change(
        EXTRACTOR, (f"{FIELDS}.0.type", "Word"), said="type is immutable; to give a field another type"
    ),
    "extractor: a class is removed": change(
        EXTRACTOR, (f"{FIELDS}.2.classes.1", ...), said="classes: may only be append"
    ),
    "extractor: a class is renamed": change(
        EXTRACTOR, (f"{FIELDS}.2.classes", ["receipt", "invoices"]), said="classes: may only be append"
    ),
    "extractor: classes change places": change(
        EXTRACTOR, (f"{FIELDS}.2.classes", ["invoice", "receipt"]), said="classes: may only be append"
    ),
    "extractor: it becomes a detector": Change(
        EXTRACTOR, changed(CAPABILITY, ("metadata.name", "receipts")), "type is immutable"
    ),
    # a dataset locks itself
    "dataset: other documents after the lock": change(
        DOCUMENTS,
        ("spec.source.submissions.capabilityRef.name", "other"),
        status=LOCKED,
        said="source, split and onFault are immutable once the dataset is locked",
    ),
    "dataset: the source changes before the lock": change(
        DATASET, ("spec.source.coco.annotationsUri", "s3://capforge/team-a/other.json")
    ),
    "dataset: the description changes after the lock": change(DATASET, ("spec.description", "Cells."), status=LOCKED),
    "dataset: the source changes after the lock": change(
        DATASET,
        ("spec.source.coco.annotationsUri", "s3://capforge/team-a/other.json"),
        status=LOCKED,
        said="source, split and onFault are immutable once the dataset is locked",
    ),
    "dataset: the split changes after the lock": change(
        DATASET, ("spec.split.seed", 8), status=LOCKED, said="for other data make a new Dataset"
    ),
    "dataset: the split goes after the lock": change(
        DATASET, ("spec.split", ...), status=LOCKED, said="for other data make a new Dataset"
    ),
    "dataset: preprocessing comes after the lock": change(
        DATASET,
        ("spec.preprocessing", [{"action": "Drop", "where": {"classes": ["cat"]}}]),
        status=LOCKED,
        said="for other data make a new Dataset",
    ),
    "dataset: preprocessing comes before the lock": change(
        DATASET, ("spec.preprocessing", [{"action": "Drop", "where": {"classes": ["cat"]}}])
    ),
    "dataset: a split comes after the lock": Change(
        changed(DATASET, ("spec.split", ...)), DATASET, "for other data make a new Dataset", LOCKED
    ),
    "dataset: onFault changes after the lock": change(
        DATASET, ("spec.onFault", "Skip"), status=LOCKED, said="for other data make a new Dataset"
    ),
    "dataset: the expected digest is added after the lock": change(
        DATASET, ("spec.expectedDigest", "a" * 64), status=LOCKED
    ),
    "dataset: the expected digest is added before the lock": change(DATASET, ("spec.expectedDigest", "a" * 64)),
    "dataset: the expected digest changes": change(
        PINNED, ("spec.expectedDigest", "b" * 64), said="expectedDigest may be added once"
    ),
    "dataset: the expected digest goes": change(
        PINNED, ("spec.expectedDigest", ...), said="expectedDigest may be added once"
    ),
    # a training run keeps all but suspend and stop
    "training run: it is suspended": change(TRAINING_RUN, ("spec.suspend", True)),
    "training run: it is stopped": change(TRAINING_RUN, ("spec.stop", "Cancel")),
    "training run: another capability": change(
        TRAINING_RUN, ("spec.capabilityRef.name", "other"), said="capabilityRef is immutable; make a new TrainingRun"
    ),
    "training run: weights to start from are added": change(
        TRAINING_RUN, ("spec.initialWeights", {"version": "1.1"}), said="initialWeights is immutable; make a new"
    ),
    "training run: it starts from another version": change(
        WARM, ("spec.initialWeights.version", "1.2"), said="initialWeights is immutable"
    ),
    "training run: it starts from a file instead": change(
        WARM, ("spec.initialWeights", {"uri": "s3://capforge/team-a/w.safetensors"}), said="initialWeights is immutable"
    ),
    "training run: weights to start from go": change(
        WARM, ("spec.initialWeights", ...), said="initialWeights is immutable"
    ),
    "training run: a warm one is suspended": change(WARM, ("spec.suspend", True)),
    "training run: one more dataset": change(
        TRAINING_RUN, ("spec.datasets.train.1", {"name": "more"}), said="datasets is immutable"
    ),
    "training run: another template": change(
        TRAINING_RUN, ("spec.templateRef.name", "other"), said="templateRef is immutable"
    ),
    "training run: another value in overrides": change(
        TRAINING_RUN, ("spec.overrides.optimizer.lr", 0.02), said="overrides is immutable"
    ),
    "training run: one more override": change(TRAINING_RUN, ("spec.overrides.ema", 1), said="overrides is immutable"),
    "training run: the overrides go": change(TRAINING_RUN, ("spec.overrides", ...), said="overrides is immutable"),
    "training run: resources come": change(TRAINING_RUN, ("spec.resources.gpu", 1), said="resources is immutable"),
    "training run: more memory": change(
        changed(TRAINING_RUN, ("spec.resources.memory", "4Gi")),
        ("spec.resources.memory", "8Gi"),
        said="resources is immutable",
    ),
    "training run: another seed": change(TRAINING_RUN, ("spec.seed", 1), said="seed is immutable"),
    "training run: more time": change(
        TRAINING_RUN, ("spec.timeBudgetSeconds", 99), said="timeBudgetSeconds is immutable"
    ),
    "training run: deployed by hand": change(TRAINING_RUN, ("spec.deploy", "Manual"), said="deploy is immutable"),
}


@pytest.fixture(scope="module", autouse=True)
def crds(kube: KubeApi) -> None:
    kube.apply_crds()


def put(kube: KubeApi, namespace: str, document: Document) -> None:
    """Replace the object, as `kubectl apply` of the whole file by its only owner does."""
    kube.kubectl("apply", "--server-side", "-n", namespace, "-f", "-", stdin=json.dumps(document))


def set_status(kube: KubeApi, namespace: str, document: Document, status: dict[str, Any]) -> None:
    place = (document["kind"].lower(), document["metadata"]["name"], "-n", namespace)
    kube.kubectl("patch", *place, "--subresource=status", "--type=merge", "-p", json.dumps({"status": status}))


@pytest.mark.parametrize("case", [pytest.param(value, id=name) for name, value in CHANGES.items()])
def test_a_change_is_allowed_or_refused_with_what_to_do(kube: KubeApi, kube_namespace: str, case: Change):
    put(kube, kube_namespace, case.before)
    if case.status:
        set_status(kube, kube_namespace, case.before, case.status)
    if not case.said:
        put(kube, kube_namespace, case.after)
        return
    with pytest.raises(CommandFailedError) as refused:
        put(kube, kube_namespace, case.after)
    assert case.said in str(refused.value)


@pytest.mark.parametrize("digest", [pytest.param("b" * 64, id="another"), pytest.param(None, id="none")])
def test_the_digest_of_a_locked_dataset_stays(kube: KubeApi, kube_namespace: str, digest: str | None):
    put(kube, kube_namespace, DATASET)
    set_status(kube, kube_namespace, DATASET, LOCKED)
    set_status(kube, kube_namespace, DATASET, {"items": 364})
    with pytest.raises(CommandFailedError, match=r"status\.digest is immutable once it is set"):
        set_status(kube, kube_namespace, DATASET, {"digest": digest})


def test_an_override_that_takes_anothers_place_is_not_seen_by_the_api_server(kube: KubeApi, kube_namespace: str):
    """CEL compares unknown keys only where both sides have them; runs keep what they began with (docs/adr/0010)."""
    put(kube, kube_namespace, TRAINING_RUN)
    put(kube, kube_namespace, changed(TRAINING_RUN, ("spec.overrides.epochs", ...), ("spec.overrides.epoch", 3)))
