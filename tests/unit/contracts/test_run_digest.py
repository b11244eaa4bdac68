from __future__ import annotations

from typing import Any

import pytest

from capforge_contracts.dataset import Split
from capforge_contracts.run import CapabilityType, DatasetSelection, Output, RunDatasets, RunSpec, run_digest

TRAIN = [DatasetSelection(name="a", digest="1"), DatasetSelection(name="b", digest="2")]
DEV = [DatasetSelection(name="c", digest="3")]
SPEC = RunSpec(
    namespace="team",
    capability="cells",
    capability_type=CapabilityType.DETECTOR,
    run="first",
    digest="",
    outputs=[Output(position=0, name="cat"), Output(position=1, name="dog")],
    datasets=RunDatasets(train=TRAIN, dev=DEV),
    template="detector",
    parameters={"size": {"width": 320, "height": 320}, "rate": 0.1},
    seed=1,
    time_budget_seconds=60,
    image="trainer:1",
)


@pytest.mark.parametrize(
    "change",
    [
        {"outputs": [Output(position=1, name="cat"), Output(position=0, name="dog")]},
        {"outputs": [Output(position=0, name="cat")]},
        {"datasets": RunDatasets(train=TRAIN[:1], dev=DEV)},
        {"datasets": RunDatasets(train=DEV, dev=TRAIN)},
        {"datasets": RunDatasets(train=TRAIN, dev=DEV, test=TRAIN)},
        {"datasets": RunDatasets(train=TRAIN, dev=[DatasetSelection(name="c", digest="3", split=Split.DEV)])},
        {"template": "other"},
        {"parameters": {"size": {"width": 320, "height": 640}, "rate": 0.1}},
        {"seed": 2},
        {"time_budget_seconds": 61},
        {"image": "trainer:2"},
        {"gpus": 1},
    ],
    ids=str,
)
def test_what_changes_the_model_changes_the_digest(change: dict[str, Any]):
    assert run_digest(SPEC.model_copy(update=change)) != run_digest(SPEC)


@pytest.mark.parametrize(
    "change",
    [
        {"run": "second"},
        {"digest": "x"},
        {"outputs": list(reversed(SPEC.outputs))},
        {"datasets": RunDatasets(train=list(reversed(TRAIN)), dev=DEV)},
        {"datasets": RunDatasets(train=TRAIN, dev=[DatasetSelection(name="renamed", digest="3")])},
        {"parameters": {"rate": 0.1, "size": {"height": 320, "width": 320}}},
    ],
    ids=str,
)
def test_what_does_not_change_the_model_keeps_the_digest(change: dict[str, Any]):
    assert run_digest(SPEC.model_copy(update=change)) == run_digest(SPEC)


def test_one_gpu_or_two_is_the_same_run():
    assert run_digest(SPEC.model_copy(update={"gpus": 1})) == run_digest(SPEC.model_copy(update={"gpus": 2}))
