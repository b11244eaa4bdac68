"""KServe's transformer in front of the same Triton: `python -m benchmarks.peers.kserve_transformer`.

`preprocess` decodes, KServe's own client sends the tensor to the predictor (Open Inference Protocol, over HTTP with the
binary extension or over gRPC, as `--predictor_protocol` says), `postprocess` reads what was found. `--tensor uint8`
sends the very tensor that our gateway sends; `fp32` what the documentation's image transformer sends: normalised
floats, channels first. KServe itself reads `--predictor_host` and `--predictor_protocol`.
"""

from __future__ import annotations

import argparse
from contextvars import ContextVar
from typing import Any

import numpy as np
from kserve import InferInput, InferRequest, InferResponse, Model
from kserve.protocol.infer_type import RequestedOutput

from benchmarks.peers.found import INPUT, OUTPUTS, Size, canvas_of, found_in, size_of
from benchmarks.peers.kserve_server import answer_of, jpeg_of, serve
from capforge_transforms import Placement

_placement: ContextVar[Placement] = ContextVar("placement")
"""Of the request under way: KServe hands nothing from `preprocess` to `postprocess`, but runs both in one task."""


class Transformer(Model):  # type: ignore[misc]  # typed in its own environment only
    """Pictures to tensors, outputs to what was found."""

    def __init__(self, name: str, size: Size, found: int, floats: bool) -> None:
        super().__init__(name)
        self._size, self._found, self._floats = size, found, floats
        self.ready = True

    async def preprocess(self, payload: dict[str, Any], *_headers: Any) -> InferRequest:
        canvas, placement = canvas_of(jpeg_of(payload), self._size)
        _placement.set(placement)
        tensor = canvas.transpose(0, 3, 1, 2) / np.float32(255) if self._floats else canvas
        given = InferInput(INPUT, list(tensor.shape), "FP32" if self._floats else "UINT8")
        given.set_data_from_numpy(tensor)
        wanted = [RequestedOutput(name, {"binary_data": True}) for name in OUTPUTS]
        return InferRequest(self.name, [given], request_outputs=wanted)

    async def postprocess(self, result: InferResponse, *_headers: Any) -> dict[str, Any]:
        tensors = {output.name: output.as_numpy() for output in result.outputs}
        return answer_of(found_in(tensors, _placement.get(), self._found))


def main() -> None:
    """Serve until SIGTERM."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--name", required=True, help="the model's name at Triton, and here")
    parser.add_argument("--size", type=size_of, required=True)
    parser.add_argument("--found", type=int, required=True)
    parser.add_argument("--tensor", choices=("uint8", "fp32"), default="uint8")
    parser.add_argument("--port", type=int, required=True)
    options, _ = parser.parse_known_args()
    serve(Transformer(options.name, options.size, options.found, options.tensor == "fp32"), options.port)


if __name__ == "__main__":
    main()
