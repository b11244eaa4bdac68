"""The candidate scorer learns, exports, and stops."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import torch

from capforge_contracts.dataset import Split
from capforge_trainer.errors import BadDataError, NonFiniteLossError, StoppedError
from capforge_trainer.scorer.answers import predict
from capforge_trainer.scorer.calibration import best_thresholds, calibration_error
from capforge_trainer.scorer.examples import Example, documents_of
from capforge_trainer.scorer.fit import FitProgress, FittedScorer, fit
from capforge_trainer.scorer.graph import scorer_graph
from capforge_trainer.scorer.member import Course, train_member
from capforge_trainer.scorer.network import Scorer, Shape
from capforge_trainer.scorer.rightness import is_right
from capforge_trainer.scorer.served import Served
from capforge_trainer.scorer.weights import WEIGHTS, load_generic, save_generic
from capforge_transforms.documents.decode import decode
from capforge_transforms.documents.encode import BUCKETS, INPUTS, OUTPUTS, encode, encode_reading, stacked
from tests.unit.trainer.scorer.bills import FIELDS, QUICK, SMALL, bill, bills


@pytest.fixture(scope="module")
def fitted() -> FittedScorer:
    return fit(bills(8), FIELDS, QUICK, seed=3)


def wrong(fitted: FittedScorer, examples: list[Example]) -> list[tuple[int, str]]:
    found = []
    for number, example in enumerate(examples):
        predictions = predict(fitted.module, example.reading, FIELDS, fitted.thresholds)
        found += [
            (number, field.name)
            for field, label in zip(FIELDS, example.labels, strict=True)
            if not is_right(predictions[field.name], label, field)
        ]
    return found


def test_eight_documents_are_learned_by_heart_with_several_words_lines_absence_and_class(fitted: FittedScorer):
    assert wrong(fitted, bills(8)) == []
    predictions = predict(fitted.module, bill(3).reading, FIELDS)
    assert predictions["owed"].values == ()
    assert len(predictions["place"].values[0].words) == 5


def test_the_same_seed_gives_the_same_scorer(fitted: FittedScorer):
    again = fit(bills(8), FIELDS, QUICK, seed=3)
    for name, value in fitted.module.state_dict().items():
        assert torch.equal(value, again.module.state_dict()[name]), name
    assert again.thresholds == pytest.approx(fitted.thresholds, abs=1e-3)


def test_the_graph_answers_as_the_network_does(fitted: FittedScorer):
    session = onnxruntime.InferenceSession(scorer_graph(fitted.module).SerializeToString())
    assert [one.name for one in session.get_inputs()] == list(INPUTS)
    assert [one.name for one in session.get_outputs()] == list(OUTPUTS)
    batch = stacked([encode(bill(number).reading.pages[0]) for number in range(20, 23)])
    with torch.no_grad():
        own = [one.numpy() for one in fitted.module(*(torch.from_numpy(array) for array in batch.values()))]
    for theirs, ours in zip(session.run(None, batch), own, strict=True):
        np.testing.assert_allclose(theirs, ours, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("bucket", BUCKETS)
def test_a_batch_of_three_is_three_batches_of_one(fitted: FittedScorer, bucket: int):
    session = onnxruntime.InferenceSession(scorer_graph(fitted.module).SerializeToString())
    rows = [encode(bill(number).reading.pages[0]) for number in range(30, 33)]
    batch = stacked(rows)
    padded = {
        name: np.pad(array, [(0, 0), (0, bucket - BUCKETS[0]), *[(0, 0)] * (array.ndim - 2)])
        if name != "picture"
        else array
        for name, array in batch.items()
    }
    together = session.run(None, padded)
    for place, row in enumerate(rows):
        alone = session.run(None, {name: array[None] for name, array in row.arrays.items()})
        np.testing.assert_allclose(together[0][place][..., : row.bucket], alone[0][0], rtol=1e-4, atol=1e-5)
        np.testing.assert_allclose(together[1][place], alone[1][0], rtol=1e-4, atol=1e-5)
        assert not together[0][place][..., row.tokens :].any()


def test_the_graphs_answers_decode_to_the_same_values(fitted: FittedScorer):
    session = onnxruntime.InferenceSession(scorer_graph(fitted.module).SerializeToString())
    reading = bill(1).reading
    rows = encode_reading(reading)
    outputs = session.run(None, stacked(rows))
    pages = [dict(zip(OUTPUTS, page, strict=True)) for page in zip(*outputs, strict=True)]
    decoded = decode(pages, rows, reading, FIELDS)
    for name, prediction in predict(fitted.module, reading, FIELDS).items():
        assert [value.value for value in decoded[name].values] == [value.value for value in prediction.values]
        assert decoded[name].confidence == pytest.approx(prediction.confidence, abs=1e-3)


def test_left_out_documents_are_told_where_dev_is_small_and_dev_is_used_where_it_is_large():
    few = fit(bills(6), FIELDS, QUICK.model_copy(update={"max_epochs": 2}))
    assert [one.example.reading.sha256 for one in few.left_out].sort() == [
        one.reading.sha256 for one in bills(6)
    ].sort()
    assert len(few.left_out) == 6
    many = [*bills(6), *bills(10, first=50, split=Split.DEV)]
    assert fit(many, FIELDS, QUICK.model_copy(update={"max_epochs": 2})).left_out == ()


def test_a_time_budget_ends_the_training():
    now = iter(range(10_000_000))
    parameters = QUICK.model_copy(update={"max_epochs": 10_000, "max_steps": 1_000_000})
    heard: list[FitProgress] = []
    fit(bills(4), FIELDS, parameters, listener=heard.append, budget_seconds=200, clock=lambda: float(next(now)))
    assert 0 < len(heard) < 200


def test_somebody_may_stop_it():
    with pytest.raises(StoppedError):
        fit(bills(4), FIELDS, QUICK, stop_asked=lambda: True)


def test_progress_rises_to_the_end():
    heard: list[FitProgress] = []
    fit(bills(4), FIELDS, QUICK.model_copy(update={"max_epochs": 3}), listener=heard.append)
    shares = [one.share for one in heard]
    assert shares == sorted(shares)
    assert {one.parts for one in heard} == {3}
    assert heard[-1].part == 3


def test_a_loss_that_is_no_number_stops_with_its_own_error():
    documents = documents_of(bills(2), FIELDS)
    documents[0].rows[0].arrays["features"][0, 0] = np.nan
    with pytest.raises(NonFiniteLossError, match="learningRate"):
        train_member(documents, Course(FIELDS, QUICK, seed=0, shape=SMALL))


@pytest.mark.parametrize(
    "examples", [[], [Example(bill(0).reading.model_copy(update={"pages": []}), [])]], ids=["none", "no page"]
)
def test_nothing_to_learn_from_is_bad_data(examples: list[Example]):
    with pytest.raises(BadDataError, match="annotate"):
        fit(examples, FIELDS, QUICK)


def test_an_empty_page_and_a_page_without_labels_do_no_harm():
    blank = bill(0).reading
    blank = blank.model_copy(update={"pages": [blank.pages[0].model_copy(update={"words": [], "spans": []})]})
    examples = [*bills(3), Example(blank, bill(3).labels), Example(bill(9).reading, [])]
    fit(examples, FIELDS, QUICK.model_copy(update={"max_epochs": 2}))


def test_generic_weights_come_back_as_they_were_shipped(tmp_path: Path):
    first, second = Scorer(FIELDS, Shape()), Scorer(FIELDS[:1], Shape())
    save_generic(first, tmp_path / "one.npz")
    save_generic(first, tmp_path / "two.npz")
    assert (tmp_path / "one.npz").read_bytes() == (tmp_path / "two.npz").read_bytes()
    load_generic(second, tmp_path / "one.npz")
    assert torch.allclose(first.body.enter.weight, second.body.enter.weight, atol=1e-3)


def test_the_shipped_weights_fit_the_network_and_are_small():
    network = Scorer(FIELDS, Shape())
    load_generic(network)
    assert WEIGHTS.stat().st_size < 5_000_000


def test_a_members_mean_is_divided_by_the_temperature():
    documents = documents_of(bills(2), FIELDS)
    member = train_member(documents, Course(FIELDS, QUICK.model_copy(update={"max_epochs": 1}), seed=0, shape=SMALL))
    inputs = [torch.from_numpy(array) for array in stacked([encode(bill(5).reading.pages[0])]).values()]
    with torch.no_grad():
        plain = Served([member, member], torch.ones(4), 1.0).eval()(*inputs)
        cooler = Served([member], torch.full((4,), 2.0), 4.0).eval()(*inputs)
    assert torch.allclose(plain[0], cooler[0] * 2, atol=1e-5)
    assert torch.allclose(plain[1], cooler[1] * 4, atol=1e-5)


def test_calibration_error_is_the_gap_between_confidence_and_share_right():
    assert calibration_error([(0.9, True)] * 9 + [(0.9, False)]) == pytest.approx(0.0)
    assert calibration_error([(1.0, False)] * 4) == pytest.approx(1.0)
    assert calibration_error([]) == 0.0


def test_a_threshold_is_set_only_where_silence_gains_answers():
    absent = [(0.3, False, True)] * 3
    assert best_thresholds({"a": [(0.9, True, False)] * 5}) == {"a": 0.0}
    assert best_thresholds({"a": [*absent, (0.9, True, False)]}) == {"a": 0.9}
    assert best_thresholds({"a": [absent[0], (0.9, True, False)]}) == {"a": 0.0}
