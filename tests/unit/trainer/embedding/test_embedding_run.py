"""An embedder from end to end: its figures, its card, and what stops a run or is only said.

What every template must do is in test_conformance.py.
"""

from __future__ import annotations

import signal
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest

from capforge_contracts import layout
from capforge_contracts.dataset import ManifestItem
from capforge_contracts.memory import MemoryObjectStore
from capforge_contracts.model import sha256_hex
from capforge_contracts.run import (
    CapabilityType,
    ModelCard,
    Phase,
    Progress,
    RunDatasets,
    RunSpec,
)
from capforge_contracts.store import ObjectStore
from capforge_trainer.embedding.draw import LEAST_STEPS
from capforge_trainer.errors import BadDataError, ParityError, StoppedError
from capforge_trainer.export.session import Session
from capforge_trainer.overrides import merged
from capforge_trainer.regions.artefact import crops_graph, proven
from capforge_trainer.regions.crops import Crops
from capforge_trainer.run import run
from capforge_trainer.stopping import Stopping
from capforge_trainer.surroundings import Artefact, Surroundings
from capforge_trainer.templates import TEMPLATES
from tests.unit.trainer.conftest import RecordingStore, Trained
from tests.unit.trainer.world import crops_of, outputs_named, put_dataset, put_item, put_run

SMALL = "box-embedder-small"
_SIZE = 16
_TINY = [
    "crop.longSidePixels=32",
    f"model.embeddingSize={_SIZE}",
    "optimizer.batchSize=8",
    "optimizer.warmupSteps=2",
    "optimizer.emaDecay=0.9",
    "optimizer.precision=Float32",
    "schedule.maxEpochs=2",
    "schedule.evaluations=2",
    "schedule.loaderThreads=1",
    "model.width=8",
]


def put_embedder(store: ObjectStore, datasets: RunDatasets, **changes: Any) -> RunSpec:
    parameters = merged(TEMPLATES[SMALL].defaults(), [*_TINY, *changes.pop("settings", [])])
    fields = {"capability_type": CapabilityType.BOX_EMBEDDER, "template": SMALL, "parameters": parameters}
    return put_run(store, datasets, [], **{**fields, **changes})


def small_world(store: ObjectStore) -> RunDatasets:
    """Eight images to learn from, the same as other files in dev, and in test also a class never trained on."""
    train = [put_item(store, seed) for seed in range(8)]
    dev = [put_item(store, seed, compression=2) for seed in range(8)]
    test = [put_item(store, 20 + seed, classes=("disc", "star")) for seed in range(3)]
    return RunDatasets(
        train=[put_dataset(store, "train", train)],
        dev=[put_dataset(store, "dev", dev)],
        test=[put_dataset(store, "test", test)],
    )


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Trained:
    store = RecordingStore()
    world = Trained(store, put_embedder(store, small_world(store)))
    cache = tmp_path_factory.mktemp("blobs")
    world.attempt = run(world.spec, Surroundings(store, Stopping(), cache, listener=world.heard.append))
    return world


def _vectors(trained: Trained, crops: np.ndarray) -> np.ndarray:
    return np.asarray(Session(trained.file(layout.MODEL)).run(crops)["embeddings"])


def test_it_overfits_eight_images(trained: Trained):
    dev = trained.card.embedding_dev
    assert dev is not None
    assert (dev.objects, dev.classes) == (16, 2)
    assert (dev.recall_at_1, dev.map_at_r) == (1.0, 1.0)


def test_a_class_never_trained_on_counts_in_test(trained: Trained):
    test = trained.card.embedding_test
    assert test is not None
    assert (test.objects, test.classes) == (6, 2)
    assert test.recall_at_1 is not None
    assert test.recall_at_10 is None, "six regions have no ten others"
    assert trained.card.ignored_classes == {}


def test_unseen_regions_lie_near_those_of_their_class(trained: Trained):
    crop = trained.card.crop
    assert crop
    vectors = _vectors(trained, crops_of(range(50, 54), crop))
    cosines = vectors @ vectors.T
    assert cosines[::2, ::2].min() > cosines[::2, 1::2].max()


def test_vectors_have_length_one(trained: Trained):
    crop = trained.card.crop
    assert crop
    random = np.random.default_rng(0).integers(0, 256, (5, crop.height, crop.width, 3), dtype=np.uint8)
    vectors = _vectors(trained, np.concatenate([random, np.zeros_like(random[:1])]))
    assert (vectors.dtype, vectors.shape) == (np.float32, (6, _SIZE))
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)


def test_the_card_fits_the_model(trained: Trained):
    card, model = trained.card, onnx.load_from_string(trained.file(layout.MODEL))
    (given,), (answered,) = model.graph.input, model.graph.output
    shapes = [[one.dim_value or -1 for one in value.type.tensor_type.shape.dim] for value in (given, answered)]
    assert [(one.name, one.datatype, one.shape) for one in card.inputs] == [("crops", "UINT8", shapes[0])]
    assert [(one.name, one.datatype, one.shape) for one in card.model_outputs] == [("embeddings", "FP32", shapes[1])]
    assert card.embedding_size == shapes[1][1] == _SIZE
    assert card.crop is not None
    assert shapes[0] == [-1, card.crop.height, card.crop.width, 3]
    assert (card.input_height, card.input_width) == (card.crop.height, card.crop.width)
    assert card.model_sha256 == sha256_hex(trained.file(layout.MODEL))
    assert card.parity.passed


def test_progress_names_the_figures(trained: Trained):
    percents = [one.percent for one in trained.heard]
    assert percents == sorted(percents)
    last = trained.heard[-1]
    assert (last.phase, last.percent) == (Phase.DONE, 100)
    assert last.metrics["recall_at_1"] == 1.0
    assert last.metrics["map_at_r"] == 1.0
    assert b"mAP@R" in trained.file(layout.REPORT)
    prefix = layout.run_prefix(trained.spec.namespace, trained.spec.digest)
    assert not [one.key for one in trained.store.list(prefix) if layout.CHECKPOINTS in one.key]


def test_a_stopped_run_goes_on_where_it_stood(tmp_path: Path):
    store, stopping = RecordingStore(), Stopping()
    spec = put_embedder(store, small_world(store))

    def stop_in_the_second_epoch(progress: Progress) -> None:
        if progress.phase is Phase.TRAINING and progress.step >= LEAST_STEPS + 2:
            stopping._hear(signal.SIGTERM, None)

    with pytest.raises(StoppedError, match="the state is saved"):
        run(spec, Surroundings(store, stopping, tmp_path, listener=stop_in_the_second_epoch))
    heard: list[Progress] = []
    second = Trained(store, spec, run(spec, Surroundings(store, Stopping(), tmp_path, listener=heard.append)))
    assert second.attempt == 2
    assert {one.resumed_from_epoch for one in heard if one.phase is Phase.TRAINING} == {1}
    assert min(one.step for one in heard if one.step) > LEAST_STEPS, "no finished epoch is repeated"
    assert second.card.epochs == 2


def test_a_damaged_graph_fails_the_run(tmp_path: Path):
    store = MemoryObjectStore()
    spec = put_embedder(store, small_world(store), settings=["schedule.maxEpochs=1"])
    with pytest.raises(ParityError, match="does not answer as the network"):
        run(spec, Surroundings(store, Stopping(), tmp_path, exporter=_damaged_export))
    written = [one.key for one in store.list(layout.run_prefix(spec.namespace, spec.digest))]
    assert not [key for key in written if key.endswith((layout.MODEL, layout.CARD, layout.GOLDEN))]
    heard: list[Progress] = []
    assert run(spec, Surroundings(store, Stopping(), tmp_path, listener=heard.append)) == 2
    again = [one for one in heard if one.phase is Phase.TRAINING and one.resumed_from_epoch != 1]
    assert not again, "training was over: the next attempt exports what the last checkpoint holds"


def _damaged_export(embedder: Any, output: str, dev: Crops) -> Artefact:
    model = crops_graph(embedder, output, dev.settings)
    kernel = next(one for one in model.graph.initializer if len(one.dims) == 4)
    value = onnx.numpy_helper.to_array(kernel).copy()
    value[0] *= 1.5  # one filter of the first layer
    kernel.CopyFrom(onnx.numpy_helper.from_array(value, kernel.name))
    return proven(embedder, model, dev)


def _one_disc(store: ObjectStore, seed: int) -> ManifestItem:
    return put_item(store, seed, classes=("disc",))


@pytest.mark.parametrize(
    ("train", "outputs", "said"),
    [
        pytest.param([("disc",), ("disc",)], ("disc", "square"), "at least two outputs", id="one class"),
        pytest.param([(), ()], ("disc", "square"), "a region of the outputs", id="no regions"),
        pytest.param([("disc", "square")], ("star", "moon"), "a region of the outputs", id="none of the outputs"),
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
    spec = put_embedder(store, datasets, outputs=outputs_named(*outputs))
    with pytest.raises(BadDataError, match=said):
        run(spec, Surroundings(store, Stopping(), tmp_path))


def test_what_teaches_or_tells_little_is_a_warning(tmp_path: Path):
    store = MemoryObjectStore()
    train = [put_item(store, 0), _one_disc(store, 1)]
    datasets = RunDatasets(
        train=[put_dataset(store, "train", train)], dev=[put_dataset(store, "dev", [put_item(store, 9)])]
    )
    outputs = outputs_named("disc", "square", "star")
    spec = put_embedder(store, datasets, outputs=outputs, settings=["schedule.maxEpochs=1"])
    attempt = run(spec, Surroundings(store, Stopping(), tmp_path))
    card = ModelCard.from_json(store.get(layout.attempt_file(spec.namespace, spec.digest, attempt, layout.CARD)))
    said = "; ".join(card.warnings)
    assert "class star has no object in datasets.train" in said
    assert "class square has a single region in train" in said
    assert "dev has no two regions of one class: its metrics are no data" in said
    assert card.embedding_dev is not None
    assert card.embedding_dev.map_at_r is None
