"""What a client gets is what the model says about the same file outside the gateway: no pixel, box or score is lost."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import onnxruntime
import pytest
from PIL import Image

from benchmarks.detector_model import small_detector
from capforge_transforms import DEFAULT_LIMITS, VERSIONS, transforms
from tests.integration.gateway.conftest import BATCHED, StartGateway
from tests.integration.gateway.images import encoded
from tests.integration.gateway.process import capability, opened, version
from tests.support.triton import Triton

SIZE = 160
THRESHOLD = 0.3
ORIENTATION_TAG = 0x0112


def picture(width: int, height: int) -> Image.Image:
    """A smooth picture: what a codec keeps well and a detector can tell places apart in."""
    coarse = np.random.default_rng(width).integers(0, 256, (6, 6, 3), np.uint8)
    return Image.fromarray(coarse).resize((width, height), Image.Resampling.BICUBIC)


def turned(image: Image.Image, orientation: int) -> bytes:
    exif = Image.Exif()
    exif[ORIENTATION_TAG] = orientation
    return encoded(image, "JPEG", exif=exif)


def deep(image: Image.Image) -> bytes:
    grey = np.asarray(image.convert("L")).astype(np.uint16) * 257
    file = io.BytesIO()
    Image.fromarray(grey).save(file, "PNG")
    return file.getvalue()


FILES = {
    "small jpeg": encoded(picture(120, 90), "JPEG"),
    "large landscape jpeg": encoded(picture(1600, 900), "JPEG"),
    "large portrait jpeg": encoded(picture(700, 1500), "JPEG"),
    "turned jpeg": turned(picture(400, 300), 6),
    "mirrored jpeg": turned(picture(400, 300), 5),
    "progressive jpeg": encoded(picture(400, 300), "JPEG", progressive=True),
    "grey jpeg": encoded(picture(400, 300).convert("L"), "JPEG"),
    "cmyk jpeg": encoded(picture(400, 300).convert("CMYK"), "JPEG"),
    "png": encoded(picture(333, 222)),
    "transparent png": encoded(picture(333, 222).convert("RGBA").rotate(20)),
    "palette png": encoded(picture(333, 222).convert("P")),
    "16-bit png": deep(picture(333, 222)),
    "webp": encoded(picture(333, 222), "WEBP"),
    "one pixel": encoded(picture(1, 1)),
    "thin": encoded(picture(1000, 2)),
}


def expected(model: onnxruntime.InferenceSession, data: bytes, transforms_version: str) -> tuple[Any, Any]:
    """Run the model here as the trainer's evaluation does; return boxes and scores over the threshold."""
    known = transforms(transforms_version)
    canvas, placement = known.canvas(data, DEFAULT_LIMITS, SIZE, SIZE)
    boxes, scores, _, count = model.run(["boxes", "scores", "classes", "count"], {"image": canvas[None]})
    rows = scores[0, : count[0, 0]] >= np.float32(THRESHOLD)
    return known.boxes_to_image(boxes[0][: count[0, 0]][rows], placement), scores[0, : count[0, 0]][rows]


@pytest.mark.parametrize("transforms_version", sorted(VERSIONS))
def test_every_kind_of_file_gives_the_models_own_answer(
    start_gateway: StartGateway, models: Triton, transforms_version: str
) -> None:
    graph = small_detector(SIZE)
    model = f"cells--{transforms_version:0>12}3"
    models.serve(model, graph, BATCHED)
    session = onnxruntime.InferenceSession(graph, providers=["CPUExecutionProvider"])
    routed = version(
        "1.1",
        model,
        [models.address],
        (SIZE, SIZE),
        thresholds={"red": THRESHOLD, "white": 0.0},
        transforms_version=transforms_version,
    )
    gateway = opened(start_gateway(), capability([routed], "1.1"))
    for name, data in FILES.items():
        answer = gateway.predict(data, media="application/octet-stream")
        assert answer.status_code == 200, (name, answer.text)
        entities = answer.json()["document"]["inference"]["prediction"]["entities"]
        boxes, scores = expected(session, data, transforms_version)
        found_boxes = [entity["location"]["box"] for entity in entities]
        found_scores = [entity["observations"][0]["confidence"] for entity in entities]
        assert len(entities) > 0, name
        assert found_scores == pytest.approx(scores.tolist(), abs=1e-3), name
        assert np.array(found_boxes) == pytest.approx(boxes, abs=0.02), name
