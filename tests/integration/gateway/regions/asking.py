"""Pictures with coloured regions, and ways to ask about them."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from typing import Any

import httpx
import numpy as np
from PIL import Image, ImageDraw

from tests.integration.gateway.images import encoded
from tests.integration.gateway.process import GatewayProcess

Json = dict[str, Any]
WIDTH, HEIGHT = 640, 480
RED_BOX, GREEN_BOX, BLUE_BOX = [20, 30, 80, 90], [100, 200, 180, 260], [500, 400, 600, 470]


def coloured(file_format: str = "PNG", **options: Any) -> bytes:
    """Grey, with a red, a green and a blue rectangle."""
    image = Image.new("RGB", (WIDTH, HEIGHT), (40, 40, 40))
    draw = ImageDraw.Draw(image)
    for box, colour in ((RED_BOX, "red"), (GREEN_BOX, "lime"), (BLUE_BOX, "blue")):
        x0, y0, x1, y1 = box
        draw.rectangle((x0, y0, x1 - 1, y1 - 1), fill=colour)
    return encoded(image, file_format, **options)


def bright(colour: tuple[int, int, int] = (255, 220, 220), box: Sequence[int] = (160, 120, 320, 240)) -> bytes:
    """Dark, with one rectangle that the detector sees."""
    pixels = np.full((HEIGHT, WIDTH, 3), 40, np.uint8)
    x0, y0, x1, y1 = box
    pixels[y0:y1, x0:x1] = colour
    return encoded(Image.fromarray(pixels))


def ask(
    gateway: GatewayProcess, name: str, image: bytes, entities: Any = None, asked: str = "v1", **query: Any
) -> httpx.Response:
    """Send a form."""
    files: Json = {"image": ("a.png", image)}
    if entities is not None:
        files["entities"] = (None, entities if isinstance(entities, str) else json.dumps(entities), "application/json")
    return gateway.http.post(
        gateway.predict_url(asked, name), files=files, headers=gateway.authorization(), params=query
    )


def ask_json(gateway: GatewayProcess, name: str, body: Any, asked: str = "v1") -> httpx.Response:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    headers = {**gateway.authorization(), "Content-Type": "application/json"}
    return gateway.http.post(gateway.predict_url(asked, name), content=content, headers=headers)


def text_of(image: bytes) -> str:
    return base64.b64encode(image).decode()


def entities_of(answer: httpx.Response) -> list[Json]:
    assert answer.status_code == 200, answer.text
    found: list[Json] = answer.json()["document"]["inference"]["prediction"]["entities"]
    return found


def said(entity: Json) -> list[tuple[str, str | None]]:
    """Return (value, element) of each observation."""
    return [(one["value"], one.get("provenance", {}).get("element")) for one in entity["observations"]]


def boxes(*given: Sequence[float]) -> list[Json]:
    return [{"box": list(one)} for one in given]
