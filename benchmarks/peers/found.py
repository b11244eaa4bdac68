"""The work around the model that every peer does alike: JPEG → canvas, the model's outputs → what was found.

Imported in each peer's environment, so it needs only numpy, ONNX Runtime and our pixels; they are the same there.
"""

from __future__ import annotations

import os
from typing import Any

import numpy as np
from numpy.typing import NDArray

from capforge_transforms import DEFAULT_LIMITS, VERSION, Placement, transforms

os.environ["ORT_DISABLE_TELEMETRY"] = "1"

INPUT = "image"
OUTPUTS = ("boxes", "scores", "classes", "count")
_TRANSFORMS = transforms(VERSION)
_PIXEL_DECIMALS = 2
_CONFIDENCE_DECIMALS = 4

Size = tuple[int, int]
"""Of the model's input: width and height in pixels."""
Found = list[list[float]]
"""Of one image: [x0, y0, x1, y1, score, class] in pixels of the image, most confident first."""


def session(model: str, threads: int) -> Any:
    """Open the model; `threads` 0 leaves it to ONNX Runtime. Raises ONNX Runtime's own errors."""
    import onnxruntime  # noqa: PLC0415 - a transformer has no model and needs no runtime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    # As in our Triton's back end: on a machine shared by client and servers, spinning threads take from the others.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])


def size_of(text: str) -> Size:
    """Read `320x256`; raises ValueError."""
    width, height = map(int, text.split("x"))
    return width, height


def text_of(size: Size) -> str:
    """Return `320x256`."""
    return f"{size[0]}x{size[1]}"


def canvas_of(jpeg: bytes, size: Size) -> tuple[NDArray[np.uint8], Placement]:
    """Return the model's input [1, height, width, 3] and where the picture lies on it; raises ImageError."""
    canvas, placement = _TRANSFORMS.canvas(jpeg, DEFAULT_LIMITS, *size)
    return canvas[None], placement


def found_in(tensors: dict[str, NDArray[Any]], placement: Placement, limit: int) -> Found:
    """Return the `limit` most confident of the model's outputs for one image (boxes [1,K,4], scores, classes [1,K])."""
    count = min(limit, int(tensors["count"].reshape(-1)[0]))
    order = np.argsort(-tensors["scores"][0], kind="stable")[:count]
    boxes = _TRANSFORMS.boxes_to_image(tensors["boxes"][0, order], placement).astype(np.float64).round(_PIXEL_DECIMALS)
    scores = tensors["scores"][0, order].astype(np.float64).round(_CONFIDENCE_DECIMALS)
    classes = tensors["classes"][0, order].astype(np.float64)
    return np.column_stack([boxes, scores, classes]).tolist()  # type: ignore[no-any-return]  # numpy types it Any


def predicted(model: Any, jpeg: bytes, size: Size, limit: int) -> Found:
    """Decode, run, read: the whole work of a server that has the model in its own process."""
    canvas, placement = canvas_of(jpeg, size)
    return found_in(dict(zip(OUTPUTS, model.run(OUTPUTS, {INPUT: canvas}), strict=True)), placement, limit)
