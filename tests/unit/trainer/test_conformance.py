"""What every template of images and regions must do: overfit eight images, export, answer a batch as its images alone,
prove itself and no other, and go on from weights."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest

from capforge_contracts import layout
from capforge_contracts.dataset import ManifestItem
from capforge_contracts.model import sha256_hex
from capforge_contracts.run import CapabilityType, InitialWeights, Phase, RunDatasets
from capforge_contracts.store import ObjectStore
from capforge_trainer.export.session import Session
from capforge_trainer.overrides import merged
from capforge_trainer.run import run
from capforge_trainer.stopping import Stopping
from capforge_trainer.surroundings import Surroundings
from capforge_trainer.templates import ANCHOR_FREE_DETECTOR, CANDIDATE_SCORER, TEMPLATES
from tests.unit.trainer.conftest import RecordingStore, Trained
from tests.unit.trainer.world import TINY, put_dataset, put_item, put_run

_REGIONS = [
    "crop.longSidePixels=32",
    "optimizer.batchSize=8",
    "optimizer.warmupSteps=2",
    "optimizer.emaDecay=0.9",
    "optimizer.precision=Float32",
    "schedule.evaluations=2",
    "schedule.loaderThreads=1",
]
SETTINGS = {
    "anchor-free-detector": TINY,
    "fcos-detector": [
        *TINY,
        "augmentation.horizontalFlip=0",
        "optimizer.learningRate=0.003",
        "model.headConvs=1",
        "model.neckChannels=64",
        "schedule.maxEpochs=10",
    ],
    "box-classifier-small": [*_REGIONS, "model.width=16", "optimizer.learningRate=0.004", "schedule.maxEpochs=5"],
    "box-classifier-mobilenet": [*_REGIONS, "optimizer.learningRate=0.004", "schedule.maxEpochs=8"],
    "box-classifier-resnet": [
        *_REGIONS,
        "model.backbone=resnet10",
        "optimizer.learningRate=0.004",
        "schedule.maxEpochs=5",
    ],
    "box-embedder-small": [*_REGIONS, "model.width=8", "model.embeddingSize=16", "schedule.maxEpochs=2"],
    "box-embedder-resnet": [*_REGIONS, "model.embeddingSize=16", "schedule.maxEpochs=2"],
}
"""What learns the drawn world in seconds."""
CONTRACT = {
    CapabilityType.DETECTOR: ("image", {"boxes": "FP32", "scores": "FP32", "classes": "INT64", "count": "INT64"}),
    CapabilityType.BOX_CLASSIFIER: ("crops", {"scores": "FP32"}),
    CapabilityType.BOX_EMBEDDER: ("crops", {"embeddings": "FP32"}),
}
"""Of each type: the input's name and the outputs with their types."""
_ONNX_TYPES = {"FP32": onnx.TensorProto.FLOAT, "INT64": onnx.TensorProto.INT64}


def _world(store: ObjectStore) -> RunDatasets:
    def again(seed: int) -> ManifestItem:
        return put_item(store, seed, compression=2)

    return RunDatasets(
        train=[put_dataset(store, "train", [put_item(store, seed) for seed in range(8)])],
        dev=[put_dataset(store, "dev", [again(seed) for seed in range(8)])],
    )


def _made(store: RecordingStore, template: str, cache: Path, *settings: str, **changes: Any) -> Trained:
    parameters = merged(TEMPLATES[template].defaults(), [*SETTINGS[template], *settings])
    kind = TEMPLATES[template].capability_types[0]
    fields = {"capability_type": kind, "template": template, "parameters": parameters, "time_budget_seconds": 3600}
    datasets = changes.pop("datasets", None) or _world(store)
    made = Trained(store, put_run(store, datasets, [], **fields, **changes))
    made.attempt = run(made.spec, Surroundings(store, Stopping(), cache, listener=made.heard.append))
    return made


@pytest.fixture(scope="module", params=SETTINGS)
def made(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Trained:
    if request.param == ANCHOR_FREE_DETECTOR.name:  # other tests look at such a run too
        shared: Trained = request.getfixturevalue("trained")
        return shared
    return _made(RecordingStore(), request.param, tmp_path_factory.mktemp("blobs"))


def test_every_template_is_tried():
    assert set(SETTINGS) == set(TEMPLATES) - {CANDIDATE_SCORER.name}


def test_it_overfits_eight_images(made: Trained):
    assert made.heard[-1].phase is Phase.DONE
    assert _figure(made) >= 0.8


def test_the_file_keeps_the_model_contract_and_the_card_says_so(made: Trained):
    card, model = made.card, onnx.load_from_string(made.file(layout.MODEL))
    onnx.checker.check_model(model, full_check=True)
    given, answered = CONTRACT[made.spec.capability_type]
    (image,) = model.graph.input
    assert (image.name, image.type.tensor_type.elem_type) == (given, onnx.TensorProto.UINT8)
    assert _shape(image) == [-1, card.input_height, card.input_width, 3]
    found = {one.name: one.type.tensor_type.elem_type for one in model.graph.output}
    assert found == {name: _ONNX_TYPES[datatype] for name, datatype in answered.items()}
    assert {one.name: one.shape for one in card.model_outputs} == {one.name: _shape(one) for one in model.graph.output}
    assert [(one.name, one.datatype, one.shape) for one in card.inputs] == [(given, "UINT8", _shape(image))]
    assert card.model_sha256 == sha256_hex(made.file(layout.MODEL))
    assert all(one.domain in ("", "ai.onnx") for one in model.opset_import), "no operators that a server may lack"


def test_network_and_graph_were_compared(made: Trained):
    parity = made.card.parity
    assert parity.passed
    assert parity.images >= 8
    assert parity.heads_max_abs_error < 1e-3


def test_a_batch_of_three_answers_as_three_batches_of_one(made: Trained):
    session, images = Session(made.file(layout.MODEL)), _noise(made)
    images[0] = _golden(made)[f"input.{session.input}"][0]  # one with something to be seen
    together = session.run(images)
    alone = [session.run(images[index : index + 1]) for index in range(3)]
    for name, rows in together.items():
        np.testing.assert_allclose(rows, np.concatenate([one[name] for one in alone]), atol=1e-3, err_msg=name)


def test_the_golden_request_is_answered_so_by_this_model_alone(made: Trained):
    golden, model = _golden(made), onnx.load_from_string(made.file(layout.MODEL))
    assert _as_golden(golden, model)
    for tensor in model.graph.initializer:
        value = onnx.numpy_helper.to_array(tensor)
        if value.ndim == 4:
            tensor.CopyFrom(onnx.numpy_helper.from_array(value[::-1].copy(), tensor.name))
    assert not _as_golden(golden, model), "another model of the same shape is told apart"


def test_it_goes_on_from_the_weights_of_another_run(made: Trained, tmp_path: Path):
    key = layout.attempt_file(made.spec.namespace, made.spec.digest, made.attempt, layout.WEIGHTS)
    given = InitialWeights(key=key, sha256=sha256_hex(made.file(layout.WEIGHTS)), origin="version 1.1")
    hardly = ["schedule.maxEpochs=1", "schedule.evaluations=1", "optimizer.learningRate=1e-8"]
    changes = {"datasets": made.spec.datasets, "initial_weights": given}
    second = _made(made.store, made.spec.template, tmp_path, *hardly, **changes)
    assert _figure(second) >= _figure(made) - 0.1, "hardly anything was learnt: the knowledge is that of the first run"
    assert not [warning for warning in second.card.warnings if "initial weights" in warning]


def _figure(made: Trained) -> float:
    """Return what a perfect model makes 1."""
    known = made.heard[-1].metrics
    return next(known[name] for name in ("map50", "top1", "recall_at_1") if name in known)


def _noise(made: Trained) -> np.ndarray:
    """Return three pictures of noise in the model's own size."""
    shape = (3, made.card.input_height, made.card.input_width, 3)
    return np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)


def _golden(made: Trained) -> dict[str, np.ndarray]:
    with np.load(io.BytesIO(made.file(layout.GOLDEN)), allow_pickle=False) as file:
        return dict(file)


def _shape(value: onnx.ValueInfoProto) -> list[int]:
    return [one.dim_value or -1 for one in value.type.tensor_type.shape.dim]


def _as_golden(golden: dict[str, np.ndarray], model: onnx.ModelProto) -> bool:
    session = Session(model.SerializeToString())
    answer = session.run(golden[f"input.{session.input}"])
    return all(
        np.allclose(value, golden[f"output.{name}"], rtol=golden[f"rtol.{name}"], atol=golden[f"atol.{name}"])
        for name, value in answer.items()
    )
