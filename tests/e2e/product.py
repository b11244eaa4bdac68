"""A capability with a tiny model: what several stories start from."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from tests.e2e import manifests
from tests.e2e.cells import Cells, small
from tests.support.e2e import Json, Tenant
from tests.support.eventually import eventually

NAME = "cells"
ROLES = ("train", "dev")
SECONDS = 240.0
"""Patience for what takes 30 s on a quiet machine."""
_TRAIN_IMAGES, _DEV_IMAGES = 12, 4
_OK = 200


@dataclass(frozen=True)
class Product:
    """The capability `cells` of a tenant, its data and its clients."""

    tenant: Tenant
    cells: Cells

    @property
    def image(self) -> bytes:
        """A picture to send."""
        return self.cells.dev_image.read_bytes()

    def declare(self) -> None:
        """Send the data, apply capability and datasets."""
        address = self.tenant.push(self.cells.folder, "cells")
        datasets = (manifests.dataset(f"cells-{role}", f"{address}/{role}.json") for role in ROLES)
        self.tenant.apply(manifests.capability(NAME), *datasets)

    def digests(self) -> dict[str, str]:
        """Wait until both datasets are locked; return their digests by role."""
        return {
            role: str(self.tenant.until("dataset", f"cells-{role}", "Ready", "Locked", SECONDS)["status"]["digest"])
            for role in ROLES
        }

    def train(self, name: str, seed: int = 0) -> str:
        """Train a tiny model and wait until it answers; return its version (`1.1`)."""
        self.tenant.apply(manifests.tiny_run(name, seed))
        return self.served(name)

    def served(self, name: str) -> str:
        """Wait until a run's model is what answers; return its version."""
        self.tenant.until("trainingrun", name, "Succeeded", "Completed", SECONDS)
        published = self.tenant.until("trainingrun", name, "Published", "Published", SECONDS)
        version = str(published["status"]["version"])
        eventually(lambda: self.version() == version, SECONDS, 0.5)
        return version

    def predict(self, key: str | None = None) -> httpx.Response:
        """Send the picture, with the tenant's key unless another one is given."""
        headers = {} if key is None else {"Authorization": f"Token {key}"}
        return self.tenant.post(NAME, self.image, **headers)

    def answer(self) -> Json:
        """Return what the model says about the picture, without what differs between two requests."""
        reply = self.predict()
        assert reply.status_code == _OK, reply.text
        inference: dict[str, Any] = reply.json()["document"]["inference"]
        entities = [{**one, "id": None} for one in inference["prediction"]["entities"]]
        return {"model": inference["model"], "entities": entities}

    def version(self) -> str:
        """Return the version that answers."""
        return str(self.answer()["model"]["version"])


def tiny_cells(folder: Path) -> Cells:
    """Write a data set that a snapshot takes seconds for."""
    return small(folder, _TRAIN_IMAGES, _DEV_IMAGES)
