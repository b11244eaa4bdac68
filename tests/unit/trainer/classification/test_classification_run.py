"""A classifier from end to end: its figures, its card, and what stops a run or is only said.

What every template must do is in test_conformance.py.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest

from capforge_contracts import layout
from capforge_contracts.dataset import ManifestEntity, ManifestItem
from capforge_contracts.exitcodes import ExitCode
from capforge_contracts.memory import MemoryObjectStore
from capforge_contracts.model import sha256_hex
from capforge_contracts.run import (
    CapabilityType,
    CropSettings,
    Phase,
    RunDatasets,
    RunSpec,
)
from capforge_contracts.store import ObjectStore
from capforge_trainer.errors import BadConfigurationError, BadDataError, ParityError
from capforge_trainer.export.session import Session
from capforge_trainer.overrides import merged
from capforge_trainer.regions.artefact import crops_graph, proven
from capforge_trainer.regions.crops import Crops
from capforge_trainer.run import run
from capforge_trainer.stopping import Stopping
from capforge_trainer.surroundings import Artefact, Surroundings
from capforge_trainer.templates import TEMPLATES
from tests.unit.trainer.conftest import RecordingStore, Trained
from tests.unit.trainer.world import SIDE, crops_of, outputs_named, put_dataset, put_item, put_run

SMALL = "box-classifier-small"
_TINY = [
    "crop.longSidePixels=32",
    "optimizer.batchSize=8",
    "optimizer.learningRate=0.004",
    "optimizer.warmupSteps=2",
    "optimizer.emaDecay=0.9",
    "optimizer.precision=Float32",
    "schedule.maxEpochs=5",
    "schedule.evaluations=2",
    "schedule.loaderThreads=1",
    "model.width=16",
]


def put_classifier(store: ObjectStore, datasets: RunDatasets, **changes: Any) -> RunSpec:
    parameters = merged(TEMPLATES[SMALL].defaults(), [*_TINY, *changes.pop("settings", [])])
    fields = {"capability_type": CapabilityType.BOX_CLASSIFIER, "template": SMALL, "parameters": parameters}
    return put_run(store, datasets, [], **{**fields, **changes})


def small_world(store: ObjectStore) -> RunDatasets:
    """Eight images to learn from, the same as other files in dev; test lacks the squares."""
    train = [put_item(store, seed) for seed in range(7)] + [put_item(store, 7, classes=("disc", "star"))]
    dev = [put_item(store, seed, compression=2) for seed in range(8)]
    test = [put_item(store, 20 + seed, classes=("disc",)) for seed in range(3)]
    return RunDatasets(
        train=[put_dataset(store, "train", train)],
        dev=[put_dataset(store, "dev", dev)],
        test=[put_dataset(store, "test", test)],
    )


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Trained:
    store = RecordingStore()
    world = Trained(store, put_classifier(store, small_world(store)))
    cache = tmp_path_factory.mktemp("blobs")
    world.attempt = run(world.spec, Surroundings(store, Stopping(), cache, listener=world.heard.append))
    return world


def _scores(trained: Trained, crops: np.ndarray) -> np.ndarray:
    return np.asarray(Session(trained.file(layout.MODEL)).run(crops)["scores"])


def _crop_of(trained: Trained) -> CropSettings:
    crop = trained.card.crop
    assert crop is not None
    return crop


def test_it_overfits_eight_images(trained: Trained):
    dev = trained.card.classification_dev
    assert dev is not None
    assert (dev.objects, dev.top1, dev.macro_f1, dev.top5) == (16, 1.0, 1.0, None)
    assert dev.confusion == [[8, 0], [0, 8]]
    assert [one.name for one in dev.classes] == ["disc", "square"]


def test_a_class_without_regions_is_no_data(trained: Trained):
    test = trained.card.classification_test
    assert test is not None
    square = test.classes[1]
    assert (square.objects, square.precision, square.recall, square.f1) == (0, None, None, None)
    assert test.macro_f1 == test.classes[0].f1
    assert "class square has no object in test: its metrics are no data" in trained.card.warnings


def test_classes_that_are_no_outputs_are_left_out_and_counted(trained: Trained):
    assert trained.card.ignored_classes == {"star": 1}


def test_unseen_regions_get_their_class_from_file_to_scores_as_the_gateway_does_it(trained: Trained):
    scores = _scores(trained, crops_of(range(50, 54), _crop_of(trained)))
    assert scores.argmax(axis=1).tolist() == [0, 1] * 4
    np.testing.assert_allclose(scores.sum(axis=1), 1, atol=1e-5)


def test_the_card_fits_the_model(trained: Trained):
    card, model = trained.card, onnx.load_from_string(trained.file(layout.MODEL))
    (given,), (answered,) = model.graph.input, model.graph.output
    shapes = [[one.dim_value or -1 for one in value.type.tensor_type.shape.dim] for value in (given, answered)]
    assert [(one.name, one.datatype, one.shape) for one in card.inputs] == [("crops", "UINT8", shapes[0])]
    assert [(one.name, one.datatype, one.shape) for one in card.model_outputs] == [("scores", "FP32", shapes[1])]
    crop = _crop_of(trained)
    assert shapes == [[-1, crop.height, crop.width, 3], [-1, 2]]
    assert (card.input_height, card.input_width) == (crop.height, crop.width)
    assert (crop.scale, crop.padding_pixels, crop.form) == (1.1, 0, "Upright")
    assert card.model_sha256 == sha256_hex(trained.file(layout.MODEL))
    assert card.parity.passed
    assert card.parity.images == 16
    assert 0 <= card.confidence_threshold < 1


def test_progress_names_the_figures_and_nothing_is_left_behind(trained: Trained):
    percents = [one.percent for one in trained.heard]
    assert percents == sorted(percents)
    last = trained.heard[-1]
    assert (last.phase, last.percent) == (Phase.DONE, 100)
    assert (last.metrics["top1"], last.metrics["macro_f1"]) == (1.0, 1.0)
    assert b"macro" in trained.file(layout.REPORT).lower()
    assert not [warning for warning in trained.card.warnings if "report" in warning]
    prefix = layout.run_prefix(trained.spec.namespace, trained.spec.digest)
    assert not [one.key for one in trained.store.list(prefix) if layout.CHECKPOINTS in one.key]


def test_a_damaged_graph_fails_the_run(tmp_path: Path):
    store = MemoryObjectStore()
    spec = put_classifier(store, small_world(store), settings=["schedule.maxEpochs=1"])
    with pytest.raises(ParityError, match="does not answer as the network") as caught:
        run(spec, Surroundings(store, Stopping(), tmp_path, exporter=_damaged_export))
    assert caught.value.exit_code is ExitCode.PARITY_FAILED
    written = [one.key for one in store.list(layout.run_prefix(spec.namespace, spec.digest))]
    assert not [key for key in written if key.endswith((layout.MODEL, layout.CARD, layout.GOLDEN, layout.WEIGHTS))]


def _damaged_export(network: Any, output: str, dev: Crops) -> Artefact:
    model = crops_graph(network, output, dev.settings)
    kernel = next(one for one in model.graph.initializer if len(one.dims) == 4)
    value = onnx.numpy_helper.to_array(kernel).copy()
    value[0] *= 1.5  # one filter of the first layer
    kernel.CopyFrom(onnx.numpy_helper.from_array(value, kernel.name))
    return proven(network, model, dev)


def _outside(store: ObjectStore) -> ManifestItem:
    entity = ManifestEntity(class_name="disc", box=[SIDE + 4, 2, SIDE + 20, 30])
    return put_item(store, 3).model_copy(update={"entities": [entity]})


@pytest.mark.parametrize(
    ("train", "outputs", "said"),
    [
        pytest.param([("disc",), ("disc",)], ("disc", "square"), "class square has no object", id="a class missing"),
        pytest.param([(), ()], ("disc", "square"), "none of its 2 images has a region", id="no regions"),
        pytest.param([("disc", "square")], ("star", "moon"), r"a region of the outputs \(star, moon\)", id="others"),
    ],
)
def test_regions_that_teach_nothing_stop_the_run(
    train: list[tuple[str, ...]], outputs: tuple[str, ...], said: str, tmp_path: Path
):
    store = MemoryObjectStore()
    items = [put_item(store, seed, classes=classes) for seed, classes in enumerate(train)]
    datasets = RunDatasets(
        train=[put_dataset(store, "train", items)], dev=[put_dataset(store, "dev", [put_item(store, 9)])]
    )
    spec = put_classifier(store, datasets, outputs=outputs_named(*outputs))
    with pytest.raises(BadDataError, match=said):
        run(spec, Surroundings(store, Stopping(), tmp_path))


def test_a_region_outside_its_image_is_named(tmp_path: Path):
    store = MemoryObjectStore()
    train = put_dataset(store, "train", [put_item(store, 1), _outside(store)])
    datasets = RunDatasets(train=[train], dev=[put_dataset(store, "dev", [put_item(store, 9)])])
    with pytest.raises(BadDataError, match=r"image 3\.png of datasets\.train: the region \[100\.0, 2\.0.*96 x 96"):
        run(put_classifier(store, datasets), Surroundings(store, Stopping(), tmp_path))


def test_a_single_output_is_refused(tmp_path: Path):
    store = MemoryObjectStore()
    spec = put_classifier(store, small_world(store), outputs=outputs_named("disc"))
    with pytest.raises(BadConfigurationError, match="disc is the only one; a classifier chooses between at least two"):
        run(spec, Surroundings(store, Stopping(), tmp_path))
