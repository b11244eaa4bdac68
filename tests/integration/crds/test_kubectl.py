"""What a person sees of our resources through kubectl."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.integration.crds.objects import CAPABILITY, DATASET, MODEL_TEMPLATE, TRAINING_RUN, Document
from tests.support.apiserver import KubeApi
from tests.support.eventually import eventually

NOW = "2026-01-02T03:04:05Z"


def condition(kind: str, status: str, reason: str, message: str) -> dict[str, Any]:
    return {"type": kind, "status": status, "reason": reason, "message": message, "lastTransitionTime": NOW}


SHOWN: dict[str, tuple[Document, dict[str, Any], str]] = {
    "capability": (
        CAPABILITY,
        {
            "conditions": [
                condition("Ready", "True", "Serving", "1.2 answers."),
                condition("Stalled", "False", "Converged", "Nothing stands in the way."),
            ],
            "version": "1.2",
            "url": "http://gateway/v1/products/a/cells/v1/predict",
        },
        "NAME READY REASON VERSION ANNOTATIONS URL AGE cells True Serving 1.2 http://gateway/v1/products/a/cells/v1/predict",
    ),
    "dataset": (
        DATASET,
        {
            "conditions": [condition("Ready", "True", "Locked", "364 items.")],
            "items": 364,
            "classCount": 3,
            "digest": "a" * 64,
            "shortDigest": "a" * 12,
        },
        "NAME READY REASON ITEMS CLASSES DIGEST AGE cells-2026 True Locked 364 3 aaaaaaaaaaaa",
    ),
    "trainingrun": (
        TRAINING_RUN,
        {
            "conditions": [condition("Succeeded", "Unknown", "Training", "Epoch 3 of 40.")],
            "progress": "Training-3/40-12%",
            "remaining": "12m30s",
        },
        "NAME SUCCEEDED REASON PROGRESS ETA VERSION AGE cells-1 Unknown Training Training-3/40-12% 12m30s",
    ),
    "modeltemplate": (
        MODEL_TEMPLATE,
        {"conditions": [condition("Ready", "True", "Valid", "Defaults fit the schema.")]},
        'NAME READY REASON TYPES AGE team-detector True Valid ["DetectorElement"]',
    ),
}


@pytest.fixture(scope="module", autouse=True)
def crds(kube: KubeApi) -> None:
    kube.apply_crds()


@pytest.mark.parametrize(
    ("document", "status", "shown"), [pytest.param(*value, id=name) for name, value in SHOWN.items()]
)
def test_columns_show_the_summary_condition_whichever_comes_last(
    kube: KubeApi, kube_namespace: str, document: Document, status: dict[str, Any], shown: str
):
    kube.kubectl("apply", "--server-side", "-n", kube_namespace, "-f", "-", stdin=json.dumps(document))
    place = (document["kind"].lower(), document["metadata"]["name"], "-n", kube_namespace)
    kube.kubectl("patch", *place, "--subresource=status", "--type=merge", "-p", json.dumps({"status": status}))
    assert " ".join(kube.kubectl("get", *place).split()).startswith(shown)


def test_every_kind_is_in_our_category(kube: KubeApi):
    def listed() -> bool:
        return set(kube.kubectl("api-resources", "--categories=capforge", "-o", "name").split()) == {
            "capabilities.capforge.dev",
            "datasets.capforge.dev",
            "modeltemplates.capforge.dev",
            "trainingruns.capforge.dev",
        }

    eventually(listed)


def test_explain_shows_the_models_own_words(kube: KubeApi):
    def explained() -> str:
        return kube.kubectl("explain", "dataset.spec.onFault")

    assert "Reject the whole dataset or Skip them" in " ".join(eventually(explained).split())
