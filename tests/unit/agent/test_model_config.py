"""`config.pbtxt` says the same to the CPU stand-in and to NVIDIA's image."""

from __future__ import annotations

from pathlib import Path

import onnx
import pytest
from onnx import TensorProto, helper

from capforge_agent.failures import ModelFailedError
from capforge_agent.model_config import Serving, config_text
from capforge_agent.onnx_interface import Interface, Tensor, read_interface
from tests.support.onnx_models import FixedDetector

BATCHED = Interface((Tensor("image", "TYPE_UINT8", (-1, 4, 4, 3)),), (Tensor("count", "TYPE_INT64", (-1, 1)),))
FIXED = Interface((Tensor("image", "TYPE_UINT8", (1, 4, 4, 3)),), (Tensor("count", "TYPE_INT64", (1, 1)),))


def test_a_batched_model_is_batched_dynamically() -> None:
    assert config_text(BATCHED, 8, Serving(intra_op_threads=2)) == (
        'backend: "onnxruntime"\n'
        "max_batch_size: 8\n"
        'input {\n  name: "image"\n  data_type: TYPE_UINT8\n  dims: [4, 4, 3]\n}\n'
        'output {\n  name: "count"\n  data_type: TYPE_INT64\n  dims: [1]\n}\n'
        "instance_group {\n  count: 1\n  kind: KIND_CPU\n}\n"
        'parameters {\n  key: "intra_op_thread_count"\n  value {\n    string_value: "2"\n  }\n}\n'
        "dynamic_batching {\n  max_queue_delay_microseconds: 0\n}\n"
    )


def test_a_model_of_fixed_batch_is_served_one_by_one() -> None:
    text = config_text(FIXED, 1, Serving(gpu=True, instances=2))
    assert "max_batch_size: 0" in text
    assert "dims: [1, 4, 4, 3]" in text
    assert "count: 2\n  kind: KIND_GPU" in text
    assert "dynamic_batching" not in text


def test_a_model_of_fixed_batch_cannot_be_asked_to_batch() -> None:
    with pytest.raises(ModelFailedError, match="maxBatchSize is 4"):
        config_text(FIXED, 4, Serving())


def test_a_tensor_without_axes_beside_the_batch_is_reshaped() -> None:
    flat = Interface(BATCHED.inputs, (Tensor("count", "TYPE_INT64", (-1,)),))
    assert "dims: [1]\n  reshape {\n    shape: []\n  }" in config_text(flat, 8, Serving())


def test_the_interface_is_read_from_the_file(tmp_path: Path) -> None:
    (tmp_path / "model.onnx").write_bytes(FixedDetector().onnx())
    found = read_interface(tmp_path / "model.onnx")
    assert found.inputs == (Tensor("image", "TYPE_UINT8", (-1, 32, 32, 3)),)
    assert [tensor.shape for tensor in found.outputs] == [(-1, 2, 4), (-1, 2), (-1, 2), (-1, 1)]
    assert found.batched


def model_with(weights: onnx.TensorProto, tensor_name: str = "x") -> bytes:
    value = helper.make_tensor_value_info(tensor_name, TensorProto.FLOAT, ["N", 1])
    out = helper.make_tensor_value_info("y", TensorProto.FLOAT, ["N", 1])
    graph = helper.make_graph([helper.make_node("Add", [tensor_name, "w"], ["y"])], "g", [value], [out], [weights])
    return bytes(helper.make_model(graph).SerializeToString())


def test_weights_in_another_file_are_refused(tmp_path: Path) -> None:
    outside = TensorProto(name="w", data_type=TensorProto.FLOAT, dims=[1], data_location=TensorProto.EXTERNAL)
    outside.external_data.add(key="location", value="../../../etc/passwd")
    (tmp_path / "model.onnx").write_bytes(model_with(outside))
    with pytest.raises(ModelFailedError, match="refers to other files"):
        read_interface(tmp_path / "model.onnx")


def test_a_name_that_could_break_the_configuration_is_refused(tmp_path: Path) -> None:
    weights = helper.make_tensor("w", TensorProto.FLOAT, [1], [1.0])
    (tmp_path / "model.onnx").write_bytes(model_with(weights, 'x" } backend: "python'))
    with pytest.raises(ModelFailedError, match="allowed: letters, digits"):
        read_interface(tmp_path / "model.onnx")


@pytest.mark.parametrize("data", [b"", b"PK\x03\x04", FixedDetector().onnx()[:100]], ids=["empty", "zip", "cut"])
def test_what_is_not_a_model_is_refused(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "model.onnx").write_bytes(data)
    with pytest.raises(ModelFailedError, match="LoadFailed"):
        read_interface(tmp_path / "model.onnx")
