"""What the gateways are told about classifiers and embedders, and what a chain keeps loaded; figures of their cards."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from capforge_contracts.run import (
    CapabilityType,
    ClassificationMetrics,
    CropForm,
    CropSettings,
    EmbeddingMetrics,
    ModelCard,
)
from capforge_contracts.serving import LoadState, ModelState, PodState, RoutedCapability
from capforge_operator.api.capability import Capability
from capforge_operator.domain.desired import Proofs
from capforge_operator.domain.ledger import Ledger
from capforge_operator.domain.pool import PodView, Pool
from capforge_operator.domain.run_facts import dev_metrics
from capforge_operator.domain.serving import Release, ServedCard
from capforge_operator.domain.serving_plan import ServedCapability, ServingFacts, ServingPlan, plan
from tests.unit.operator.serving_world import capability, card, pod, published

NOW = datetime(2026, 3, 1, tzinfo=UTC)
CROP = CropSettings(width=64, height=32, scale=1.2, padding_pixels=3, form=CropForm.ROTATED)
CLASSIFIER, EMBEDDER = CapabilityType.BOX_CLASSIFIER, CapabilityType.BOX_EMBEDDER


def card_of(kind: CapabilityType, name: str, model_sha256: str, **fields: Any) -> ModelCard:
    return card(model_sha256, capability=name).model_copy(update={"capability_type": kind, "crop": CROP, **fields})


def served(one: Capability, kind: CapabilityType, model: int, **fields: Any) -> ServedCapability:
    entry = published(1, model=model)
    release = Release(entry, ServedCard.of(card_of(kind, one.metadata.name, entry.model_sha256, **fields)))
    return ServedCapability(one, Ledger.of([entry]), (release,))


def chain(*pods: PodView) -> ServingPlan:
    """A detector, a classifier of its white cells, and an embedder of what requests bring."""
    kinds = capability(
        "kinds",
        type=CLASSIFIER.value,
        inputFrom={"capabilityRef": {"name": "cells"}},
        inputFilter={"classes": ["WBC", "RBC"]},
        modelParameters={
            "outputs": [
                {"position": 0, "name": "RBC", "confidenceThresholdPercent": 70},
                {"position": 1, "name": "WBC"},
            ]
        },
    )
    everything = (
        served(capability(), CapabilityType.DETECTOR, 1, crop=None),
        served(kinds, CLASSIFIER, 2),
        served(capability("looks", type=EMBEDDER.value), EMBEDDER, 3, embedding_size=128),
    )
    return plan(ServingFacts("cpu", Pool.of(pods), everything, None, Proofs(), None), NOW)


def routed(decided: ServingPlan) -> dict[str, RoutedCapability]:
    return {one.name: one for one in decided.routes.capabilities}


def test_routes_carry_where_entities_come_from_and_how_regions_are_cut():
    found = routed(chain())
    kinds, looks = found["kinds"], found["looks"]
    assert (kinds.type, kinds.input_from, kinds.input_filter) == (CLASSIFIER, "cells", ["RBC", "WBC"])
    assert (looks.type, looks.input_from, looks.input_filter) == (EMBEDDER, None, [])
    assert (kinds.versions[0].crop, kinds.versions[0].embedding_size) == (CROP, 0)
    assert (looks.versions[0].crop, looks.versions[0].embedding_size) == (CROP, 128)
    assert found["cells"].versions[0].crop is None


def test_a_classifiers_thresholds_are_the_specs_or_the_cards_and_an_embedder_has_none():
    found = routed(chain())
    assert found["kinds"].versions[0].thresholds == {"RBC": 0.7, "WBC": 0.41}
    assert found["looks"].versions[0].thresholds == {}


def test_all_models_of_a_chain_are_loaded_and_each_answers_by_itself():
    decided = chain(pod("a", ready={}))
    assert sorted(one.capability for one in decided.desired.models) == ["cells", "kinds", "looks"]
    names = {one.capability: one.model for one in decided.desired.models}
    assert len({*names.values()}) == 3
    state = PodState(pool="cpu", generation=1, ready=True, models=[_ready(names["cells"]), _ready(names["kinds"])])
    found = routed(chain(PodView("a", "10.0.0.1", True, False, state)))
    assert {name: one.current for name, one in found.items()} == {"cells": "1.1", "kinds": "1.1", "looks": None}


def _ready(model: str) -> ModelState:
    return ModelState(model=model, state=LoadState.READY)


@pytest.mark.parametrize(
    ("kind", "fields", "expected"),
    [
        (
            CLASSIFIER,
            {"classification_dev": ClassificationMetrics(objects=8, top1=0.75, macro_f1=0.5)},
            {"objects": "8", "top1": "0.75", "macro_f1": "0.5"},
        ),
        (
            EMBEDDER,
            {"embedding_dev": EmbeddingMetrics(objects=9, classes=3, recall_at_1=0.875, map_at_r=0.25)},
            {"objects": "9", "classes": "3", "recall_at_1": "0.875", "map_at_r": "0.25"},
        ),
    ],
    ids=["classifier", "embedder"],
)
def test_the_runs_status_shows_the_figures_of_its_type(kind: CapabilityType, fields: dict[str, Any], expected: object):
    found = dev_metrics(card_of(kind, "kinds", "a" * 64, **fields))
    assert {one.name: one.value for one in found} == expected
