"""One finished run that many tests look at."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from capforge_contracts import layout
from capforge_contracts.memory import MemoryObjectStore
from capforge_contracts.run import ModelCard, Progress, RunDatasets, RunSpec
from capforge_trainer.run import run
from capforge_trainer.stopping import Stopping
from capforge_trainer.surroundings import Surroundings
from tests.unit.trainer.world import TINY, put_dataset, put_item, put_run

os.environ["ORT_DISABLE_TELEMETRY"] = "1"


class RecordingStore(MemoryObjectStore):
    """Remembers in which order keys were written."""

    def __init__(self) -> None:
        super().__init__()
        self.written: list[str] = []

    def put(self, key: str, data: bytes) -> None:
        self.written.append(key)
        super().put(key, data)


@dataclass
class Trained:
    """A run on eight images that dev and test show again as other files."""

    store: RecordingStore
    spec: RunSpec
    attempt: int = 0
    heard: list[Progress] = field(default_factory=list)

    def file(self, name: str) -> bytes:
        return self.store.get(layout.attempt_file(self.spec.namespace, self.spec.digest, self.attempt, name))

    @property
    def card(self) -> ModelCard:
        return ModelCard.from_json(self.file(layout.CARD))


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Trained:
    store = RecordingStore()
    items = [put_item(store, seed) for seed in range(7)] + [put_item(store, 7, classes=("disc", "star"))]
    datasets = RunDatasets(
        train=[put_dataset(store, "train", items)],
        dev=[put_dataset(store, "dev", [put_item(store, seed, compression=2) for seed in range(8)])],
        test=[put_dataset(store, "test", [put_item(store, s, compression=3, classes=("disc",)) for s in range(3)])],
    )
    world = Trained(store, put_run(store, datasets, TINY))
    cache: Path = tmp_path_factory.mktemp("blobs")
    world.attempt = run(world.spec, Surroundings(store, Stopping(), cache, listener=world.heard.append))
    return world
