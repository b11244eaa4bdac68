"""A finished run on documents: what it wrote, in which order, and that it is right."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import onnx
import pytest

from capforge_contracts import layout
from capforge_contracts.data_model import DataField
from capforge_contracts.model import sha256_hex
from capforge_contracts.reading import ReadPage
from capforge_contracts.run import Champion, Phase, Progress, RunDatasets
from capforge_trainer.documents.artefact import proven
from capforge_trainer.documents.parity import joined_error
from capforge_trainer.documents.selection import AnnotatedDocument
from capforge_trainer.documents.served import ServedScorer
from capforge_trainer.errors import ParityError, StoppedError
from capforge_trainer.run import run
from capforge_trainer.scorer.fit import FittedScorer
from capforge_trainer.scorer.graph import scorer_graph
from capforge_trainer.stopping import Stopping
from capforge_trainer.surroundings import Artefact, Surroundings
from capforge_transforms.documents.encode import encode_reading
from tests.unit.trainer.conftest import RecordingStore, Trained
from tests.unit.trainer.documents_world import (
    FIELDS,
    QUICK,
    put_blank,
    put_document,
    put_document_run,
    put_documents,
    put_slips,
    reading,
)


@pytest.fixture(scope="session")
def extracted(tmp_path_factory: pytest.TempPathFactory) -> Trained:
    """A run on 12 slips with 10 dev and 5 test documents."""
    store = RecordingStore()
    spec = put_document_run(store, put_slips(store, 12, 10, 5), QUICK)
    world = Trained(store, spec)
    around = Surroundings(store, Stopping(), tmp_path_factory.mktemp("cache"), listener=world.heard.append)
    world.attempt = run(spec, around)
    return world


@pytest.fixture(scope="session")
def served(extracted: Trained) -> ServedScorer:
    return ServedScorer(extracted.file(layout.MODEL), FIELDS, threads=1)


def test_it_learns_to_read_slips(extracted: Trained):
    dev, test = extracted.card.document_dev, extracted.card.document_test
    assert dev is not None
    assert test is not None
    assert (dev.documents, dev.decisions, dev.cross_validated) == (10, 40, False)
    assert (test.documents, test.decisions) == (5, 20)
    assert dev.accuracy is not None
    assert dev.accuracy >= 0.8
    assert [one.name for one in dev.fields] == [field.name for field in FIELDS]


def test_an_unlabelled_field_is_a_warning_and_absent(extracted: Trained, served: ServedScorer):
    assert any("field phone has no value" in one for one in extracted.card.warnings)
    assert served.predictions(reading(99))["phone"].values == ()


def test_the_card_is_written_last_and_names_the_bytes(extracted: Trained):
    written = [key.rpartition("/")[2] for key in extracted.store.written]
    card = written.index(layout.CARD)
    assert all(written.index(name) < card for name in (layout.MODEL, layout.GOLDEN, layout.METRICS))
    assert extracted.card.model_sha256 == sha256_hex(extracted.file(layout.MODEL))
    assert extracted.card.golden_sha256 == sha256_hex(extracted.file(layout.GOLDEN))
    assert extracted.card.parity.passed
    assert extracted.card.fields == FIELDS
    assert set(extracted.card.field_thresholds) <= {field.name for field in FIELDS}


def test_the_card_describes_the_graph(extracted: Trained):
    graph = onnx.load_from_string(extracted.file(layout.MODEL)).graph
    assert [one.name for one in extracted.card.inputs] == [one.name for one in graph.input]
    assert [one.name for one in extracted.card.model_outputs] == [one.name for one in graph.output]
    assert all(one.shape[0] == -1 for one in (*extracted.card.inputs, *extracted.card.model_outputs))
    assert all(size != 0 for one in extracted.card.model_outputs for size in one.shape), "servers refuse empty tensors"


def test_a_batch_of_three_answers_as_three_batches_of_one(served: ServedScorer):
    rows = [row for seed in (101, 102, 103) for row in encode_reading(reading(seed))]
    assert joined_error(served, rows) < 1e-4


def test_the_golden_request_is_answered_as_it_says(extracted: Trained, served: ServedScorer):
    with np.load(io.BytesIO(extracted.file(layout.GOLDEN)), allow_pickle=False) as file:
        arrays = dict(file)
    answer = served.answer({name.removeprefix("input."): value for name, value in arrays.items() if "input." in name})
    assert {f"output.{name}" for name in answer} <= set(arrays)
    for name, value in answer.items():
        rtol, atol = arrays[f"rtol.{name}"], arrays[f"atol.{name}"]
        np.testing.assert_allclose(value, arrays[f"output.{name}"], rtol=rtol, atol=atol)


def test_another_model_of_the_same_shape_fails_the_golden_request(extracted: Trained):
    graph = onnx.load_from_string(extracted.file(layout.MODEL))
    for tensor in graph.graph.initializer:
        value = onnx.numpy_helper.to_array(tensor)
        if value.dtype == np.float32 and value.ndim == 2:
            tensor.CopyFrom(onnx.numpy_helper.from_array(value[::-1].copy(), tensor.name))
    with np.load(io.BytesIO(extracted.file(layout.GOLDEN)), allow_pickle=False) as file:
        given = {name.removeprefix("input."): file[name] for name in file.files if name.startswith("input.")}
        expected, rtol, atol = file["output.scores"], file["rtol.scores"], file["atol.scores"]
    answer = ServedScorer(graph.SerializeToString(), FIELDS).answer(given)
    assert not np.allclose(answer["scores"], expected, rtol=rtol, atol=atol)


def test_percent_never_goes_back_and_every_phase_is_told(extracted: Trained):
    percents = [progress.percent for progress in extracted.heard]
    assert percents == sorted(percents)
    assert [phase for phase in Phase if any(one.phase is phase for one in extracted.heard)] == list(Phase)
    last = Progress.from_json(extracted.file(layout.PROGRESS))
    assert (last.phase, last.percent, last.remaining_seconds) == (Phase.DONE, 100, 0)
    assert last.metrics["accuracy"] == (extracted.card.document_dev.accuracy if extracted.card.document_dev else None)


def champion_of(world: Trained) -> Champion:
    def key(name: str) -> str:
        return layout.attempt_file(world.spec.namespace, world.spec.digest, world.attempt, name)

    return Champion(
        version="1.1", model_key=key(layout.MODEL), model_sha256=world.card.model_sha256, card_key=key(layout.CARD)
    )


SHORT = {**QUICK, "maxEpochs": 2}


def test_few_dev_documents_are_judged_by_folds_and_compared_with_the_champion(extracted: Trained, tmp_path: Path):
    store = extracted.store
    datasets = put_slips(store, 12, 3, first=201)
    # The champion was trained on the first of these: it may not be judged on it.
    seen = put_slips(store, 1, 0, first=201)
    card = extracted.card.model_copy(update={"datasets": seen})
    store.put("cards/1.1.json", card.to_json())
    champion = champion_of(extracted).model_copy(update={"card_key": "cards/1.1.json"})
    spec = put_document_run(store, datasets, SHORT, champion=champion)
    world = Trained(store, spec, run(spec, Surroundings(store, Stopping(), tmp_path)))
    dev, comparison = world.card.document_dev, world.card.comparison
    assert dev is not None
    assert (dev.documents, dev.cross_validated) == (12, True)
    assert comparison is not None
    assert (comparison.version, comparison.documents, comparison.decisions) == ("1.1", 3, 12)
    assert comparison.champion_right + comparison.wins - comparison.losses == comparison.challenger_right
    assert world.card.parity.images == 15


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"card_key": "cards/nothing.json"}, "cards/nothing.json"),
        ({"model_sha256": "0" * 64}, "digest"),
    ],
)
def test_a_champion_that_cannot_be_judged_is_a_warning(
    extracted: Trained, tmp_path: Path, change: dict[str, str], told: str
):
    store = extracted.store
    champion = champion_of(extracted).model_copy(update=change)
    spec = put_document_run(store, put_slips(store, 4, 1, first=301), SHORT, champion=champion, seed=len(told))
    world = Trained(store, spec, run(spec, Surroundings(store, Stopping(), tmp_path)))
    assert world.card.comparison is None
    assert any("not compared with the champion" in one and told in one for one in world.card.warnings)


def test_a_damaged_graph_fails_the_run(extracted: Trained, tmp_path: Path):
    def damaged(fitted: FittedScorer, documents: list[AnnotatedDocument]) -> Artefact:
        graph = scorer_graph(fitted.module)
        kernel = next(one for one in graph.graph.initializer if len(one.dims) == 2 and one.data_type == 1)
        value = onnx.numpy_helper.to_array(kernel).copy()
        value[:, : value.shape[1] // 2] += 1.0
        kernel.CopyFrom(onnx.numpy_helper.from_array(value, kernel.name))
        return proven(fitted, graph, documents)

    store = extracted.store
    spec = put_document_run(store, put_slips(store, 4, 1, first=401), SHORT)
    with pytest.raises(ParityError, match="does not answer as the network"):
        run(spec, Surroundings(store, Stopping(), tmp_path, exporter=damaged))
    published = [one.key for one in store.list(layout.run_prefix(spec.namespace, spec.digest))]
    assert not [key for key in published if key.endswith((layout.MODEL, layout.CARD, layout.GOLDEN))]


class _Stopped(Stopping):
    def __init__(self) -> None:
        super().__init__()
        self.looks = 0

    def asked(self) -> bool:
        self.looks += 1
        return self.looks > 3


def test_a_stopped_attempt_begins_again(extracted: Trained, tmp_path: Path):
    store = extracted.store
    spec = put_document_run(store, put_slips(store, 4, 1, first=501), SHORT)
    with pytest.raises(StoppedError):
        run(spec, Surroundings(store, _Stopped(), tmp_path))
    assert run(spec, Surroundings(store, Stopping(), tmp_path)) == 2


def test_one_field_without_classes_and_blank_documents_are_served_too(extracted: Trained, tmp_path: Path):
    store = extracted.store
    fields: list[DataField] = FIELDS[:1]
    slips = [put_document(store, seed) for seed in (601, 602, 603)]
    blank = [put_blank(store, 604, 2), put_blank(store, 605, 0)]
    datasets = RunDatasets(train=[put_documents(store, "some are blank", [*slips, *blank])], dev=[])
    spec = put_document_run(store, datasets, SHORT, fields=fields)
    world = Trained(store, spec, run(spec, Surroundings(store, Stopping(), tmp_path)))
    assert world.card.ignored_classes == {"kind": 5, "phone": 5, "supplier": 5}
    model = ServedScorer(world.file(layout.MODEL), fields)
    for pages in ([], [ReadPage(page_id=0, width=1, height=1)]):
        assert model.predictions(reading(1).model_copy(update={"pages": pages}))["total"].values == ()
    assert all(size != 0 for one in world.card.model_outputs for size in one.shape), "servers refuse empty tensors"
