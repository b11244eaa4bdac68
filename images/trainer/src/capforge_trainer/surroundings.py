"""What a run is given besides its specification."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from capforge_contracts.run import Parity
from capforge_contracts.store import ObjectStore
from capforge_trainer.fit.watch import Listener
from capforge_trainer.patience import PATIENCE_SECONDS
from capforge_trainer.stopping import Stopping


@dataclass(frozen=True)
class Artefact:
    """A model that answers as the trained network does."""

    model: bytes
    golden: bytes
    parity: Parity


@dataclass(frozen=True)
class Surroundings:
    """Where a run reads and writes, who may stop it, who hears of it."""

    store: ObjectStore
    stopping: Stopping
    cache: Path
    """A local folder for image bytes."""
    listener: Listener = field(default=lambda _: None)
    exporter: Callable[..., Artefact] | None = None
    """In place of the template's own export, with the same arguments: how a damaged graph is brought in."""
    clock: Callable[[], float] = time.monotonic
    """Seconds; what the time budget is measured with."""
    patience_seconds: float = PATIENCE_SECONDS
    """How long a store that is away is waited for, at each call that the run cannot do without."""


def default_cache() -> Path:
    """Return the local folder for image bytes: `CAPFORGE_CACHE`, else one that is the user's own."""
    chosen = os.environ.get("CAPFORGE_CACHE")
    return Path(chosen) if chosen else Path.home() / ".cache" / "capforge" / "blobs"
