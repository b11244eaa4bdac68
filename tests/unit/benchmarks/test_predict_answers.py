"""The predict benchmark times nobody who answers something else."""

from __future__ import annotations

import json

import numpy as np
import pytest

from benchmarks.detector_model import small_detector
from benchmarks.peers.found import OUTPUTS, canvas_of, found_in, predicted, session
from benchmarks.predict import answers, requests
from benchmarks.predict.picture import drawn, picture

_FOUND = [[1.0, 2.0, 3.0, 4.0, 0.9, 0.0], [5.0, 6.0, 7.0, 8.0, 0.8, 1.0]]


def test_equal_answers_pass_with_the_rounding_of_a_few_decimals() -> None:
    close = [[value + 0.001 for value in row[:5]] + row[5:] for row in _FOUND]
    assert answers.differences({"gateway": _FOUND, "kserve": close}) == []


@pytest.mark.parametrize(
    ("other", "said"),
    [
        ([_FOUND[0]], "kserve found 1, gateway 2"),
        ([_FOUND[0], [5.0, 6.0, 7.0, 8.2, 0.8, 1.0]], "kserve differs from gateway by 0.20 pixels"),
        ([_FOUND[0], [5.0, 6.0, 7.0, 8.0, 0.81, 1.0]], "and 0.0100 in the score"),
        ([_FOUND[0], [5.0, 6.0, 7.0, 8.0, 0.8, 0.0]], "kserve differs"),
    ],
    ids=["fewer", "another box", "another score", "another class"],
)
def test_another_answer_is_told(other: list[list[float]], said: str) -> None:
    (told,) = answers.differences({"gateway": _FOUND, "kserve": other})
    assert said in told


def test_nothing_found_is_no_agreement() -> None:
    assert answers.differences({"gateway": [], "kserve": []}) == ["gateway found nothing, so nothing can be compared"]


def test_the_picture_is_the_same_each_time_and_as_large_as_a_photograph() -> None:
    assert drawn() == drawn()
    assert picture((224, 224)).described == "640x480 JPEG of 26 kB"


def test_a_tensors_answer_reads_as_the_model_alone_finds(tmp_path_factory: pytest.TempPathFactory) -> None:
    size, limit = (320, 320), 5
    file = tmp_path_factory.mktemp("model") / "model.onnx"
    file.write_bytes(small_detector(size[0]))
    model = session(str(file), 1)
    canvas, placement = canvas_of(drawn(), size)
    outputs = dict(zip(OUTPUTS, model.run(OUTPUTS, {"image": canvas}), strict=True))
    body = _binary_answer(outputs)
    expected = predicted(model, drawn(), size, limit)
    assert len(expected) == limit
    assert answers.from_triton(placement, limit)(body) == expected == found_in(outputs, placement, limit)


def test_the_float_model_finds_the_same(tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("model")
    (folder / "u8").write_bytes(small_detector(224))
    (folder / "f32").write_bytes(small_detector(224, floats=True))
    canvas, placement = canvas_of(drawn(), (224, 224))
    found = {}
    for name, given in (("u8", canvas), ("f32", canvas.transpose(0, 3, 1, 2) / np.float32(255))):
        outputs = session(str(folder / name), 1).run(OUTPUTS, {"image": given})
        found[name] = found_in(dict(zip(OUTPUTS, outputs, strict=True)), placement, 10)
    assert answers.differences(found) == []


def test_a_request_says_how_long_its_parts_are() -> None:
    canvas = np.zeros((1, 4, 4, 3), np.uint8)
    head, _, body = requests.tensor_to_triton("127.0.0.1:1", "m", canvas).partition(b"\r\n\r\n")
    headers = dict(line.split(b": ", 1) for line in head.split(b"\r\n")[1:])
    described = int(headers[b"Inference-Header-Content-Length"])
    assert int(headers[b"Content-Length"]) == len(body) == described + canvas.nbytes
    assert json.loads(body[:described])["inputs"][0]["shape"] == [1, 4, 4, 3]


def _binary_answer(outputs: dict[str, np.ndarray]) -> bytes:
    types = {"float32": "FP32", "int64": "INT64"}
    described = [
        {
            "name": name,
            "datatype": types[str(tensor.dtype)],
            "shape": list(tensor.shape),
            "parameters": {"binary_data_size": tensor.nbytes},
        }
        for name, tensor in outputs.items()
    ]
    return json.dumps({"outputs": described}).encode() + b"".join(tensor.tobytes() for tensor in outputs.values())
