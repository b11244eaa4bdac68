# ruff: noqa: INP001 - Triton imports this folder's files by their bare names
"""A python-based Triton back end named `onnxruntime`.

It serves `backend: "onnxruntime"` with `1/model.onnx` exactly as it lies in a repository for NVIDIA's image, whose
compiled onnxruntime back end is not on PyPI. Triton calls the three methods of TritonPythonModel.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

# The stub ignores PYTHONPATH and embeds whatever interpreter it finds: our pinned packages must come first.
sys.path.insert(0, str(Path(__file__).resolve().parent / "site-packages"))

import numpy as np
import onnx_batches
import onnxruntime
import triton_python_backend_utils as pb_utils


class TritonPythonModel:
    """One instance of one loaded model; each instance is a process of its own."""

    @staticmethod
    def auto_complete_config(config: Any) -> Any:
        """Fill in the interface from the ONNX file where the configuration is minimal."""
        known = config.as_dict()
        if known["input"] and known["output"]:
            return config
        file = known.get("default_model_filename") or "model.onnx"
        completed = onnx_batches.completion(_model_interface(file), known["max_batch_size"])
        config.set_max_batch_size(completed["max_batch_size"])
        for tensor in completed["input"] if not known["input"] else ():
            config.add_input(tensor)
        for tensor in completed["output"] if not known["output"] else ():
            config.add_output(tensor)
        if completed["max_batch_size"] > 1 and not {"dynamic_batching", "sequence_batching"} & known.keys():
            config.set_dynamic_batching()
        return config

    def initialize(self, args: dict[str, str]) -> None:
        """Open the model; raises TritonModelException saying what in the configuration does not fit it."""
        config = json.loads(args["model_config"])
        self._session = onnx_batches.opened(_path(config["default_model_filename"] or "model.onnx"), config)
        self._batched = config["max_batch_size"] > 0
        self._inputs = [node.name for node in self._session.get_inputs()]
        self._outputs = [node.name for node in self._session.get_outputs()]
        wrong = onnx_batches.mismatches(onnx_batches.interface(self._session), config)
        if wrong:
            raise pb_utils.TritonModelException("; ".join(wrong))

    def execute(self, requests: list[Any]) -> list[Any]:
        """Answer what the dynamic batcher collected, one response per request."""
        tensors = [self._tensors(request) for request in requests]
        answers = onnx_batches.run(self._session, self._outputs, tensors, self._batched)
        return [_response(request, answer) for request, answer in zip(requests, answers, strict=True)]

    def _tensors(self, request: Any) -> dict[str, np.ndarray]:
        return {name: pb_utils.get_input_tensor_by_name(request, name).as_numpy() for name in self._inputs}


def _path(file: str) -> str:
    path = Path(pb_utils.get_model_dir()) / file
    if not path.is_file():
        raise pb_utils.TritonModelException(f"{path.parent.name}/{file} is missing")
    return str(path)


def _model_interface(file: str) -> onnx_batches.Interface:
    session = onnxruntime.InferenceSession(_path(file), providers=["CPUExecutionProvider"])
    return onnx_batches.interface(session)


def _response(request: Any, answer: onnx_batches.Tensors | Exception) -> Any:
    if isinstance(answer, Exception):
        return pb_utils.InferenceResponse([], pb_utils.TritonError(str(answer)))
    wanted = request.requested_output_names()
    return pb_utils.InferenceResponse(
        [pb_utils.Tensor(name, np.ascontiguousarray(answer[name])) for name in wanted if name in answer]
    )
