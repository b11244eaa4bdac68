"""Predictions over HTTP, as any client would ask for them."""

from __future__ import annotations

import mimetypes
import time
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any

import httpx

from capforge_demo.boxes import Found
from capforge_tools.errors import ToolError

_TIMEOUT_SECONDS = 60.0
_PATIENCE_SECONDS = 60.0
_PAUSE_SECONDS = 1.0
_ANSWERED = {HTTPStatus.OK, HTTPStatus.CREATED}
_WORTH_ANOTHER_TRY = {
    HTTPStatus.UNAUTHORIZED,
    HTTPStatus.CONFLICT,
    HTTPStatus.SERVICE_UNAVAILABLE,
    HTTPStatus.NOT_FOUND,
}
"""Just after the start: a fresh key or route is on its way to the gateways."""


@dataclass(frozen=True)
class Answer:
    """One prediction."""

    objects: tuple[Found, ...]
    version: str
    run: str
    run_digest: str
    seconds: float

    @classmethod
    def parse(cls, document: dict[str, Any], seconds: float) -> Answer:
        """Read the gateway's document."""
        inference = document["document"]["inference"]
        model = inference["model"]
        objects = [_object(entity) for entity in inference["prediction"]["entities"]]
        return cls(tuple(objects), model["version"], model["run"], model["run_digest"], seconds)


@dataclass(frozen=True)
class Predictor:
    """One capability behind one gateway."""

    base: str
    """`http://<gateway>/v1/products/<namespace>/<capability>`."""
    key: str

    def predict(self, image: Path, version: str = "v1") -> Answer:
        """Send the image; waits a little while the newest version is on its way; raises ToolError with the answer."""
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while True:
            started = time.monotonic()
            reply = self.ask(image, version)
            if reply.status_code in _ANSWERED:
                return Answer.parse(reply.json(), time.monotonic() - started)
            if reply.status_code not in _WORTH_ANOTHER_TRY or time.monotonic() > deadline:
                raise ToolError(f"{reply.request.url} answered {reply.status_code}: {reply.text[:500]}")
            time.sleep(_PAUSE_SECONDS)

    def ask(self, image: Path, version: str = "v1") -> httpx.Response:
        """Send the image once and return whatever comes."""
        kind = mimetypes.guess_type(image.name)[0] or "application/octet-stream"
        headers = {"Authorization": f"Token {self.key}", "Content-Type": kind}
        # A proxy of this machine does not lead into the cluster.
        with httpx.Client(trust_env=False, timeout=_TIMEOUT_SECONDS) as client:
            return client.post(f"{self.base}/{version}/predict", content=image.read_bytes(), headers=headers)


def _object(entity: dict[str, Any]) -> Found:
    observed = entity["observations"][0]
    x0, y0, x1, y1 = entity["location"]["box"]
    return Found(observed["value"], (x0, y0, x1, y1), observed["confidence"])
