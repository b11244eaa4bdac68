"""The exported graph: its post-processing against torchvision's, and what happens when it is damaged."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from onnx import TensorProto, helper
from onnxruntime import InferenceSession

from capforge_contracts import layout
from capforge_contracts.exitcodes import ExitCode
from capforge_contracts.memory import MemoryObjectStore
from capforge_contracts.run import Phase, Progress
from capforge_trainer.data.canvases import Canvases
from capforge_trainer.errors import ParityError
from capforge_trainer.export.artefact import proven
from capforge_trainer.export.graph import OPSET
from capforge_trainer.export.heads import CELL_BOXES, CELL_SCORES, heads_graph
from capforge_trainer.export.session import answers
from capforge_trainer.export.suppression import Limits, served_graph
from capforge_trainer.models.detector import Detector
from capforge_trainer.models.postprocess import detect
from capforge_trainer.run import run
from capforge_trainer.stopping import Stopping
from capforge_trainer.surroundings import Artefact, Surroundings
from tests.unit.trainer.world import TINY, put_run, small_datasets

_EPOCHS = 12


@pytest.mark.parametrize(
    ("cells", "classes", "rows"),
    [
        pytest.param(60, 3, 20, id="more cells than rows"),
        pytest.param(1500, 2, 100, id="more cells than candidates"),
        pytest.param(4, 1, 100, id="fewer slots than rows"),
    ],
)
def test_suppression_in_the_graph_is_torchvisions(cells: int, classes: int, rows: int):
    limits = Limits(cells=cells, classes=classes, nms_iou=0.5, max_detections=rows)
    session = InferenceSession(_suppression_alone(limits), providers=["CPUExecutionProvider"])
    random = np.random.default_rng(5)
    corner = random.uniform(0, 80, (3, cells, 2))
    boxes = np.concatenate([corner, corner + random.uniform(5, 30, (3, cells, 2))], axis=-1).astype(np.float32)
    logits = random.normal(-2, 2, (3, cells, classes)).astype(np.float32)
    logits[1] = -20  # an image with nothing in it, between two that have something
    scores = torch.from_numpy(logits).sigmoid().numpy()
    names = [one.name for one in session.get_outputs()]
    outputs = dict(zip(names, session.run(None, {CELL_BOXES: boxes, CELL_SCORES: scores}), strict=True))
    served = answers(outputs)
    expected = detect(torch.from_numpy(logits), torch.from_numpy(boxes), limits.nms_iou, limits.rows)
    for mine, theirs in zip(expected, served, strict=True):
        np.testing.assert_allclose(theirs.scores, mine.scores, rtol=1e-6)
        np.testing.assert_array_equal(theirs.classes, mine.classes)
        np.testing.assert_allclose(theirs.boxes, mine.boxes)
    assert not any(outputs[name][1].any() for name in outputs), "rows beyond the count are zero"
    assert len(served[0].scores) > 0


def test_a_damaged_graph_fails_the_run(tmp_path: Path):
    store = MemoryObjectStore()
    spec = put_run(store, small_datasets(store), [*TINY, f"schedule.maxEpochs={_EPOCHS}"])
    with pytest.raises(ParityError, match="does not answer as the network") as caught:
        run(spec, Surroundings(store, Stopping(), tmp_path, exporter=_damaged_export))
    assert caught.value.exit_code is ExitCode.PARITY_FAILED
    published = [one.key for one in store.list(layout.run_prefix(spec.namespace, spec.digest))]
    assert not [key for key in published if key.endswith((layout.MODEL, layout.CARD, layout.GOLDEN))]

    heard: list[Progress] = []
    assert run(spec, Surroundings(store, Stopping(), tmp_path, listener=heard.append)) == 2
    trained_again = [one for one in heard if one.phase is Phase.TRAINING and one.resumed_from_epoch != _EPOCHS]
    assert not trained_again, "training was over: the next attempt exports what the last checkpoint holds"


def _damaged_export(detector: Detector, limits: Limits, dev: Canvases) -> Artefact:
    model = served_graph(heads_graph(detector), limits)
    kernel = next(one for one in model.graph.initializer if len(one.dims) == 4)
    value = onnx.numpy_helper.to_array(kernel).copy()
    value[0] *= 1.5  # one filter of the first layer
    kernel.CopyFrom(onnx.numpy_helper.from_array(value, kernel.name))
    return proven(detector, model, limits, dev)


def _suppression_alone(limits: Limits) -> bytes:
    names = ((CELL_BOXES, 4), (CELL_SCORES, limits.classes))
    values = [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["N", limits.cells, n]) for name, n in names]
    heads = helper.make_model(
        helper.make_graph([], "heads", values, values), opset_imports=[helper.make_opsetid("", OPSET)]
    )
    return bytes(served_graph(heads, limits).SerializeToString())
