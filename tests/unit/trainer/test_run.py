"""A finished run: what it wrote, in which order, and that it is right."""

from __future__ import annotations

import io
import json
from pathlib import Path

import numpy as np
import onnx
import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from capforge_contracts import layout
from capforge_contracts.model import sha256_hex
from capforge_contracts.run import Phase, Progress
from capforge_trainer.export.session import Session
from capforge_trainer.run import run
from capforge_trainer.stopping import Stopping
from capforge_trainer.surroundings import Surroundings
from capforge_transforms import DEFAULT_LIMITS, transforms
from tests.unit.trainer.conftest import Trained
from tests.unit.trainer.world import SIDE, picture, put_item

_NAMES = ("boxes", "scores", "classes", "count")


def test_it_overfits_eight_images(trained: Trained):
    dev = trained.card.dev
    assert dev is not None
    assert dev.map50 is not None
    assert dev.map50 >= 0.9
    assert [one.name for one in dev.classes] == ["disc", "square"]


def test_test_is_judged_at_the_threshold_of_dev(trained: Trained):
    test = trained.card.test
    assert test is not None
    assert test.images == 3
    assert test.recall is not None
    assert test.recall >= 0.9


def test_a_class_without_objects_is_no_data(trained: Trained):
    test = trained.card.test
    assert test is not None
    square = test.classes[1]
    assert (square.objects, square.ap50, square.ap50_95, square.precision, square.recall) == (0, None, None, None, None)
    assert test.map50 == test.classes[0].ap50
    assert "class square has no object in test: its metrics are no data" in trained.card.warnings


def test_classes_that_are_no_outputs_are_left_out_and_counted(trained: Trained):
    assert trained.card.ignored_classes == {"star": 1}


def test_the_card_is_written_last(trained: Trained):
    written = [key.rpartition("/")[2] for key in trained.store.written]
    card = written.index(layout.CARD)
    assert all(written.index(name) < card for name in (layout.MODEL, layout.GOLDEN, layout.METRICS))
    assert set(written[card + 1 :]) <= {layout.PROGRESS, layout.METRICS} | {
        name for name in written if name.startswith("events.")
    }


def test_the_card_names_the_bytes(trained: Trained):
    card = trained.card
    assert card.model_sha256 == sha256_hex(trained.file(layout.MODEL))
    assert card.model_size_bytes == len(trained.file(layout.MODEL))
    assert card.golden_sha256 == sha256_hex(trained.file(layout.GOLDEN))
    assert card.parity.passed
    assert card.parity.images == 8
    assert card.transforms_version == "2"
    assert (card.input_width, card.input_height) == (SIDE, SIDE)


def test_the_card_fits_the_model(trained: Trained):
    model = onnx.load_from_string(trained.file(layout.MODEL))
    types = {onnx.TensorProto.UINT8: "UINT8", onnx.TensorProto.FLOAT: "FP32", onnx.TensorProto.INT64: "INT64"}

    def described(value: onnx.ValueInfoProto) -> tuple[str, str, list[int]]:
        tensor = value.type.tensor_type
        shape = [-1 if one.dim_param else one.dim_value for one in tensor.shape.dim]
        return value.name, types[tensor.elem_type], shape

    card = trained.card
    assert [described(one) for one in model.graph.input] == [(o.name, o.datatype, o.shape) for o in card.inputs]
    outputs = [(one.name, one.datatype, one.shape) for one in card.model_outputs]
    assert [described(one) for one in model.graph.output] == outputs
    assert [name for name, _, _ in outputs] == list(_NAMES)
    assert model.opset_import[0].version == card.opset


def test_a_batch_of_three_answers_as_three_batches_of_one(trained: Trained):
    session = Session(trained.file(layout.MODEL))
    images = np.stack([picture(seed)[0] for seed in (0, 50, 3)])
    together = session.run(images)
    alone = [session.run(images[index : index + 1]) for index in range(3)]
    for name in _NAMES:
        expected = np.concatenate([one[name] for one in alone])
        np.testing.assert_allclose(together[name], expected, rtol=1e-4, atol=1e-3, err_msg=name)


def test_scores_fall_and_stay_above_the_floor(trained: Trained):
    images = np.stack([picture(seed)[0] for seed in range(3)])
    answer = Session(trained.file(layout.MODEL)).run(images)
    for count, scores in zip(answer["count"][:, 0], answer["scores"], strict=True):
        assert (scores[:count] >= 0.01).all()
        assert (np.diff(scores) <= 0).all()


def test_the_golden_request_is_answered_as_it_says(trained: Trained):
    with np.load(io.BytesIO(trained.file(layout.GOLDEN)), allow_pickle=False) as file:
        arrays = dict(file)
    answer = Session(trained.file(layout.MODEL), threads=1).run(arrays["input.image"])
    assert set(answer) == {name.removeprefix("output.") for name in arrays if name.startswith("output.")}
    for name, value in answer.items():
        expected, rtol, atol = arrays[f"output.{name}"], arrays[f"rtol.{name}"], arrays[f"atol.{name}"]
        assert value.dtype == expected.dtype
        np.testing.assert_allclose(value, expected, rtol=rtol, atol=atol, err_msg=name)
    assert arrays["atol.scores"] <= 0.01


def test_another_model_fails_the_golden_request(trained: Trained):
    model = onnx.load_from_string(trained.file(layout.MODEL))
    for tensor in model.graph.initializer:
        value = onnx.numpy_helper.to_array(tensor)
        if value.ndim == 4:
            tensor.CopyFrom(onnx.numpy_helper.from_array(value[::-1].copy(), tensor.name))
    with np.load(io.BytesIO(trained.file(layout.GOLDEN)), allow_pickle=False) as file:
        scores, atol = file["output.scores"], file["atol.scores"]
        answer = Session(model.SerializeToString()).run(file["input.image"])
    assert not np.allclose(answer["scores"], scores, rtol=0, atol=atol)


def test_from_file_to_boxes_as_the_gateway_does_it(trained: Trained):
    item = put_item(trained.store, 3, compression=2)
    data = trained.store.get(layout.blob("team-a", item.sha256))
    card = trained.card
    known = transforms(card.transforms_version)
    canvas, placement = known.canvas(data, DEFAULT_LIMITS, card.input_width, card.input_height)
    answer = Session(trained.file(layout.MODEL)).run(canvas[None])
    taken = answer["scores"][0] >= card.confidence_threshold
    boxes = known.boxes_to_image(answer["boxes"][0][taken], placement)
    classes = answer["classes"][0][taken]
    for position, entity in enumerate(item.entities):
        distance = np.abs(boxes[classes == position] - np.array(entity.box)).max(axis=1)
        assert distance.min() < 6  # pixels


def test_percent_never_goes_back_and_every_phase_is_told(trained: Trained):
    percents = [progress.percent for progress in trained.heard]
    assert percents == sorted(percents)
    assert [phase for phase in Phase if any(one.phase is phase for one in trained.heard)] == list(Phase)
    last = Progress.from_json(trained.file(layout.PROGRESS))
    assert (last.phase, last.percent, last.remaining_seconds) == (Phase.DONE, 100, 0)
    assert last.metrics["map50"] == pytest.approx(trained.card.dev.map50 if trained.card.dev else None)


def test_metrics_and_events_are_kept(trained: Trained):
    rows = [json.loads(line) for line in trained.file(layout.METRICS).splitlines()]
    assert [row["epoch"] for row in rows if "loss" in row] == list(range(1, trained.card.epochs + 1))
    assert any("map50" in row for row in rows)
    assert any("/events/events.out.tfevents" in key for key in trained.store.written)


def test_the_events_are_read_by_tensorboard(trained: Trained, tmp_path: Path):
    prefix = layout.attempt_file(trained.spec.namespace, trained.spec.digest, trained.attempt, layout.EVENTS)
    for key in {one.key for one in trained.store.list(prefix)}:
        (tmp_path / key.rpartition("/")[2]).write_bytes(trained.store.get(key))
    events = EventAccumulator(str(tmp_path))
    events.Reload()
    assert {"loss", "learning_rate", "map50", "map50_95"} <= set(events.Tags()["scalars"])
    rows = [json.loads(line) for line in trained.file(layout.METRICS).splitlines()]
    for name in ("loss", "map50"):
        expected = [(row["step"], pytest.approx(row[name], rel=1e-5)) for row in rows if name in row]
        assert [(one.step, one.value) for one in events.Scalars(name)] == expected


def test_the_report_is_written_before_the_card_and_shows_the_run(trained: Trained):
    written = [key.rpartition("/")[2] for key in trained.store.written]
    assert written.index(layout.REPORT) < written.index(layout.CARD)
    report = trained.file(layout.REPORT).decode()
    for words in ("shapes-1", "mAP50", "Precision by recall", "left out"):
        assert words.lower() in report.lower(), words
    assert not [one for one in trained.card.warnings if "report" in one]


def test_checkpoints_of_a_finished_run_are_gone(trained: Trained):
    prefix = layout.run_prefix(trained.spec.namespace, trained.spec.digest)
    assert not [one.key for one in trained.store.list(prefix) if layout.CHECKPOINTS in one.key]


def test_a_run_that_has_succeeded_is_not_made_again(trained: Trained, tmp_path: Path):
    before = len(trained.store.written)
    assert run(trained.spec, Surroundings(trained.store, Stopping(), tmp_path)) == trained.attempt
    assert len(trained.store.written) == before
