"""Predictions over HTTP, by the same code as `capforge predict`."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

from capforge.draw import Detection
from capforge.errors import CliError
from capforge.predict import Question, ask, detections
from capforge_tools.errors import ToolError

_PATIENCE_SECONDS = 60.0
_PAUSE_SECONDS = 1.0


@dataclass(frozen=True)
class Answer:
    """One prediction."""

    objects: tuple[Detection, ...]
    version: str
    run: str
    seconds: float
    """From the request's first byte to the answer's last."""


@dataclass(frozen=True)
class Predictor:
    """One capability behind one gateway."""

    gateway: str
    namespace: str
    capability: str
    key: str

    @property
    def url(self) -> str:
        """Where the newest version answers."""
        return f"{self.gateway}{Question(self.namespace, self.capability, '1', Path()).path}"

    def predict(self, image: Path) -> Answer:
        """Ask the newest version; raises ToolError with the gateway's words.

        For a minute anything else is asked again: a fresh key or route is on its way to the gateways.
        """
        question = Question(self.namespace, self.capability, "1", image)
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while True:
            started = time.monotonic()
            try:
                document = ask(self.gateway, self.key, question)
            except CliError as error:
                if time.monotonic() > deadline:
                    raise ToolError(f"{self.url}: {error} {error.hint}".rstrip()) from error
                time.sleep(_PAUSE_SECONDS)
                continue
            model = document["document"]["inference"]["model"]
            found = tuple(detections(document))
            return Answer(found, model["version"], model["run"], time.monotonic() - started)
