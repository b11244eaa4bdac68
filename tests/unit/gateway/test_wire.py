"""The model server's binary format, and what becomes of a detector's tensors."""

from __future__ import annotations

import itertools
import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from capforge_contracts.serving import RoutedVersion
from capforge_gateway.predict.entities import Detections, detections_of, entities_of, kept
from capforge_gateway.predict.target import Options
from capforge_gateway.predict.wire import WireError, error_of, infer_head, tensors_of
from capforge_gateway.routing.routes import Version
from capforge_transforms import place, transforms


def packed(tensors: dict[str, np.ndarray[Any, Any]]) -> tuple[bytes, int]:
    kinds = {"float32": "FP32", "int64": "INT64"}
    outputs = [
        {"name": name, "shape": list(one.shape), "datatype": kinds[one.dtype.name], "parameters": {"binary_data_size": one.nbytes}}
        for name, one in tensors.items()
    ]  # fmt: skip
    head = json.dumps({"model_name": "m", "outputs": outputs}).encode()
    return head + b"".join(one.tobytes() for one in tensors.values()), len(head)


def found(count: int = 3, rows: int = 5) -> dict[str, np.ndarray[Any, Any]]:
    generator = np.random.default_rng(0)
    return {
        "boxes": generator.random((1, rows, 4), np.float32),
        "scores": np.linspace(0.1, 0.9, rows, dtype=np.float32)[None],
        "classes": np.arange(rows, dtype=np.int64)[None] % 2,
        "count": np.array([[count]], np.int64),
    }


def version(*thresholds: float) -> Version:
    routed = RoutedVersion(
        version="1.1", model="m", run="run-1", run_digest="d", dataset_digests=[], input_width=32, input_height=32,
        transforms_version="1", thresholds={},
    )  # fmt: skip
    names = tuple("abcdef"[: len(thresholds)])
    return Version(
        routed.version,
        routed.model,
        routed.run,
        "d",
        (),
        32,
        32,
        "1",
        transforms(),
        names,
        np.array(thresholds, np.float32),
        (),
    )


def test_a_request_says_how_much_is_json_and_how_much_is_pixels() -> None:
    request = infer_head("cells--1", "id-1", "image", (1, 2, 3, 3), ("boxes", "count"), "10.0.0.1:8000")
    head, _, described = request.partition(b"\r\n\r\n")
    lines = head.decode().split("\r\n")
    assert lines[0] == "POST /v2/models/cells--1/infer HTTP/1.1"
    assert f"Inference-Header-Content-Length: {len(described)}" in lines
    assert f"Content-Length: {len(described) + 18}" in lines
    assert "Accept-Encoding: identity" in lines
    assert json.loads(described)["inputs"] == [
        {"name": "image", "shape": [1, 2, 3, 3], "datatype": "UINT8", "parameters": {"binary_data_size": 18}}
    ]


def test_tensors_come_back_as_they_were_sent() -> None:
    tensors = found()
    for name, one in tensors_of(*packed(tensors)).items():
        assert np.array_equal(one, tensors[name])


@given(st.data())
def test_a_damaged_answer_is_an_error_of_its_own_kind(data: st.DataObject) -> None:
    body, length = packed(found())
    cut = data.draw(st.integers(0, len(body) - 1))
    with pytest.raises(WireError):
        tensors_of(body[:cut], length)


@pytest.mark.parametrize(
    "described",
    [b"", b"[]", b"{}", b'{"outputs": 5}', b'{"outputs": [{}]}',
     b'{"outputs": [{"name": "a", "shape": [1], "datatype": "BYTES", "parameters": {"binary_data_size": 4}}]}',
     b'{"outputs": [{"name": "a", "shape": [-1], "datatype": "FP32", "parameters": {"binary_data_size": -4}}]}',
     b'{"outputs": [{"name": "a", "shape": [2], "datatype": "FP32", "parameters": {"binary_data_size": 4}}]}',
     b'{"outputs": [{"name": "a", "shape": [1], "datatype": "FP32"}]}'],
)  # fmt: skip
def test_an_odd_description_is_an_error_of_its_own_kind(described: bytes) -> None:
    with pytest.raises(WireError):
        tensors_of(described + b"1234", len(described))


def test_an_error_is_told_in_the_servers_words() -> None:
    assert error_of(b'{"error": "unknown model"}') == "unknown model"
    assert error_of(b"<html>") == "<html>"


def test_only_counted_rows_are_detections_and_the_most_confident_come_first() -> None:
    detections = detections_of(found(count=3))
    assert detections.scores.tolist() == pytest.approx([0.5, 0.3, 0.1])
    assert len(detections.boxes) == len(detections.classes) == 3


@pytest.mark.parametrize("name", ["boxes", "scores", "classes", "count"])
def test_a_missing_or_misshapen_output_is_an_error_of_its_own_kind(name: str) -> None:
    with pytest.raises(WireError):
        detections_of({key: one for key, one in found().items() if key != name})
    with pytest.raises(WireError):
        detections_of({**found(), name: np.zeros((2, 3, 3), np.float32)})


@pytest.mark.parametrize("count", [-1, 6])
def test_an_impossible_count_is_an_error(count: int) -> None:
    with pytest.raises(WireError):
        detections_of(found(count=count))


def detections(*scored: tuple[float, int]) -> Detections:
    scores, classes = zip(*scored, strict=True)
    return Detections(np.zeros((len(scored), 4), np.float32), np.array(scores, np.float32), np.array(classes, np.int64))


def test_each_output_has_its_own_threshold() -> None:
    left = kept(detections((0.9, 1), (0.8, 0), (0.6, 1), (0.4, 0)), version(0.4, 0.7), Options())
    assert list(zip(left.scores.round(1).tolist(), left.classes.tolist(), strict=True)) == [
        (pytest.approx(0.9), 1), (pytest.approx(0.8), 0), (pytest.approx(0.4), 0),
    ]  # fmt: skip


def test_a_threshold_in_the_query_counts_for_all_and_so_does_the_maximum() -> None:
    given = detections((0.9, 1), (0.8, 0), (0.6, 1), (0.4, 0))
    assert len(kept(given, version(0.99, 0.99), Options(threshold=0.6)).scores) == 3
    assert kept(given, version(0.0, 0.0), Options(max_entities=2)).scores.tolist() == pytest.approx([0.9, 0.8])


def test_a_class_without_an_output_and_a_box_without_numbers_are_left_out() -> None:
    given = detections((0.9, 7), (0.8, -1), (0.7, 0), (0.6, 0))
    given.boxes[3] = np.nan
    for options in (Options(), Options(threshold=0.0)):
        assert kept(given, version(0.1), options).scores.tolist() == pytest.approx([0.7])


def test_an_entity_carries_its_place_its_value_and_where_they_come_from() -> None:
    one = Detections(np.array([[8, 16, 24, 20]], np.float32), np.array([0.87654], np.float32), np.array([1]))
    numbers = itertools.count()
    (entity,) = entities_of(
        one, version(0.1, 0.1), place(64, 32, 32, 32), transforms(), "cells", lambda: f"id-{next(numbers)}"
    )
    assert entity == {
        "id": "id-0",
        "location": {"box": [16.0, 16.0, 48.0, 24.0]},
        "observations": [
            {
                "attribute": "class",
                "value": "b",
                "position": 1,
                "confidence": 0.8765,
                "provenance": {"element": "cells", "model_version": "1.1", "training_run": "run-1"},
            }
        ],
    }
