"""A gateway that keeps images, and how a test asks it."""

from __future__ import annotations

import io
from dataclasses import dataclass, field
from typing import Any

import httpx
import numpy as np
from PIL import Image

from tests.integration.gateway.process import NAMESPACE, GatewayProcess

Json = dict[str, Any]
WIDTH, HEIGHT = 64, 48


def picture(number: int = 0, size: tuple[int, int] = (WIDTH, HEIGHT), kind: str = "PNG", **options: Any) -> bytes:
    """An image of this (width, height); every number makes other bytes."""
    pixels = np.full((size[1], size[0], 3), 30, np.uint8)
    pixels[0, 0] = [number % 256, number // 256 % 256, number // 65536]
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, kind, **options)
    return file.getvalue()


def boxed(name: str = "cat", box: tuple[float, ...] = (1, 2, 30, 40), **more: Any) -> Json:
    """An entity in the short form."""
    return {"box": list(box), "class": name, **more}


@dataclass
class VisionGateway:
    """One gateway and a person with a key."""

    process: GatewayProcess
    environment: dict[str, str] = field(default_factory=dict)
    namespace: str = NAMESPACE

    def call(self, method: str, path: str, *, key: str | None = None, **more: Any) -> httpx.Response:
        """Ask below `/v1/vision/{namespace}/`."""
        headers = {"Authorization": f"Token {key or self.process.key}", **more.pop("headers", {})}
        url = f"{self.process.url}/v1/vision/{self.namespace}/{path}"
        return self.process.http.request(method, url, headers=headers, **more)

    def upload(self, data: bytes, **told: Any) -> httpx.Response:
        """Send an image as a form."""
        return self.call("POST", "files", files={"image": ("a.png", data)}, data=told)

    def kept(self, data: bytes | None = None, **told: Any) -> Json:
        answer = self.upload(picture() if data is None else data, **told)
        assert answer.status_code in {200, 201}, answer.text
        file: Json = answer.json()["file"]
        return file

    def submit(self, file: str, entities: list[Json], **more: Any) -> httpx.Response:
        user = more.pop("user", None)
        headers = {"X-Annotator": user} if user else {}
        return self.call("POST", f"files/{file}/submissions", json={"entities": entities, **more}, headers=headers)

    def submitted(self, file: str, entities: list[Json], **more: Any) -> Json:
        answer = self.submit(file, entities, **more)
        assert answer.status_code in {200, 201}, answer.text
        submission: Json = answer.json()["submission"]
        return submission

    def found(self, *searches: Json, **more: Any) -> Json:
        answer = self.call("POST", "search", json={"searches": list(searches) or [{}], **more})
        assert answer.status_code == 200, answer.text
        found: Json = answer.json()
        return found
