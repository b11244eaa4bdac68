"""A model's head is read as the whole parser reads it, at a fraction of the memory."""

from __future__ import annotations

import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import numpy as np
import onnx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import TensorProto, helper, numpy_helper

from capforge_agent.failures import ModelFailedError
from capforge_agent.onnx_interface import Interface, read_interface
from tests.support.onnx_models import FixedDetector

_MEBIBYTE = 2**20


def nested(*, external: bool = False) -> bytes:
    """A model with a weight that is listed as an input, one in an attribute, and one in a graph within the graph."""
    weight = numpy_helper.from_array(np.ones(3, np.float32), "weight")
    inner_weight = numpy_helper.from_array(np.ones(3, np.float32), "inner")
    if external:
        inner_weight.data_location = TensorProto.EXTERNAL
    out = helper.make_tensor_value_info("chosen", TensorProto.FLOAT, [3])
    branch = helper.make_graph([helper.make_node("Identity", ["inner"], ["chosen"])], "b", [], [out], [inner_weight])
    nodes = [
        helper.make_node("Constant", [], ["constant"], value=weight),
        helper.make_node("If", ["yes"], ["picked"], then_branch=branch, else_branch=branch),
        helper.make_node("Sum", ["x", "weight", "constant", "picked"], ["y"]),
    ]
    shape = {"x": TensorProto.FLOAT, "weight": TensorProto.FLOAT, "yes": TensorProto.BOOL}
    inputs = [helper.make_tensor_value_info(name, kind, ["N", 3]) for name, kind in shape.items()]
    outputs = [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["N", 3])]
    return bytes(helper.make_model(helper.make_graph(nodes, "g", inputs, outputs, [weight])).SerializeToString())


def interface_of(folder: Path, model: bytes) -> Interface:
    file = folder / "model.onnx"
    file.write_bytes(model)
    return read_interface(file)


@pytest.mark.parametrize("model", [FixedDetector().onnx(), nested()], ids=["detector", "nested"])
def test_inputs_and_outputs_are_those_that_the_whole_parser_finds(tmp_path: Path, model: bytes) -> None:
    graph = onnx.load_from_string(model).graph
    weights = {tensor.name for tensor in graph.initializer}
    found = interface_of(tmp_path, model)
    assert [one.name for one in found.inputs] == [one.name for one in graph.input if one.name not in weights]
    assert [one.name for one in found.outputs] == [one.name for one in graph.output]


def test_weights_in_other_files_are_found_however_deep(tmp_path: Path) -> None:
    with pytest.raises(ModelFailedError, match="refers to other files"):
        interface_of(tmp_path, nested(external=True))


@settings(deadline=None)
@given(data=st.data())
def test_a_file_that_breaks_off_or_is_damaged_is_refused_or_read_and_nothing_else(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    model = bytearray(nested())
    place = data.draw(st.integers(0, len(model) - 1))
    model[place] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(model)))
    with suppress(ModelFailedError):
        interface_of(tmp_path_factory.mktemp("model"), bytes(model[:cut]))


@settings(deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_are_refused_or_read(tmp_path_factory: pytest.TempPathFactory, model: bytes) -> None:
    with pytest.raises(ModelFailedError):
        interface_of(tmp_path_factory.mktemp("model"), model)


def test_a_large_file_takes_no_memory(tmp_path: Path) -> None:
    weight = numpy_helper.from_array(np.zeros(100 * _MEBIBYTE // 4, np.float32), "weight")
    value = helper.make_tensor_value_info("x", TensorProto.FLOAT, ["N", 1])
    same = helper.make_tensor_value_info("y", TensorProto.FLOAT, ["N", 1])
    graph = helper.make_graph([helper.make_node("Identity", ["x"], ["y"])], "g", [value], [same], [weight])
    (tmp_path / "model.onnx").write_bytes(helper.make_model(graph).SerializeToString())
    program = (
        "import resource, sys; from pathlib import Path; from capforge_agent.onnx_interface import read_interface;"
        "peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss;"
        "before = peak(); read_interface(Path(sys.argv[1])); print(peak() - before)"
    )
    command = [sys.executable, "-c", program, str(tmp_path / "model.onnx")]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert int(done.stdout) < 10 * 1024, "KiB"
