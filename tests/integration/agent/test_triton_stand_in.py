"""The CPU stand-in serves the repository of NVIDIA's image unchanged, and refuses control without the pod's value."""

from __future__ import annotations

import urllib.error
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import tritonclient.grpc as triton_grpc
import tritonclient.http as triton_http
from tritonclient.utils import InferenceServerException

from tests.support.eventually import eventually
from tests.support.onnx_models import FixedDetector
from tests.support.triton import CONTROL_HEADER, Triton

MODEL = "cells--0123456789ab"
CONTROL_PATHS = [
    "/v2/repository/index",
    f"/v2/repository/models/{MODEL}/load",
    f"/v2/repository/models/{MODEL}/unload",
    "/v2/systemsharedmemory/unregister",
    "/v2/cudasharedmemory/unregister",
    "/v2/trace/setting",
    "/v2/logging",
]
FULL_CONFIG = """
backend: "onnxruntime"
max_batch_size: 8
input { name: "image" data_type: TYPE_UINT8 dims: [32, 32, 3] }
output { name: "boxes" data_type: TYPE_FP32 dims: [2, 4] }
output { name: "scores" data_type: TYPE_FP32 dims: [2] }
output { name: "classes" data_type: TYPE_INT64 dims: [2] }
output { name: "count" data_type: TYPE_INT64 dims: [1] }
instance_group { count: 1 kind: KIND_CPU }
parameters { key: "intra_op_thread_count" value: { string_value: "1" } }
dynamic_batching { max_queue_delay_microseconds: 20000 }
"""


def infer(triton: Triton, images: np.ndarray, model: str = MODEL) -> dict[str, np.ndarray]:
    with triton_http.InferenceServerClient(triton.address) as client:
        image = triton_http.InferInput("image", list(images.shape), "UINT8")
        image.set_data_from_numpy(images)
        answer = client.infer(model, [image])
        names = [output["name"] for output in answer.get_response()["outputs"]]
        return {name: answer.as_numpy(name) for name in names}


def brightness(images: np.ndarray) -> np.ndarray:
    return np.asarray(images.reshape(len(images), -1).mean(axis=1) / 255, np.float32)


def test_a_minimal_configuration_is_completed_from_the_file(triton: Triton) -> None:
    triton.serve(MODEL, FixedDetector().onnx())
    with triton_http.InferenceServerClient(triton.address) as client:
        config = client.get_model_config(MODEL)
    assert config["max_batch_size"] == 4
    inputs = [(one["name"], one["data_type"], one["dims"]) for one in config["input"]]
    assert inputs == [("image", "TYPE_UINT8", [32, 32, 3])]
    assert [one["name"] for one in config["output"]] == ["boxes", "scores", "classes", "count"]
    assert "dynamic_batching" in config


def test_a_batch_of_three_is_three_times_a_batch_of_one(triton: Triton) -> None:
    detector = FixedDetector()
    triton.serve(MODEL, detector.onnx(), FULL_CONFIG)
    images = detector.images(3)
    together = infer(triton, images)
    assert together["boxes"].shape == (3, 2, 4)
    assert together["count"].dtype == np.int64
    for row in range(3):
        alone = infer(triton, images[row : row + 1])
        for name, value in together.items():
            np.testing.assert_allclose(alone[name][0], value[row], rtol=1e-5)
    np.testing.assert_allclose(together["scores"][:, 0], 0.9 * brightness(images), rtol=1e-4)


def test_requests_that_are_batched_together_get_their_own_answers(triton: Triton) -> None:
    detector = FixedDetector()
    triton.serve(MODEL, detector.onnx(), FULL_CONFIG)
    requests = [detector.images(1 + number % 3, seed=number) for number in range(24)]
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda images: infer(triton, images), requests))
    for images, answer in zip(requests, answers, strict=True):
        np.testing.assert_allclose(answer["scores"][:, 0], 0.9 * brightness(images), rtol=1e-4)


def test_a_damaged_file_is_refused_with_the_reason_and_the_other_model_stays(triton: Triton) -> None:
    triton.serve(MODEL, FixedDetector().onnx())
    triton.add_model("cells--damaged00000", FixedDetector().onnx()[:200])
    with pytest.raises(urllib.error.HTTPError) as refused:
        triton.load("cells--damaged00000")
    assert b"Protobuf parsing failed" in refused.value.read()
    assert triton.index()[MODEL] == "READY"
    assert infer(triton, FixedDetector().images(1))["count"].tolist() == [[2]]


def test_a_configuration_that_does_not_fit_the_file_is_refused(triton: Triton) -> None:
    triton.add_model(MODEL, FixedDetector().onnx(), FULL_CONFIG.replace("TYPE_UINT8", "TYPE_FP32"))
    with pytest.raises(urllib.error.HTTPError) as refused:
        triton.load(MODEL)
    assert b"input 'image' is TYPE_FP32, expected TYPE_UINT8" in refused.value.read()


@pytest.mark.parametrize("path", CONTROL_PATHS)
def test_control_over_http_is_refused_without_the_value(triton: Triton, path: str) -> None:
    control, triton.control = triton.control, "guessed"
    with pytest.raises(urllib.error.HTTPError, match="403"):
        triton.control_call(path)
    triton.control = control


def test_control_over_grpc_is_refused_without_the_value(triton: Triton) -> None:
    triton.serve(MODEL, FixedDetector().onnx())
    with triton_grpc.InferenceServerClient(f"127.0.0.1:{triton.grpc_port}") as client:
        calls = [
            client.get_model_repository_index,
            lambda: client.unload_model(MODEL),
            lambda: client.load_model(MODEL),
            client.unregister_system_shared_memory,
            client.unregister_cuda_shared_memory,
            client.get_trace_settings,
            client.get_log_settings,
        ]
        for call in calls:
            with pytest.raises(InferenceServerException, match="restricted"):
                call()
        key = f"triton-grpc-protocol-{CONTROL_HEADER}"
        assert len(client.get_model_repository_index(headers={key: triton.control}).models) == 1
        assert client.is_model_ready(MODEL)


def test_onnx_runtime_is_told_not_to_report_to_its_vendor(triton: Triton) -> None:
    triton.serve(MODEL, FixedDetector().onnx())
    assert {child.environ()["ORT_DISABLE_TELEMETRY"] for child in triton.children()} == {"1"}


def test_a_killed_server_leaves_no_process_and_comes_back_empty(triton: Triton) -> None:
    triton.serve(MODEL, FixedDetector().onnx())
    triton.kill()
    with pytest.raises(OSError):
        triton.index()
    triton.start()
    assert triton.index() == {MODEL: "UNAVAILABLE"}
    triton.load(MODEL)
    assert eventually(lambda: infer(triton, FixedDetector().images(1)))["count"].tolist() == [[2]]
